"""From rows of text to typed records of one kind of file, with every fault of every cell."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from data.faults import FaultLog
from data.readers.cell_times import CellError
from data.readers.cells import parse_cell
from data.readers.columns import Column, FileKind, normalise_header
from data.readers.sheet_scan import column_letters
from data.readers.tables import FileLimits, RawTable, read_table
from solver.domain import Source

EXAMPLE_MARK: Final = "EXAMPLE"
"""A row with a cell that begins so is the template's example, and skipped with a warning."""

_HEADER_SEARCH_ROWS: Final = 10
_FORMULA_START: Final = ("=", "+", "-", "@")
_PLAIN_NUMBER: Final = re.compile(r"[+-]?\s?£?\s?[0-9.,]+%?")
_WEEKDAY_MARKS: Final = re.compile(r"[-._MTWFmtwf ]{1,9}")
_EXCEL_ERROR: Final = re.compile(r"#(N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|SPILL!|CALC!)")


@dataclass(slots=True)
class Record:
    """One row: typed values by column name, None where the cell is empty or faulty."""

    file: str
    row: int
    values: dict[str, Any]
    faulty: set[str] = field(default_factory=set)

    def __getitem__(self, column: str) -> Any:
        return self.values.get(column)

    def get(self, column: str, default: Any) -> Any:
        """Return the value, or `default` where the cell is empty or the column absent."""
        value = self.values.get(column)
        return default if value is None else value

    @property
    def source(self) -> Source:
        """The file and row that this record is from."""
        return Source(self.file, self.row)


@dataclass(slots=True)
class RecordSet:
    """All records of one file, with the log that further checks add to."""

    kind: FileKind
    log: FaultLog
    records: list[Record] = field(default_factory=list)

    @property
    def file(self) -> str:
        """Base name of the file."""
        return self.log.file


def read_records(
    kind: FileKind, path: Path, *, label: str = "", limits: FileLimits | None = None
) -> RecordSet:
    """Read a council's file of `kind`; every fault found is in the answer's log.

    Parameters
    ----------
    kind
        Description of the file's columns.
    path
        The CSV or XLSX file.
    label
        Name of the file in faults; its base name unless given.
    limits
        Largest file that is read.
    """
    record_set = RecordSet(kind, FaultLog(label or path.name))
    table = read_table(path, record_set.log, limits or FileLimits())
    if table is None:
        return record_set
    start, places = _find_header(kind, table)
    if not _check_header(kind, table, start, places, record_set.log):
        return record_set
    width = len(_trimmed(table.rows[start][1]))
    for number, cells in table.rows[start + 1 :]:
        is_last = number == table.rows[-1][0]
        if not _check_shape(
            number, cells, width, is_last and table.ends_in_mid_row, record_set.log
        ):
            continue
        if any(cell.startswith(EXAMPLE_MARK) for cell in cells):
            _warn_of_example(number, record_set.log)
            continue
        record_set.records.append(_read_row(number, cells, places, record_set.log))
    if not record_set.records:
        record_set.log.add(
            None,
            "",
            "no-rows",
            "The file has a header but no rows.",
            f"Fill in at least one row of: {kind.title.lower()}.",
            severity="error" if kind.is_needed else "warning",
        )
    return record_set


def _match_header(kind: FileKind, cells: list[str]) -> list[tuple[int, Column]]:
    """Return which cell is which column.

    Of several names of one column the canonical one counts, else the synonym that stands first
    in the description; a name that is there twice counts twice, to be reported.
    """
    keys = [normalise_header(cell) for cell in cells]
    taken: set[str] = {normalise_header(column.name) for column in kind.columns} & set(keys)
    places = []
    for column in kind.columns:
        names = [normalise_header(name) for name in (column.name, *column.synonyms)]
        chosen = next((n for n in names if n in keys and (n == names[0] or n not in taken)), None)
        if chosen is not None:
            taken.add(chosen)
            places += [(place, column) for place, key in enumerate(keys) if key == chosen]
    return places


def _find_header(kind: FileKind, table: RawTable) -> tuple[int, list[tuple[int, Column]]]:
    """Return the header's index among the rows: the first that names every needed column."""
    needed = {column.name for column in kind.columns if column.is_needed}
    for index, (_, cells) in enumerate(table.rows[:_HEADER_SEARCH_ROWS]):
        places = _match_header(kind, cells)
        if needed <= {column.name for _, column in places}:
            return index, places
    return 0, _match_header(kind, table.rows[0][1])


