"""Nights beside each other: what changed, and whether the search alone changed it."""

from __future__ import annotations

from datetime import date

import pytest

from data.writers import format_cell
from scenarios import report
from scenarios.nights import NightPlan, compare_nights
from scenarios.report.nights import ABOUT_CHANGES

FIRST = NightPlan(
    night=date(2026, 11, 20), state="succeeded", input_hash="a", year_pence=1_000_000_00
)
FAILED = NightPlan(night=date(2026, 11, 21), state="failed", text="no roads", input_hash="a")
SECOND = NightPlan(
    night=date(2026, 11, 22),
    state="succeeded",
    input_hash="a",
    year_pence=990_000_50,
    day_objective_gbp=5210.126,
    lower_bound_gbp=4800.999,
    gap_at_most=(5210.126 - 4800.999) / 5210.126,
)
OTHER_DATA = NightPlan(
    night=date(2026, 11, 23), state="succeeded", input_hash="b", year_pence=995_000_00
)


def test_nights_are_newest_first_and_beside_the_last_one_with_a_plan() -> None:
    changes = compare_nights([SECOND, FIRST, OTHER_DATA, FAILED])
    assert [change.now for change in changes] == [OTHER_DATA, SECOND, FAILED, FIRST]
    assert [change.before for change in changes] == [SECOND, FIRST, FIRST, None]


def test_change_is_the_year_now_less_the_year_before() -> None:
    other, second, failed, first = compare_nights([FIRST, FAILED, SECOND, OTHER_DATA])
    assert (second.change_pence, second.has_same_input) == (-9_999_50, True)
    assert (other.change_pence, other.has_same_input) == (4_999_50, False)
    for night in (failed, first):
        assert (night.change_pence, night.has_same_input) == (None, None)


def list_rows() -> list[list[str]]:
    table = report.build_nights_table(compare_nights([FIRST, FAILED, SECOND, OTHER_DATA]))
    return [
        [format_cell(cell, table.get_column(number, i)) for i, cell in enumerate(row)]
        for number, row in enumerate(table.rows)
    ]


def test_table_of_nights_reads_in_pounds_and_words() -> None:
    # 409.127 of 5,210.126 is 7.853 %, rounded up; the bound is rounded down
    assert list_rows() == [
        ["2026-11-23", "succeeded", "£995,000.00", "£4,999.50", "changed", "-", "-", "-"],
        ["2026-11-22", "succeeded", "£990,000.50", "-£9,999.50", "the same", "£5,210.13",
         "£4,800.99", "7.9%"],
        ["2026-11-21", "failed: no roads", "-", "-", "-", "-", "-", "-"],
        ["2026-11-20", "succeeded", "£1,000,000.00", "-", "-", "-", "-", "-"],
    ]  # fmt: skip


@pytest.mark.parametrize("is_proven", [False, True])
def test_bound_is_explained_where_there_is_one(is_proven: bool) -> None:
    notes = report.build_nights_table(
        compare_nights([FIRST, SECOND] if is_proven else [FIRST])
    ).notes
    assert notes[0] == ABOUT_CHANGES
    assert (report.ABOUT_BOUNDS in notes) is is_proven
    assert any("no plan under these rules" in note for note in notes) is is_proven


def test_authority_without_nights_has_an_empty_table() -> None:
    assert report.build_nights_table(compare_nights([])).rows == ()
