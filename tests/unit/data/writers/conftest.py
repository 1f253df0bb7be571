"""A small made-up plan as tables and layers, shared by the writers' tests."""

from datetime import date
from decimal import Decimal

import pytest
from shapely.geometry import LineString, Point, Polygon

from data.writers import Column, Feature, LayerStyle, MapLayer, Provenance, Table, pick_colours

ATTRIBUTION = "Contains OS data © Crown copyright and database right 2025"


@pytest.fixture
def about() -> Provenance:
    return Provenance(
        title="Four policies compared",
        made_on=date(2026, 9, 1),
        attribution=(ATTRIBUTION, "© OpenStreetMap contributors, ODbL"),
        notes=("Savings are illustrative: the rate card is assumed.",),
        is_synthetic=True,
    )


@pytest.fixture
def routes() -> Table:
    return Table(
        title="Routes: today's contract",
        columns=(
            Column("Route"),
            Column("First pick-up", kind="time"),
            Column("Pupils", kind="integer", is_totalled=True),
            Column("Miles", "a day", "number", is_totalled=True),
            Column("Longest ride", "min", "minutes"),
            Column("Full", kind="percent"),
            Column("Cost", "GBP a year", "money", is_totalled=True),
        ),
        rows=(
            ("R001", 7 * 3600 + 5 * 60, 4, 18.25, 41.5, 0.5, Decimal("21400.10")),
            ("=1+1", 7 * 3600 + 59, 2, 7.5, 30.0, 1.0, Decimal("9000.20")),
            ("R003", None, None, None, None, None, Decimal("-0.30")),
        ),
        notes=("A route is an AM and a PM block of one vehicle.",),
    )


@pytest.fixture
def layers() -> tuple[MapLayer, ...]:
    groups = ("Taxi", "Minibus", "Taxi")
    runs = MapLayer(
        "runs",
        "line",
        tuple(
            Feature(
                LineString([(-1.98 + 0.01 * number, 52.58), (-1.97, 52.6 + 0.01 * number)]),
                {
                    "reference": f"AM-{number:03d}",
                    "vehicle": group,
                    "pupils": number + 1,
                    "miles": 3.5 * number,
                    "cost": Decimal("120.30"),
                    "note": None,
                },
            )
            for number, group in enumerate(groups)
        ),
        LayerStyle("vehicle", pick_colours(groups), 0.9, "reference"),
    )
    schools = MapLayer(
        "schools",
        "point",
        (Feature(Point(-1.9812345678, 52.5887654321), {"name": 'Alder & "Birch" School'}),),
        LayerStyle(label_by="name", size_mm=3),
    )
    clockwise = Polygon([(-2.0, 52.5), (-2.0, 52.6), (-1.9, 52.6), (-1.9, 52.5)])
    areas = MapLayer("areas", "polygon", (Feature(clockwise, {"lot": 1}),))
    unassigned = MapLayer("unassigned", "point", (), fields=("reference",))
    return runs, schools, areas, unassigned