def _check_header(
    kind: FileKind, table: RawTable, start: int, places: list[tuple[int, Column]], log: FaultLog
) -> bool:
    """Report missing, repeated and unknown columns; whether the rows can be read at all."""
    row, cells = table.rows[start]
    counts = Counter(column.name for _, column in places)
    missing = [c for c in kind.columns if c.is_needed and c.name not in counts]
    for column in missing:
        log.add(
            row,
            column.name,
            "missing-column",
            f"The column {column.name} is missing.",
            f"Add it: {column.meaning} The template has every column.",
        )
    for name, count in counts.items():
        if count > 1:
            log.add(
                row,
                name,
                "duplicate-column",
                f"{count} columns have one name, that of {name}.",
                "Keep one of them.",
            )
    known = {place for place, _ in places}
    for place, cell in enumerate(cells):
        if cell and place not in known:
            shown = f" ({cell[:40]})" if not missing else ""
            log.warn(
                row,
                "",
                "unknown-column",
                f"Column {column_letters(place + 1)}{shown} is not known, or another stands for "
                "the same; it is not read or kept.",
                "Leave it out, or rename it where it should be read.",
            )
    return not missing and max(counts.values(), default=0) <= 1


def _trimmed(cells: list[str]) -> list[str]:
    end = len(cells)
    while end and not cells[end - 1]:
        end -= 1
    return cells[:end]


def _check_shape(
    number: int, cells: list[str], width: int, may_be_cut: bool, log: FaultLog
) -> bool:
    """Whether a row has the header's cells; a last row cut short is told apart."""
    if len(cells) < width:
        if may_be_cut:
            log.add(
                number,
                "",
                "truncated-file",
                f"The file ends in the middle of a row, after {len(cells)} of {width} cells.",
                "Export it again: it was cut short on its way.",
            )
        else:
            log.add(
                number,
                "",
                "short-row",
                f"The row has {len(cells)} cells where the header has {width}.",
                "Fill in the row, or delete it where it is a total or a remark.",
            )
        return False
    if len(_trimmed(cells)) > width:
        log.add(
            number,
            "",
            "long-row",
            f"The row has {len(_trimmed(cells))} cells where the header has {width}, so its cells "
            "may be shifted.",
            "Put quotation marks round cells that hold commas.",
        )
        return False
    return True


def _warn_of_example(number: int, log: FaultLog) -> None:
    log.warn(
        number,
        "",
        "example-row",
        f"The row is the template's example (a cell begins with {EXAMPLE_MARK}) and is skipped.",
        "Delete it, or take the word out where the row is real.",
    )


def _read_row(
    number: int, cells: list[str], places: list[tuple[int, Column]], log: FaultLog
) -> Record:
    record = Record(log.file, number, {})
    for place, column in places:
        text = cells[place]
        if not text:
            if column.is_needed:
                record.faulty.add(column.name)
                log.add(
                    number,
                    column.name,
                    "missing-value",
                    "The cell is empty but needed.",
                    f"Write {column.written_as}.",
                )
            continue
        if _is_formula(text, column):
            record.faulty.add(column.name)
            log.add(
                number,
                column.name,
                "formula",
                "The cell holds a formula or a spreadsheet error, not a value.",
                f"Write the value itself: {column.written_as}.",
            )
            continue
        try:
            record.values[column.name] = parse_cell(column.type, text)
        except CellError as fault:
            record.faulty.add(column.name)
            _add_cell_fault(number, column, text, fault.hint, log)
    return record


def _is_formula(text: str, column: Column) -> bool:
    if text[0] == "#":
        return bool(_EXCEL_ERROR.fullmatch(text))
    if text[0] not in _FORMULA_START or _PLAIN_NUMBER.fullmatch(text):
        return False
    if text[0] == "-" and column.type in ("weekdays", "words", "clock_or_closed"):
        return not _WEEKDAY_MARKS.fullmatch(text)
    return True


def _add_cell_fault(number: int, column: Column, text: str, hint: str, log: FaultLog) -> None:
    shown = f"{text[:40]!r} is" if column.is_quotable else "The cell is"
    log.add(
        number,
        column.name,
        f"not-{column.type.replace('_', '-')}",
        f"{shown} not {column.written_as}.{' ' + hint if hint else ''}",
        f"Write {column.written_as}.",
    )
