"""Map layers as GeoJSON (RFC 7946) and as a GeoPackage that QGIS opens styled. WGS84 throughout."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd
import pyogrio
from shapely import set_precision
from shapely.geometry import MultiPolygon, Polygon, mapping
from shapely.geometry.base import BaseGeometry
from shapely.geometry.polygon import orient

from data.writers.files import replace_file, write_bytes
from data.writers.qgis import build_qml
from data.writers.tables import Cell, GeometryKind, MapLayer, Provenance

_PLACES: Final = 6
"""Decimal places of a degree: about 10 cm."""
_MULTI: Final[dict[GeometryKind, str]] = {
    "point": "MultiPoint",
    "line": "MultiLineString",
    "polygon": "MultiPolygon",
}
_STYLE_TABLE: Final = """
CREATE TABLE layer_styles (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    f_table_catalog TEXT(256), f_table_schema TEXT(256), f_table_name TEXT(256),
    f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT,
    useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30),
    update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
)"""


def write_geojson(path: Path, layer: MapLayer, about: Provenance) -> None:
    """Write a layer as GeoJSON; see :func:`build_geojson`. Raises :class:`ExportError`."""
    text = json.dumps(build_geojson(layer, about), ensure_ascii=False, separators=(",", ":"))
    write_bytes(path, f"{text}\n".encode())


def build_geojson(layer: MapLayer, about: Provenance) -> dict[str, Any]:
    """Return a layer as an RFC 7946 FeatureCollection.

    Coordinates are longitude and latitude in WGS84 to six places, outer rings anticlockwise.
    Beside the standard members it has `name`, `title`, `made_on`, `attribution`, `notes` and
    `is_synthetic`.
    """
    collection: dict[str, Any] = {
        "type": "FeatureCollection",
        "name": layer.name,
        "title": about.title,
        "made_on": about.made_on.isoformat(),
        "is_synthetic": about.is_synthetic,
        "attribution": list(about.attribution),
        "notes": [about.stamp, *about.notes] if about.stamp else list(about.notes),
    }
    shapes = [_round(feature.geometry) for feature in layer.features]
    drawn = [shape.bounds for shape in shapes if not shape.is_empty]
    if drawn:
        west, south, east, north = zip(*drawn, strict=True)
        collection["bbox"] = [min(west), min(south), max(east), max(north)]
    collection["features"] = [
        {
            "type": "Feature",
            "geometry": None if shape.is_empty else mapping(shape),
            "properties": {name: _to_plain(feature.properties[name]) for name in layer.fields},
        }
        for shape, feature in zip(shapes, layer.features, strict=True)
    ]
    return collection


def write_geopackage(path: Path, layers: Sequence[MapLayer], about: Provenance) -> None:
    """Write layers to a GeoPackage, each with a default style that QGIS applies on opening.

    Every layer has a title and a description with the attribution. Layers without a feature are
    written too, so that a reader finds what it expects. The same layers and date give the same
    content.

    Raises
    ------
    ExportError
        If the file cannot be written.
    ValueError
        If two layers have one name, or one is called `layer_styles`.
    """
    names = [layer.name for layer in layers]
    if len({name.casefold() for name in [*names, "layer_styles"]}) <= len(names):
        raise ValueError(f"the layers of a GeoPackage need names of their own: {names}")
    with replace_file(path) as unfinished:
        for layer in layers:
            _append_layer(unfinished, layer, about)
        _add_styles(unfinished, layers, about)


def _append_layer(path: Path, layer: MapLayer, about: Provenance) -> None:
    columns = {name: _to_column(layer, name) for name in layer.fields}
    shapes = [feature.geometry for feature in layer.features]
    frame = gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(shapes, crs="EPSG:4326"))
    pyogrio.write_dataframe(
        frame,
        path,
        layer=layer.name,
        driver="GPKG",
        append=path.exists(),
        geometry_type=_MULTI[layer.geometry_kind],
        promote_to_multi=True,
        layer_options={
            "GEOMETRY_NAME": "geom",
            "FID": "fid",
            "IDENTIFIER": f"{about.title}: {layer.name}"[:250],
            "DESCRIPTION": _describe(about),
        },
    )


def _to_column(layer: MapLayer, name: str) -> pd.Series:
    """Return a property of all features with the narrowest type that holds every value."""
    values = [_to_plain(feature.properties[name]) for feature in layer.features]
    present = [value for value in values if value is not None]
    if present and all(isinstance(value, int) for value in present):
        return pd.Series(values, dtype="Int64")
    if present and all(isinstance(value, int | float) for value in present):
        return pd.Series(values, dtype="Float64")
    return pd.Series([None if value is None else str(value) for value in values], dtype="object")


def _add_styles(path: Path, layers: Sequence[MapLayer], about: Provenance) -> None:
    changed = f"{about.made_on.isoformat()}T00:00:00.000Z"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(_STYLE_TABLE)
        database.executemany(
            "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name,"
            " f_geometry_column, styleName, styleQML, styleSLD, useAsDefault, description, owner,"
            " update_time) VALUES ('', '', ?, 'geom', ?, ?, '', 1, ?, '', ?)",
            [
                (layer.name, layer.name[:30], build_qml(layer), _describe(about), changed)
                for layer in layers
            ],
        )
        database.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, description)"
            " VALUES ('layer_styles', 'attributes', 'layer_styles', 'Styles for QGIS')"
        )
        database.execute("UPDATE gpkg_contents SET last_change = ?", [changed])


def _describe(about: Provenance) -> str:
    made_on = f"Made on {about.made_on.isoformat()} with Schoolrun."
    return " ".join(part for part in (about.stamp, made_on, *about.attribution) if part)


def _round(shape: BaseGeometry) -> BaseGeometry:
    rounded = set_precision(shape, 10.0**-_PLACES, mode="pointwise")
    if isinstance(rounded, Polygon):
        return orient(rounded)
    if isinstance(rounded, MultiPolygon):
        return MultiPolygon([orient(part) for part in rounded.geoms])
    return rounded


def _to_plain(value: Cell) -> str | int | float | None:
    """Turn money into the float whose shortest decimal is the same pence."""
    return float(value) if isinstance(value, Decimal) else value
