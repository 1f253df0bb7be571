"""The tables of columns in `docs/guide/your-data.md`, made from the file descriptions."""

from __future__ import annotations

from typing import Final

from data.readers.columns import Column, FileKind
from data.readers.kinds import list_file_kinds

TABLES_START: Final = "<!-- tables of columns: made by data.templates, do not edit by hand -->"
TABLES_END: Final = "<!-- end of the tables of columns -->"


def build_guide_tables() -> str:
    """Build the Markdown tables of every kind of file."""
    return "\n".join(_build_section(kind) for kind in list_file_kinds())


def write_guide_tables(guide: str) -> str:
    """Return the text of the guide with its tables made anew between their two marks.

    Raises
    ------
    ValueError
        If the guide lacks a mark.
    """
    before, start, rest = guide.partition(TABLES_START)
    _, end, after = rest.partition(TABLES_END)
    if not start or not end:
        raise ValueError("the guide lacks the marks round its tables of columns")
    return f"{before}{start}\n\n{build_guide_tables()}\n{end}{after}"


def _build_section(kind: FileKind) -> str:
    need = "Needed" if kind.is_needed else "Optional"
    purpose = kind.purpose.removeprefix("Optional").lstrip(",. ")
    lines = [
        f"### {kind.title} (`{kind.name}`)",
        "",
        f"{need}. {purpose[0].upper()}{purpose[1:]}",
        "",
        "| column | needed | meaning | written as | where empty | also read as |",
        "|---|---|---|---|---|---|",
    ]
    lines += [_build_row(column) for column in kind.columns]
    return "\n".join([*lines, ""])


def _build_row(column: Column) -> str:
    cells = (
        f"`{column.name}`",
        "yes" if column.is_needed else "",
        column.meaning,
        column.written_as,
        column.default,
        ", ".join(column.synonyms),
    )
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"
