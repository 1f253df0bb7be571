"""The demo borough's roads as an OpenStreetMap XML file, for the reader that reads any other."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from xml.sax.saxutils import quoteattr

from data.demo.anchors import ATTRIBUTION, to_points
from data.demo.roads import RoadMap
from data.roads.source import SYNTHETIC_GENERATOR

ROADS_ATTRIBUTION: Final = (
    "Synthetic roads of a fictional borough, drawn by Schoolrun from the pattern of real "
    f"postcodes; no such roads exist. {ATTRIBUTION}"
)


def write_osm(path: Path, road_map: RoadMap) -> None:
    """Write the map as OSM XML 0.6; only places that a road uses are written."""
    used = sorted({corner for road in road_map.roads for corner in road.corners})
    number = {place: position for position, place in enumerate(used, start=1)}
    with path.open("w", encoding="utf-8", newline="\n") as out:
        out.write('<?xml version="1.0" encoding="UTF-8"?>\n')
        out.write(
            f'<osm version="0.6" generator={quoteattr(SYNTHETIC_GENERATOR + " 1")} '
            f"attribution={quoteattr(ROADS_ATTRIBUTION)} "
            'license="Open Government Licence v3.0">\n'
        )
        for position, point in enumerate(to_points(road_map.xy_m[used]), start=1):
            out.write(f'<node id="{position}" version="1" lat="{point.lat}" lon="{point.lon}"/>\n')
        for position, road in enumerate(road_map.roads, start=1):
            tags = {"highway": road.highway, "maxspeed": f"{road.limit_mph} mph"}
            if road.is_one_way:
                tags["oneway"] = "yes"
            if road.is_bridge:
                tags |= {"bridge": "yes", "layer": "1"}
            if road.reference:
                tags["ref"] = road.reference
            refs = "".join(f'<nd ref="{number[corner]}"/>' for corner in road.corners)
            body = "".join(f"<tag k={quoteattr(k)} v={quoteattr(v)}/>" for k, v in tags.items())
            out.write(f'<way id="{position}" version="1">{refs}{body}</way>\n')
        out.write("</osm>\n")
