from dataclasses import replace
from decimal import Decimal

import pytest
from shapely.geometry import Point

from data.writers import Column, Feature, MapLayer, Table, format_cell, format_time


@pytest.mark.parametrize(
    ("value", "column", "shown"),
    [
        (Decimal("1234567.5"), Column("", kind="money"), "£1,234,567.50"),
        (Decimal("-12.345"), Column("", kind="money", decimals=0), "-£12"),
        (0.125, Column("", kind="percent"), "12.5%"),
        (1234, Column("", kind="integer"), "1,234"),
        (7.25, Column("", kind="minutes"), "7.2"),
        (7 * 3600 + 29, Column("", kind="time"), "07:00"),
        (None, Column("", kind="money"), "-"),
        ("as agreed", Column("", kind="money"), "as agreed"),
    ],
)
def test_a_cell_reads_as_a_person_expects(value, column, shown):
    assert format_cell(value, column) == shown


def test_clock_times_round_half_up_and_pass_midnight_openly():
    assert [format_time(s) for s in (0, 30, 29, 17 * 3600 + 1799)] == [
        "00:00",
        "00:01",
        "00:00",
        "17:30",
    ]


def test_totals_are_exact_and_count_empty_cells_as_nothing(routes):
    # 21400.10 + 9000.20 - 0.30 = 30400.00; 18.25 + 7.5 = 25.75; 4 + 2 = 6
    totals = routes.find_totals()
    assert totals == ("Total", None, 6, Decimal("25.75"), None, None, Decimal("30400.00"))


def test_a_table_without_a_totalled_column_has_no_totals(routes):
    plain = replace(
        routes, columns=tuple(replace(column, is_totalled=False) for column in routes.columns)
    )
    assert plain.find_totals() is None


def test_a_row_of_the_wrong_length_is_refused_with_its_number():
    with pytest.raises(ValueError, match=r"'Costs': row 2 has 1 cells for 2 columns"):
        Table("Costs", (Column("a"), Column("b")), (("x", "y"), ("x",)))


def test_one_metric_a_row_takes_its_kind_from_the_row():
    table = Table(
        "Comparison",
        (Column("Metric"), Column("Today"), Column("Planned")),
        (("Cost", Decimal(10), Decimal(9)), ("Ride", 30.5, 29.0)),
        row_columns=(Column("Cost", kind="money"), Column("Ride", "min", "minutes")),
    )
    assert table.get_column(0, 0).kind == "text"
    assert table.get_column(0, 2).kind == "money"
    assert table.get_column(1, 1).kind == "minutes"


def test_a_layer_refuses_another_shape_and_other_properties():
    point = Feature(Point(0, 0), {"name": "a"})
    with pytest.raises(ValueError, match="feature 1 is a Point"):
        MapLayer("runs", "line", (point,))
    with pytest.raises(ValueError, match="feature 2 has other properties"):
        MapLayer("homes", "point", (point, Feature(Point(0, 0), {"title": "b"})))
