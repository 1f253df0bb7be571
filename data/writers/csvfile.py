"""Tables as CSV (RFC 4180), safe to open in a spreadsheet program."""

from __future__ import annotations

import csv
import io
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Final

from data.writers.files import write_bytes
from data.writers.tables import Cell, Column, Table, format_time

_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def write_csv(path: Path, table: Table) -> None:
    """Write a table as CSV; see :func:`build_csv`. Raises :class:`ExportError`."""
    write_bytes(path, build_csv(table))


def build_csv(table: Table) -> bytes:
    """Return a table as CSV: UTF-8 with a byte order mark, CRLF, headings with units first.

    Text that a spreadsheet program would take for a formula (it begins with = + - @, a tab or a
    line break) gets an apostrophe before it. Numbers are plain (no thousands separator, negative
    ones unguarded), times are HH:MM, percentages are shares; totals are left to the reader.
    """
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow([guard_text(column.heading) for column in table.columns])
    for row_number, row in enumerate(table.rows):
        writer.writerow(
            _plain(cell, table.get_column(row_number, index)) for index, cell in enumerate(row)
        )
    return stream.getvalue().encode("utf-8-sig")


def guard_text(text: str) -> str:
    """Return `text`, with an apostrophe before it where it could be taken for a formula."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _plain(cell: Cell, column: Column) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return guard_text(cell)
    if column.kind == "time":
        return format_time(int(cell))
    if column.kind == "money":
        pence = Decimal(1).scaleb(-column.places)
        return str(Decimal(str(cell)).quantize(pence, rounding=ROUND_HALF_UP))
    return str(cell)
