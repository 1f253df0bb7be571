"""Tables as an XLSX workbook that a commissioner would pass on as it is."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import xlsxwriter

from data.writers.files import ExportError, write_bytes
from data.writers.tables import Cell, Column, Provenance, Table, format_cell

_INK: Final = "#1b2a41"
_GREY: Final = "#5c6b7a"
_LINE: Final = "#c9d1d9"
_BAND: Final = "#f3f6f9"
_MOST_ROWS: Final = 1_048_576 - 100
_MOST_TEXT: Final = 32_767
_WIDEST: Final = 60
_HEADER_ROW: Final = 3
_WIDTHS_FROM_ROWS: Final = 2_000
"""Rows looked at for the width of a column."""


def write_workbook(path: Path, tables: Sequence[Table], about: Provenance) -> None:
    """Write tables to an XLSX file; see :func:`build_workbook`. Raises :class:`ExportError`."""
    write_bytes(path, build_workbook(tables, about))


def build_workbook(tables: Sequence[Table], about: Provenance) -> bytes:
    """Return an XLSX workbook: a cover, then a sheet for each table.

    The cover says what it is, of when, what to mind, whose data, and lists the sheets with links.
    Cells are values, never formulas: text that begins with = + - @ stays text, totals are
    computed. The same tables and date give the same bytes.

    Raises
    ------
    ExportError
        If a table has more rows than a sheet can hold.
    """
    stream = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    book = xlsxwriter.Workbook(stream, options)
    made_at = datetime(about.made_on.year, about.made_on.month, about.made_on.day)
    book.set_properties({"title": about.title, "author": "Schoolrun", "created": made_at})
    book.set_calc_mode("manual")
    formats = _Formats(book)
    names = _name_sheets(tables)
    cover = book.add_worksheet("About")
    for table, name in zip(tables, names, strict=True):
        _write_sheet(book.add_worksheet(name), table, about, formats)
    _write_cover(cover, tables, names, about, formats)
    cover.activate()
    book.close()
    return stream.getvalue()


class _Formats:
    """Cell formats, each made once."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._made: dict[tuple[Any, ...], Any] = {}
        self.title = self._add(bold=True, font_size=16, font_color=_INK)
        self.heading = self._add(bold=True, font_size=12, font_color=_INK)
        self.text = self._add(text_wrap=True, valign="top", font_color=_INK)
        self.quiet = self._add(font_color=_GREY, italic=True)
        self.stamp = self._add(bold=True, font_color="#9c2a10")
        self.stamp_wrapped = self._add(bold=True, font_color="#9c2a10", text_wrap=True)
        self.link = self._add(font_color="#1d4e89", underline=1)
        header = {"bold": True, "font_color": "#ffffff", "bg_color": _INK, "text_wrap": True}
        self.header_text = self._add(**header, valign="vcenter", align="left", border_color=_LINE)
        self.header_number = self._add(**header, valign="vcenter", align="right")

    def _add(self, **look: Any) -> Any:
        return self._book.add_format({"font_name": "Calibri", "font_size": 11} | look)

    def get_cell(self, column: Column, *, is_banded: bool, is_total: bool = False) -> Any:
        """Return the format of a cell of `column`, in a shaded or plain row, or of the totals."""
        key = (column.kind, column.places, is_banded, is_total)
        if key not in self._made:
            look: dict[str, Any] = {"num_format": _number_format(column), "valign": "top"}
            if column.kind == "text":
                look |= {"align": "left", "text_wrap": not is_total}
            else:
                look |= {"align": "right"}
            if is_banded:
                look |= {"bg_color": _BAND}
            if is_total:
                look |= {"bold": True, "top": 1, "top_color": _INK}
            self._made[key] = self._add(**look)
        return self._made[key]


def _number_format(column: Column) -> str:
    places = "." + "0" * column.places if column.places else ""
    match column.kind:
        case "text":
            return "@"
        case "money":
            return f"£#,##0{places};[Red]-£#,##0{places}"
        case "time":
            return "hh:mm"
        case "percent":
            return f"0{places}%"
        case _:
            return f"#,##0{places}"


def _write_sheet(sheet: Any, table: Table, about: Provenance, formats: _Formats) -> None:
    if len(table.rows) > _MOST_ROWS:
        raise ExportError(
            f"table {table.title!r} has {len(table.rows):,} rows, more than the "
            f"{_MOST_ROWS:,} of a sheet; export it as CSV, or fewer routes at a time"
        )
    sheet.hide_gridlines(2)
    sheet.write_string(0, 0, table.title, formats.title)
    sheet.write_string(1, 0, about.title, formats.quiet)
    sheet.write_string(2, 0, about.stamp, formats.stamp)
    for index, column in enumerate(table.columns):
        is_number = column.kind != "text" or bool(table.row_columns and index)
        look = formats.header_number if is_number else formats.header_text
        sheet.write_string(_HEADER_ROW, index, column.heading, look)
        sheet.set_column(index, index, _find_width(table, index))
    sheet.set_row(_HEADER_ROW, 32)
    row_number = _HEADER_ROW + 1
    for number, row in enumerate(table.rows):
        for index, cell in enumerate(row):
            kind = table.get_column(number, index)
            look = formats.get_cell(kind, is_banded=bool(number % 2))
            _write_cell(sheet, row_number, index, cell, kind, look=look)
        row_number += 1
    if table.rows:
        sheet.autofilter(_HEADER_ROW, 0, row_number - 1, len(table.columns) - 1)
    row_number = _write_totals(sheet, row_number, table, formats)
    for note in table.notes:
        row_number += 1
        sheet.write_string(row_number, 0, note, formats.quiet)
    sheet.freeze_panes(_HEADER_ROW + 1, 1)
    _set_paper(sheet, about)


