"""What leaves the house: workbooks, CSV, GeoJSON, GeoPackage and maps, made from plain tables."""

from data.writers.colours import pick_colours
from data.writers.csvfile import build_csv, write_csv
from data.writers.files import ExportError
from data.writers.geo import build_geojson, write_geojson, write_geopackage
from data.writers.maps import draw_map
from data.writers.picture import MapPicture, MapRun, MapSchool
from data.writers.tables import (
    Cell,
    Column,
    Feature,
    LayerStyle,
    MapLayer,
    Provenance,
    Table,
    format_cell,
    format_time,
)
from data.writers.workbook import build_workbook, write_workbook

__all__ = [
    "Cell",
    "Column",
    "ExportError",
    "Feature",
    "LayerStyle",
    "MapLayer",
    "MapPicture",
    "MapRun",
    "MapSchool",
    "Provenance",
    "Table",
    "build_csv",
    "build_geojson",
    "build_workbook",
    "draw_map",
    "format_cell",
    "format_time",
    "pick_colours",
    "write_csv",
    "write_geojson",
    "write_geopackage",
    "write_workbook",
]
