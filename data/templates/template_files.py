"""Write an empty file of each kind to fill in: columns, their meanings and an example."""

from __future__ import annotations

import csv
from pathlib import Path

import xlsxwriter

from data.readers.columns import Column, FileKind
from data.readers.council import UnknownFileKindError
from data.readers.kinds import FILE_KINDS

_SAFE_OPTIONS = {
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


def write_template(kind: str, path: Path) -> Path:
    """Write the template of a kind of file, as XLSX where `path` ends in .xlsx, else as CSV.

    The first row holds the column names. In CSV the second row says what each column means (it
    begins with `# ` and the reader skips it); in XLSX a second sheet does. The example row is
    marked EXAMPLE, and the reader skips it with a warning.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    UnknownFileKindError
        If there is no such kind, or only as a published file.
    """
    if kind not in FILE_KINDS:
        raise UnknownFileKindError(kind)
    write = _write_workbook if path.suffix.lower() == ".xlsx" else _write_csv
    write(FILE_KINDS[kind], path)
    return path


def describe_column(column: Column) -> str:
    """Return one sentence or two on a column: whether needed, meaning, how it is written."""
    if column.is_needed:
        need = "Needed."
    elif column.default:
        need = f"Empty means: {column.default}."
    else:
        need = "May be empty."
    return f"{column.meaning} Write {column.written_as}. {need}"


def _write_csv(kind: FileKind, path: Path) -> None:
    names = [column.name for column in kind.columns]
    notes = [describe_column(column) for column in kind.columns]
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(names)
        writer.writerow([f"# {notes[0]}", *notes[1:]])
        for example in kind.examples:
            writer.writerow([example.get(name, "") for name in names])


def _write_workbook(kind: FileKind, path: Path) -> None:
    with xlsxwriter.Workbook(str(path), _SAFE_OPTIONS) as workbook:
        bold = workbook.add_format({"bold": True, "bg_color": "#D9E2EF", "border": 1})
        text = workbook.add_format({"num_format": "@"})
        wrapped = workbook.add_format({"text_wrap": True, "valign": "top"})
        sheet = workbook.add_worksheet(kind.title[:31])
        for place, column in enumerate(kind.columns):
            width = max(12, len(column.name) + 2)
            sheet.set_column(place, place, width, text)
            sheet.write_string(0, place, column.name, bold)
            for row, example in enumerate(kind.examples, start=1):
                if column.name in example:
                    sheet.write_string(row, place, example[column.name], text)
        sheet.freeze_panes(1, 1)
        notes = workbook.add_worksheet("Notes")
        notes.set_column(0, 0, 28)
        notes.set_column(1, 1, 110)
        notes.write_string(0, 0, kind.title, bold)
        notes.write_string(0, 1, kind.purpose, wrapped)
        for row, column in enumerate(kind.columns, start=1):
            notes.write_string(row, 0, column.name, bold)
            notes.write_string(row, 1, describe_column(column), wrapped)