def _write_totals(sheet: Any, row_number: int, table: Table, formats: _Formats) -> int:
    totals = table.find_totals()
    if totals is None:
        return row_number
    for index, cell in enumerate(totals):
        column = table.columns[index]
        look = formats.get_cell(column, is_banded=False, is_total=True)
        _write_cell(sheet, row_number, index, cell, column, look=look)
    return row_number + 1


def _write_cell(sheet: Any, row: int, index: int, cell: Cell, column: Column, *, look: Any) -> None:
    if cell is None or cell == "":
        sheet.write_blank(row, index, None, look)
    elif isinstance(cell, str):
        text = cell if len(cell) <= _MOST_TEXT else cell[: _MOST_TEXT - 1] + "…"
        sheet.write_string(row, index, text, look)
    elif column.kind == "text":
        sheet.write_string(row, index, str(cell), look)
    elif column.kind == "time":
        sheet.write_number(row, index, (int(cell) + 30) // 60 / 1440, look)
    else:
        sheet.write_number(row, index, float(cell), look)


def _find_width(table: Table, index: int) -> float:
    heading = table.columns[index].heading
    longest_word = max((len(word) for word in heading.split()), default=0)
    shown = (
        format_cell(row[index], table.get_column(number, index))
        for number, row in enumerate(table.rows[:_WIDTHS_FROM_ROWS])
    )
    totals = table.find_totals()
    total = format_cell(totals[index], table.columns[index]) if totals else ""
    widest = max([longest_word + 3, len(heading) / 2 + 3, len(total) + 1, *map(len, shown)])
    return min(float(widest) + 2, _WIDEST)


def _set_paper(sheet: Any, about: Provenance) -> None:
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(_HEADER_ROW)
    stamp = about.stamp.replace("&", "&&")
    sheet.set_footer(f"&L&8{stamp}&R&8Page &P of &N")


def _write_cover(
    sheet: Any, tables: Sequence[Table], names: list[str], about: Provenance, formats: _Formats
) -> None:
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 1, 90)
    sheet.write_string(0, 0, about.title, formats.title)
    sheet.write_string(1, 0, f"Made on {_say_date(about)} with Schoolrun", formats.quiet)
    row = 3
    if about.stamp:
        sheet.write_string(row, 0, about.stamp, formats.stamp)
        row += 2
    row = _write_list(sheet, row, "What to mind", about.notes, formats)
    sheet.write_string(row, 0, "Sheets", formats.heading)
    for table, name in zip(tables, names, strict=True):
        row += 1
        sheet.write_url(row, 0, "internal:'" + name.replace("'", "''") + "'!A1", formats.link, name)
        rows = "1 row" if len(table.rows) == 1 else f"{len(table.rows):,} rows"
        sheet.write_string(row, 1, f"{table.title}: {rows}", formats.text)
    _write_list(sheet, row + 2, "Sources and licences", about.attribution, formats)
    _set_paper(sheet, about)


def _write_list(
    sheet: Any, row: int, heading: str, lines: tuple[str, ...], formats: _Formats
) -> int:
    if not lines:
        return row
    sheet.write_string(row, 0, heading, formats.heading)
    for line in lines:
        row += 1
        sheet.merge_range(row, 0, row, 1, "", formats.text)
        sheet.write_string(row, 0, line, formats.text)
        sheet.set_row(row, 15 * (1 + len(line) // 120))
    return row + 2


def _say_date(about: Provenance) -> str:
    return f"{about.made_on.day} {about.made_on:%B %Y}"


def _name_sheets(tables: Sequence[Table]) -> list[str]:
    """Return a sheet name for each table: allowed characters, at most 31, none twice."""
    names: list[str] = []
    taken = {"about", "history"}
    for table in tables:
        spaced = table.title.replace(": ", " - ")
        plain = "".join("-" if letter in "[]:*?/\\" else letter for letter in spaced)
        plain = plain.strip("' ")[:31].rstrip("' ") or "Table"
        name, number = plain, 1
        while name.casefold() in taken:
            number += 1
            name = f"{plain[: 31 - len(str(number)) - 1]} {number}"
        taken.add(name.casefold())
        names.append(name)
    return names
