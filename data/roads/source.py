"""What a roads file says: its format, its header, and the ways that a vehicle may drive on.

osmium reads `.osm.pbf` and `.osm` alike and without expanding entities. The drivable ways are
handed on as plain OSM XML, with the tags that the speed model and the directions need made
explicit, so that osmnx has one well-formed input whatever the source was.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

import osmium

from data.roads.errors import RoadsFileError
from data.roads.speeds import CLASS_INDEX, SPEED_MODEL_VERSION, get_limit_kmh

SYNTHETIC_GENERATOR: Final = "Schoolrun synthetic roads"
"""A file whose `generator` attribute begins so describes no real roads."""

_OSM_LICENCE: Final = "Open Database Licence (ODbL) 1.0"
_OSM_ATTRIBUTION: Final = "© OpenStreetMap contributors"
_PBF_MARK: Final = b"OSMHeader"
_ONE_WAY: Final = {"yes": "yes", "true": "yes", "1": "yes", "-1": "-1", "reverse": "-1"}
_ACCESS_TAGS: Final = ("motorcar", "motor_vehicle", "vehicle", "access")
"""Most specific first: the first one present decides."""
_CLOSED: Final = frozenset(
    {
        "no",
        "private",
        "agricultural",
        "forestry",
        "agricultural;forestry",
        "emergency",
        "military",
        "bus",
        "psv",
        "delivery",
        "use_sidepath",
        "discouraged",
    }
)
_CLOSED_SERVICES: Final = frozenset(
    {"driveway", "parking_aisle", "private", "emergency_access", "drive-through"}
)


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """Where a network comes from."""

    extract_date: date | None
    licence: str
    attribution: str
    is_synthetic: bool


@dataclass(frozen=True, slots=True)
class _Way:
    identity: int
    nodes: tuple[int, ...]
    tags: tuple[tuple[str, str], ...]


def hash_source(path: Path) -> str:
    """Return the SHA-256 of a file's bytes and the version of the speed model, hexadecimal.

    Raises
    ------
    RoadsFileError
        If there is no such file or it is empty.
    """
    if not path.is_file():
        raise RoadsFileError(path, "there is no such file", "check the name and the folder")
    if path.stat().st_size == 0:
        raise RoadsFileError(path, "it is empty", "download or export it again")
    digest = hashlib.sha256(SPEED_MODEL_VERSION.encode())
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def detect_format(path: Path) -> str:
    """Return `pbf` or `osm` by a file's first bytes; its name only helps to word the refusal.

    Raises
    ------
    RoadsFileError
        If it is neither OpenStreetMap PBF nor OpenStreetMap XML.
    """
    with path.open("rb") as stream:
        start = stream.read(4096)
    if start[4:32].find(_PBF_MARK) >= 0:
        return "pbf"
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"<") and b"<osm" in text:
        return "osm"
    if start[:2] == b"\x1f\x8b" or start[:3] == b"BZh" or start[:2] == b"PK":
        raise RoadsFileError(
            path, "it is a compressed archive", "unpack it and give the .osm or .osm.pbf inside"
        )
    raise RoadsFileError(
        path,
        "it is not an OpenStreetMap file (.osm or .osm.pbf)",
        "export the area from OpenStreetMap, or download a regional .osm.pbf extract",
    )


def read_facts(path: Path, file_format: str) -> SourceFacts:
    """Read the extract date, the licence and the attribution from a file's header.

    Raises
    ------
    RoadsFileError
        If the header is damaged.
    """
    if file_format == "pbf":
        try:
            with osmium.io.Reader(osmium.io.File(str(path), "pbf")) as reader:
                stamp = reader.header().get("osmosis_replication_timestamp", "")
        except RuntimeError as error:
            raise _damaged(path) from error
        return SourceFacts(_find_date(stamp), _OSM_LICENCE, _OSM_ATTRIBUTION, False)
    root = _read_root_attributes(path)
    is_synthetic = root.get("generator", "").startswith(SYNTHETIC_GENERATOR)
    if not is_synthetic:
        stamp = root.get("timestamp", "") or root.get("osm_base", "")
        return SourceFacts(_find_date(stamp), _OSM_LICENCE, _OSM_ATTRIBUTION, False)
    return SourceFacts(None, root.get("license", ""), root.get("attribution", ""), True)


def write_drivable_xml(path: Path, file_format: str, target: Path) -> None:
    """Write the drivable ways of a roads file and their nodes to `target` as OSM XML.

    Each way gets `highway`, `maxspeed` (km/h, always) and `oneway` (where it is one-way). Ways
    are cut where a node is missing, as at the border of an extract. Turn restrictions,
    conditional access and barriers are not read.

    Raises
    ------
    RoadsFileError
        If the file is truncated or damaged, or holds no road that a vehicle may use.
    """
    source = osmium.io.File(str(path), file_format)
    try:
        ways = list(_list_drivable(source))
        wanted = {node for way in ways for node in way.nodes}
        places = _read_places(source, wanted)
    except (RuntimeError, osmium.InvalidLocationError) as error:
        raise _damaged(path) from error
    pieces = [piece for way in ways for piece in _cut_at_missing(way, places)]
    if not pieces:
        raise RoadsFileError(
            path,
            "it has no road that a vehicle may use",
            "export an area with its roads (ways tagged highway, and their nodes)",
        )
    kept = sorted({node for piece in pieces for node in piece.nodes})
    with target.open("w", encoding="utf-8") as out:
        out.write("<?xml version='1.0' encoding='UTF-8'?>\n<osm version='0.6'>\n")
        for node in kept:
            lat, lon = places[node]
            out.write(f"<node id='{node}' lat='{lat!r}' lon='{lon!r}'/>\n")
        for number, piece in enumerate(pieces, start=1):
            refs = "".join(f"<nd ref='{node}'/>" for node in piece.nodes)
            tags = "".join(f"<tag k={quoteattr(k)} v={quoteattr(v)}/>" for k, v in piece.tags)
            out.write(f"<way id='{number}'>{refs}{tags}</way>\n")
        out.write("</osm>\n")


def _list_drivable(source: osmium.io.File) -> Iterator[_Way]:
    processor = osmium.FileProcessor(source, osmium.osm.WAY)
    for way in processor.with_filter(osmium.filter.KeyFilter("highway")):
        if not isinstance(way, osmium.osm.Way):
            continue
        tags = dict(way.tags)
        if _is_drivable(tags):
            nodes = tuple(node.ref for node in way.nodes)
            yield _Way(way.id, nodes, _list_explicit_tags(tags))


def _is_drivable(tags: dict[str, str]) -> bool:
    if tags["highway"] not in CLASS_INDEX or tags.get("area") == "yes":
        return False
    if tags["highway"] == "service" and tags.get("service") in _CLOSED_SERVICES:
        return False
    stated = next((tags[name] for name in _ACCESS_TAGS if name in tags), "yes")
    return stated not in _CLOSED


def _list_explicit_tags(tags: dict[str, str]) -> tuple[tuple[str, str], ...]:
    highway = tags["highway"]
    maxspeed = tags.get("maxspeed") or tags.get("maxspeed:type")
    explicit = [("highway", highway), ("maxspeed", repr(get_limit_kmh(highway, maxspeed)))]
    is_implied = highway == "motorway" or tags.get("junction") in {"roundabout", "circular"}
    one_way = tags.get("oneway", "yes" if is_implied else "no")
    if one_way in _ONE_WAY:
        explicit.append(("oneway", _ONE_WAY[one_way]))
    return tuple(explicit)


def _read_places(source: osmium.io.File, wanted: set[int]) -> dict[int, tuple[float, float]]:
    if not wanted:
        return {}
    processor = osmium.FileProcessor(source, osmium.osm.NODE)
    places = {}
    for node in processor.with_filter(osmium.filter.IdFilter(wanted)):
        if isinstance(node, osmium.osm.Node) and node.location.valid():
            places[node.id] = (node.location.lat, node.location.lon)
    return places


def _cut_at_missing(way: _Way, places: dict[int, tuple[float, float]]) -> Iterator[_Way]:
    piece: list[int] = []
    for node in (*way.nodes, None):
        if node is not None and node in places:
            if not piece or piece[-1] != node:
                piece.append(node)
            continue
        if len(piece) > 1:
            yield _Way(way.identity, tuple(piece), way.tags)
        piece = []


def _read_root_attributes(path: Path) -> dict[str, str]:
    try:
        with path.open("rb") as stream:
            for _, element in ElementTree.iterparse(stream, events=("start",)):
                return dict(element.attrib)
    except ElementTree.ParseError as error:
        raise _damaged(path) from error
    return {}


def _find_date(stamp: str) -> date | None:
    try:
        return datetime.fromisoformat(stamp.replace("Z", "+00:00")).date()
    except ValueError:
        return None


def _damaged(path: Path) -> RoadsFileError:
    return RoadsFileError(
        path, "it ends too early or is damaged", "download or export it again, whole"
    )
