"""Tables on the screen."""

from __future__ import annotations

from collections.abc import Collection

from rich.console import Console
from rich.table import Table as ScreenTable

from data.writers import Table, format_cell


def print_table(
    table: Table,
    console: Console,
    title: str,
    *,
    most: int | None = None,
    left_out: Collection[str] = (),
) -> None:
    """Print a table, `most` rows of it, without the columns `left_out`, and its notes."""
    screen = ScreenTable(title=title, title_justify="left", header_style="bold")
    shown = [i for i, column in enumerate(table.columns) if column.name not in left_out]
    for i in shown:
        column = table.columns[i]
        is_text = column.kind == "text"
        screen.add_column(column.heading, justify="left" if is_text else "right", max_width=34)
    rows = table.rows if most is None else table.rows[:most]
    for number, row in enumerate(rows):
        screen.add_row(*(format_cell(row[i], table.get_column(number, i)) for i in shown))
    if len(rows) < len(table.rows):
        left = f"{len(table.rows) - len(rows)} more in the workbook"
        screen.add_row("...", left, *[""] * (len(shown) - 2))
    totals = table.find_totals()
    if totals is not None:
        screen.add_section()
        screen.add_row(
            *("" if totals[i] is None else format_cell(totals[i], table.columns[i]) for i in shown),
            style="bold",
        )
    console.print()
    console.print(screen)
    for note in table.notes:
        console.print(f"[dim]{note}[/dim]")
