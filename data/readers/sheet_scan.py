"""Measure the XML of a workbook without building it: extent, text and formulas of each sheet."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

_CELL_NAME: Final = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_CHUNK_BYTES: Final = 1 << 16


class UnsafeXmlError(Exception):
    """The XML is broken or declares entities, which a workbook never needs."""


@dataclass(slots=True)
class SheetScan:
    """What a sheet holds: last row and column used (1-based), characters, formula cells."""

    last_row: int = 0
    last_column: int = 0
    text_characters: int = 0
    formula_count: int = 0
    formulas: list[tuple[int, str]] = field(default_factory=list)
    """Row and name (`C5`) of the first formula cells."""
    errors: list[tuple[int, str]] = field(default_factory=list)
    """The same of the first cells that hold an error value such as #N/A."""


def measure_strings(content: bytes) -> list[int]:
    """Return the length of each shared string of a workbook, characters."""
    lengths: list[int] = []

    def start(tag: str, _: dict[str, str]) -> None:
        if _local(tag) == "si":
            lengths.append(0)

    def text(data: str) -> None:
        if lengths:
            lengths[-1] += len(data)

    if content:
        parser = _build_parser()
        parser.StartElementHandler = start
        parser.CharacterDataHandler = text
        _feed(parser, content)
    return lengths


def check_xml(content: bytes) -> None:
    """Read XML through without keeping anything; raises `UnsafeXmlError` as the others do."""
    _feed(_build_parser(), content)


def scan_sheet(content: bytes, strings: Sequence[int], *, most_listed: int) -> SheetScan:
    """Scan one sheet.

    Parameters
    ----------
    content
        The sheet's XML.
    strings
        Length of each shared string, characters.
    most_listed
        How many cells of a sort are listed; further formulas are counted.

    Raises
    ------
    UnsafeXmlError
        If the XML is broken or declares entities.
    """
    handler = _SheetHandler(strings, most_listed)
    parser = _build_parser()
    parser.StartElementHandler = handler.start
    parser.EndElementHandler = handler.end
    parser.CharacterDataHandler = handler.text
    _feed(parser, content)
    return handler.scan


def find_sheet_part(parts: dict[str, bytes], sheet: str) -> str:
    """Return the file name of a sheet's part (`sheet1.xml`), empty where it is not stated."""
    relations: dict[str, str] = {}
    ids: dict[str, str] = {}

    def start_relation(tag: str, attributes: dict[str, str]) -> None:
        if _local(tag) == "Relationship":
            relations[attributes.get("Id", "")] = attributes.get("Target", "")

    def start_sheet(tag: str, attributes: dict[str, str]) -> None:
        if _local(tag) == "sheet":
            identity = next((v for k, v in attributes.items() if k.endswith(":id")), "")
            ids[attributes.get("name", "")] = identity

    for part, start in (
        ("xl/_rels/workbook.xml.rels", start_relation),
        ("xl/workbook.xml", start_sheet),
    ):
        parser = _build_parser()
        parser.StartElementHandler = start
        _feed(parser, parts.get(part, b"<none/>"))
    return relations.get(ids.get(sheet, ""), "").rsplit("/", 1)[-1].lower()


class _SheetHandler:
    """Follows the elements row, c, f and v of a sheet."""

    def __init__(self, strings: Sequence[int], most_listed: int) -> None:
        self.scan = SheetScan()
        self._strings = strings
        self._most_listed = most_listed
        self._row = 0
        self._column = 0
        self._is_shared = False
        self._value: list[str] | None = None

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take up an element."""
        name = _local(tag)
        if name == "c":
            self._start_cell(attributes)
        elif name == "v":
            self._value = []
        elif name == "row":
            given = attributes.get("r", "")
            self._row = int(given) if given.isdigit() else self._row + 1
            self._column = 0
            self.scan.last_row = max(self.scan.last_row, self._row)
        elif name == "f":
            self.scan.formula_count += 1
            if len(self.scan.formulas) < self._most_listed:
                cell = f"{column_letters(self._column)}{self._row}"
                self.scan.formulas.append((self._row, cell))

    def end(self, tag: str) -> None:
        """Close an element; a shared string's length counts in each cell that shows it."""
        if self._value is None or _local(tag) != "v":
            return
        shown = "".join(self._value)
        self._value = None
        if self._is_shared and shown.isdigit() and int(shown) < len(self._strings):
            self.scan.text_characters += self._strings[int(shown)]

    def text(self, data: str) -> None:
        """Take up characters."""
        self.scan.text_characters += len(data)
        if self._value is not None and self._is_shared:
            self._value.append(data)

    def _start_cell(self, attributes: dict[str, str]) -> None:
        match = _CELL_NAME.fullmatch(attributes.get("r", ""))
        if match:
            self._row = int(match.group(2))
            self._column = _number(match.group(1))
        else:
            self._column += 1
        self._is_shared = attributes.get("t") == "s"
        if attributes.get("t") == "e" and len(self.scan.errors) < self._most_listed:
            self.scan.errors.append((self._row, f"{column_letters(self._column)}{self._row}"))
        self.scan.last_row = max(self.scan.last_row, self._row)
        self.scan.last_column = max(self.scan.last_column, self._column)


def _build_parser() -> expat.XMLParserType:
    parser = expat.ParserCreate(encoding="UTF-8")  # whatever the XML declares
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    return parser


def _refuse_doctype(*_: object) -> None:
    raise UnsafeXmlError("The workbook's XML declares entities, which could fill the memory.")


def _feed(parser: expat.XMLParserType, content: bytes) -> None:
    try:
        for start in range(0, len(content), _CHUNK_BYTES):
            parser.Parse(content[start : start + _CHUNK_BYTES], False)
        parser.Parse(b"", True)
    except expat.ExpatError as fault:
        raise UnsafeXmlError("The workbook's XML is broken.") from fault


def _local(tag: str) -> str:
    return tag.rsplit(":", 1)[-1]


def _number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def column_letters(number: int) -> str:
    """Return the letters of a column (1 = A, 27 = AA)."""
    letters = ""
    while number > 0:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
