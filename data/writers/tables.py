"""What a writer knows: tables with units, map layers with a style, and where the figures come from.

Nothing here or in the other writers knows pupils, runs or plans; `scenarios.report` turns those
into these. Cells hold plain values: money in GBP, `time` in seconds since local midnight,
`minutes` in minutes, `percent` as a share (0.25 is 25 %), `number` in the unit of its column.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final, Literal

from shapely.geometry.base import BaseGeometry

Kind = Literal["text", "money", "number", "integer", "time", "minutes", "percent"]
Cell = str | int | float | Decimal | None
GeometryKind = Literal["point", "line", "polygon"]

_DECIMALS: Final[Mapping[Kind, int]] = {"money": 2, "number": 1, "minutes": 1, "percent": 1}
NOTHING: Final = "-"
"""Shown where a cell has no value."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """What stands beside every figure that leaves the house.

    Parameters
    ----------
    title
        What the file is about, as its reader would say it.
    made_on
        The date that the file states.
    attribution
        Licence statements of the data used, each complete.
    notes
        What the reader must know: assumptions, what is illustrative, what is left out.
    is_synthetic
        The pupils, schools or roads are invented; said wherever the data appear.
    """

    title: str
    made_on: date
    attribution: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    is_synthetic: bool = False

    @property
    def stamp(self) -> str:
        """Return the line that must stand on every sheet and picture, empty for real data."""
        return "Synthetic data: no real pupil, school or contract" if self.is_synthetic else ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: heading, unit (empty where the heading says all) and what its cells hold."""

    name: str
    unit: str = ""
    kind: Kind = "text"
    decimals: int | None = None
    """Places shown; by default pounds and pence, one place for numbers, none for integers."""
    is_totalled: bool = False

    @property
    def heading(self) -> str:
        """Return the name with the unit in brackets."""
        return f"{self.name} ({self.unit})" if self.unit else self.name

    @property
    def places(self) -> int:
        """Return the decimal places shown."""
        return _DECIMALS.get(self.kind, 0) if self.decimals is None else self.decimals


@dataclass(frozen=True, slots=True)
class Table:
    """A titled table.

    Parameters
    ----------
    row_columns
        For a table with one metric a row (scenarios across): kind and decimals of each row's
        cells, the first cell aside, which stays as its column says. Empty, or one entry a row.

    Raises
    ------
    ValueError
        If a row has more or fewer cells than there are columns.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()
    row_columns: tuple[Column, ...] = ()

    def __post_init__(self) -> None:
        for number, row in enumerate(self.rows, start=1):
            if len(row) != len(self.columns):
                raise ValueError(
                    f"table {self.title!r}: row {number} has {len(row)} cells for "
                    f"{len(self.columns)} columns"
                )
        if self.row_columns and len(self.row_columns) != len(self.rows):
            raise ValueError(
                f"table {self.title!r}: {len(self.row_columns)} row kinds for {len(self.rows)} rows"
            )

    def get_column(self, row: int, column: int) -> Column:
        """Return what the cell at `row`, `column` (from 0) holds."""
        if column and self.row_columns:
            return self.row_columns[row]
        return self.columns[column]

    def find_totals(self) -> tuple[Cell, ...] | None:
        """Return the row of totals, or None where no column is totalled.

        Exact for `Decimal` cells; empty cells count nothing.
        """
        if not any(column.is_totalled for column in self.columns):
            return None
        totals: list[Cell] = [
            _total([row[index] for row in self.rows]) if column.is_totalled else None
            for index, column in enumerate(self.columns)
        ]
        if totals[0] is None:
            totals[0] = "Total"
        return tuple(totals)


def _total(cells: Sequence[Cell]) -> Decimal:
    return sum(
        (Decimal(str(cell)) for cell in cells if cell is not None and cell != ""), Decimal(0)
    )


def format_cell(value: Cell, column: Column) -> str:
    """Return a cell as a person reads it: £1,234.50, 08:05, 12.5%, 7.4, or a dash for nothing."""
    if value is None or value == "":
        return NOTHING
    if column.kind == "text" or isinstance(value, str):
        return str(value)
    if column.kind == "time":
        return format_time(int(value))
    places = column.places
    if column.kind == "percent":
        return f"{float(value) * 100:,.{places}f}%"
    if column.kind == "money":
        return f"{'-' if value < 0 else ''}£{abs(value):,.{places}f}"
    return f"{value:,.{places}f}"


def format_time(time_s: int) -> str:
    """Return seconds since midnight as a clock time, rounded to the minute, half up."""
    minutes = (time_s + 30) // 60
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


@dataclass(frozen=True, slots=True)
class LayerStyle:
    """How a geographic system shows a layer when it is opened.

    Parameters
    ----------
    colour_by
        Property whose values have a colour each; empty for one colour.
    colours
        Pairs of value and "#rrggbb"; with an empty `colour_by` the first colour is used.
    size_mm
        Width of a line or outline, or diameter of a point.
    label_by
        Property written beside each feature; empty for none.
    """

    colour_by: str = ""
    colours: tuple[tuple[str, str], ...] = (("", "#1d4e89"),)
    size_mm: float = 0.6
    label_by: str = ""


@dataclass(frozen=True, slots=True)
class Feature:
    """A shape (WGS84, x = longitude, y = latitude) and what is known of it."""

    geometry: BaseGeometry
    properties: Mapping[str, Cell]


@dataclass(frozen=True, slots=True)
class MapLayer:
    """A named layer of shapes of one kind; every feature has the same properties.

    Raises
    ------
    ValueError
        If a feature's shape is of another kind, or its properties differ from the first's.
    """

    name: str
    geometry_kind: GeometryKind
    features: tuple[Feature, ...]
    style: LayerStyle = field(default_factory=LayerStyle)
    fields: tuple[str, ...] = ()
    """Names of the properties; taken from the first feature where not given."""

    def __post_init__(self) -> None:
        if not self.fields and self.features:
            object.__setattr__(self, "fields", tuple(self.features[0].properties))
        for number, feature in enumerate(self.features, start=1):
            shape = feature.geometry.geom_type
            if shape not in GEOMETRY_TYPES[self.geometry_kind]:
                raise ValueError(f"layer {self.name!r}: feature {number} is a {shape}")
            if set(feature.properties) != set(self.fields):
                raise ValueError(f"layer {self.name!r}: feature {number} has other properties")


GEOMETRY_TYPES: Final[Mapping[GeometryKind, tuple[str, str]]] = {
    "point": ("Point", "MultiPoint"),
    "line": ("LineString", "MultiLineString"),
    "polygon": ("Polygon", "MultiPolygon"),
}
