"""Read a CSV or XLSX file into rows of text, each with its row number in the file.

Nothing is understood here but the file itself: size, encoding, separators, cells. Every fault
found is returned, and a file that cannot be read safely is not read at all.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from data.faults import FaultLog

_UTF8_SIGNS: Final = re.compile(
    rb"\xc2[\xa0-\xbf]|\xc3[\x80-\xbf]|\xe2\x80[\x80-\xbf]|\xe2\x82\xac"
)
"""Accented letters, curly quotes, dashes, pound and euro in UTF-8: as Windows text, nonsense."""

_UTF8_LEADS: Final = (b"\xc2", b"\xc3", b"\xe2")
_SEPARATORS: Final = (",", "\t", ";", "|")
_OLD_EXCEL: Final = b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True, slots=True)
class FileLimits:
    """The largest files that are read; beyond them the file is refused before it is parsed."""

    csv_bytes: int = 50_000_000
    xlsx_bytes: int = 10_000_000
    xlsx_unpacked_bytes: int = 100_000_000
    xlsx_ratio: float = 100.0
    xlsx_members: int = 200
    rows: int = 200_000
    columns: int = 300
    sheet_cells: int = 5_000_000


@dataclass(frozen=True, slots=True)
class RawTable:
    """Rows of text with their row numbers; blank rows and rows of remarks (`# ...`) left out.

    `ends_in_mid_row` says that a CSV file stops without an end of line, so that its last row may
    be cut short.
    """

    file: str
    rows: tuple[tuple[int, list[str]], ...]
    ends_in_mid_row: bool = False


def read_table(path: Path, log: FaultLog, limits: FileLimits) -> RawTable | None:
    """Read a CSV or XLSX file, told apart by its content and not by its name.

    Faults go to `log`; the answer is None where nothing can be read.
    """
    if not path.is_file():
        log.add(None, "", "no-file", "There is no such file.", "Choose the file again.")
        return None
    size = path.stat().st_size
    with path.open("rb") as stream:
        start = stream.read(8)
    if size == 0:
        _add_empty_fault(log)
        return None
    if start.startswith(b"PK"):
        from data.readers.xlsx import read_xlsx

        return read_xlsx(path, log, limits)
    if start.startswith(_OLD_EXCEL):
        log.add(
            None,
            "",
            "old-or-locked-excel",
            "This is an Excel file of the old kind (.xls) or one with a password.",
            "Save it without a password as Excel workbook (.xlsx) or as CSV UTF-8.",
        )
        return None
    if size > limits.csv_bytes:
        log.add(
            None,
            "",
            "file-too-large",
            f"The file has {size / 1e6:,.0f} MB; at most {limits.csv_bytes / 1e6:,.0f} are read.",
            "Leave out columns and rows that are not needed, or split the file.",
        )
        return None
    text = _decode(path.read_bytes(), log)
    return None if text is None else _split(text, log, limits)


def keep_row(cells: list[str]) -> bool:
    """Whether a row holds anything: it is neither blank nor a remark."""
    return any(cells) and not cells[0].startswith("# ")


def _decode(content: bytes, log: FaultLog) -> str | None:
    """Return the text of UTF-8 or, failing that, of Windows (cp1252) bytes."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in content:
        where = content.find(b"\0")
        row = None if where < 0 else content.count(b"\n", 0, where) + 1
        _add_encoding_fault(log, row, "The file is not plain text in UTF-8 or Windows encoding")
        return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        first_bad = fault.start
        is_cut_short = fault.reason == "unexpected end of data" and (
            content[first_bad:].startswith(_UTF8_LEADS)
        )
    row = content.count(b"\n", 0, first_bad) + 1
    if is_cut_short:
        log.add(
            row,
            "",
            "truncated-file",
            "The file ends in the middle of a character.",
            "Export it again: it was cut short on its way.",
        )
        return None
    if content.startswith(b"\xef\xbb\xbf") or _UTF8_SIGNS.search(content):
        _add_encoding_fault(log, row, "The file mixes UTF-8 and Windows encoding")
        return None
    try:
        return content.decode("cp1252")
    except UnicodeDecodeError as fault:
        row = content.count(b"\n", 0, fault.start) + 1
        _add_encoding_fault(log, row, "A character is in neither UTF-8 nor Windows encoding")
        return None


def _add_encoding_fault(log: FaultLog, row: int | None, text: str) -> None:
    log.add(row, "", "wrong-encoding", f"{text}.", "Save it as CSV UTF-8 and hand it in again.")


def _find_separator(text: str) -> str:
    """Return the separator that the first line that is not blank has most of."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    return max(_SEPARATORS, key=first.count)


def _split(text: str, log: FaultLog, limits: FileLimits) -> RawTable | None:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_find_separator(text), strict=True)
    rows: list[tuple[int, list[str]]] = []
    number = 0
    try:
        for number, raw in enumerate(reader, start=1):
            cells = [cell.strip().replace("\xa0", " ").strip() for cell in raw]
            if len(cells) > limits.columns or len(rows) > limits.rows:
                _add_size_fault(log, number, limits)
                return None
            if keep_row(cells):
                rows.append((number, cells))
    except csv.Error as fault:
        _add_csv_fault(log, number + 1, str(fault))
        return None
    if not rows:
        _add_empty_fault(log)
        return None
    return RawTable(log.file, tuple(rows), ends_in_mid_row=not text.endswith(("\n", "\r")))


def _add_empty_fault(log: FaultLog) -> None:
    log.add(None, "", "empty-file", "The file is empty.", "Export it again and hand it in.")


def _add_size_fault(log: FaultLog, row: int, limits: FileLimits) -> None:
    log.add(
        row,
        "",
        "file-too-large",
        f"The file has more than {limits.rows:,} rows or {limits.columns} columns.",
        "Leave out columns and rows that are not needed, or split the file.",
    )


def _add_csv_fault(log: FaultLog, row: int, reason: str) -> None:
    if "unexpected end" in reason:
        log.add(
            row,
            "",
            "truncated-file",
            "The file ends inside a quoted cell.",
            "Export it again: it was cut short, or a quotation mark is not closed.",
        )
    elif "field larger" in reason:
        log.add(
            row,
            "",
            "cell-too-long",
            "A cell has more than 131,072 characters.",
            "Look for a quotation mark that is not closed, or empty the cell.",
        )
    else:
        log.add(
            row,
            "",
            "not-csv",
            "The row is not written as CSV: its quotation marks do not match.",
            "Export the file again as CSV, or hand it in as XLSX.",
        )
