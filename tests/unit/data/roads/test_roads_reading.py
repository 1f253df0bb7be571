"""Roads files: what is kept of them, what their roads are worth, and what bad ones get."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.roads import RoadNetwork, RoadsFileError, list_lines, read_network
from data.roads.speeds import HIGHWAY_CLASSES, find_limit_kmh, get_limit_kmh

# One degree of latitude on osmnx's sphere of 6,371,009 m: 6371009 x pi / 180 = 111,195.08 m.
M_PER_DEGREE = 6_371_009 * math.pi / 180

LINE = {1: (52.00, -2.0), 2: (52.01, -2.0), 3: (52.02, -2.0)}


def test_a_two_way_road_is_a_pair_of_twins_with_default_speed(write_osm: Any) -> None:
    network = read_network(write_osm(LINE, [([1, 2, 3], {"highway": "residential"})]))
    # 0.02 degrees = 2,223.90 m; residential without a tag: 30 mph x 0.8 = 24 mph
    # = 24 x 0.44704 = 10.72896 m/s, so 2,223.90 / 10.72896 = 207.28 s.
    assert network.dist_m == pytest.approx([0.02 * M_PER_DEGREE] * 2)
    assert network.time_s == pytest.approx([207.28] * 2, abs=0.01)
    assert network.twin.tolist() == [1, 0]
    assert len(network.node_lat) == 2, "the middle node is only a bend"
    assert network.get_shape(0).tolist() == network.get_shape(1)[::-1].tolist()
    assert len(network.get_shape(0)) == 3


@pytest.mark.parametrize(
    ("tags", "m_per_s"),
    [
        ({"highway": "residential", "maxspeed": "20 mph"}, 20 * 0.44704 * 0.8),
        ({"highway": "residential", "maxspeed": "50"}, 50 / 3.6 * 0.8),
        ({"highway": "primary", "maxspeed": "national"}, 60 * 0.44704 * 0.8),
        ({"highway": "primary", "maxspeed:type": "GB:nsl_dual"}, 70 * 0.44704 * 0.8),
        ({"highway": "primary", "maxspeed": "signals"}, 40 * 0.44704 * 0.8),
        ({"highway": "motorway"}, 70 * 0.44704 * 0.8),
        ({"highway": "service"}, 10 * 0.44704 * 0.8),
    ],
)
def test_speed_is_the_limit_times_the_driven_share(
    write_osm: Any, tags: dict[str, str], m_per_s: float
) -> None:
    network = read_network(write_osm(LINE, [([1, 2, 3], tags)]))
    assert network.dist_m / network.time_s == pytest.approx(m_per_s)


def test_limits_are_read_in_both_units() -> None:
    assert find_limit_kmh("30 mph") == pytest.approx(48.28032)
    assert find_limit_kmh("48") == 48
    assert find_limit_kmh("60;40") == 40
    assert find_limit_kmh("variable") is None
    assert find_limit_kmh("0") is None
    assert get_limit_kmh("motorway", None) == pytest.approx(112.65408)


def test_parts_of_a_road_with_other_limits_keep_their_own_time(write_osm: Any) -> None:
    network = read_network(
        write_osm(
            LINE,
            [
                ([1, 2], {"highway": "primary", "maxspeed": "20 mph"}),
                ([2, 3], {"highway": "primary", "maxspeed": "40 mph"}),
            ],
        )
    )
    half_m = 0.01 * M_PER_DEGREE
    expected_s = half_m / (16 * 0.44704) + half_m / (32 * 0.44704)
    assert network.time_s == pytest.approx([expected_s] * 2), "one edge, both limits in its time"


@pytest.mark.parametrize(
    ("tags", "ways"),
    [
        ({"oneway": "yes"}, [(52.0, 52.02)]),
        ({"oneway": "-1"}, [(52.02, 52.0)]),
        ({"highway": "motorway"}, [(52.0, 52.02)]),
        ({"junction": "roundabout"}, [(52.0, 52.02)]),
        ({"highway": "motorway", "oneway": "no"}, [(52.0, 52.02), (52.02, 52.0)]),
    ],
)
def test_one_way_roads_have_one_direction(
    write_osm: Any, tags: dict[str, str], ways: list[tuple[float, float]]
) -> None:
    network = read_network(write_osm(LINE, [([1, 2, 3], {"highway": "primary"} | tags)]))
    driven = [
        (network.node_lat[tail], network.node_lat[head])
        for tail, head in zip(network.tail, network.head, strict=True)
    ]
    assert driven == ways


@pytest.mark.parametrize(
    "tags",
    [
        {"highway": "footway"},
        {"highway": "residential", "access": "private"},
        {"highway": "service", "service": "driveway"},
        {"highway": "residential", "motor_vehicle": "no"},
        {"highway": "service", "area": "yes"},
        {"highway": "construction"},
    ],
)
def test_roads_closed_to_vehicles_are_left_out(write_osm: Any, tags: dict[str, str]) -> None:
    nodes = LINE | {4: (52.0, -2.01)}
    path = write_osm(nodes, [([1, 2, 3], {"highway": "residential"}), ([1, 4], tags)])
    assert len(read_network(path).node_lat) == 2


def test_the_most_specific_access_tag_decides(write_osm: Any) -> None:
    tags = {"highway": "residential", "access": "no", "motor_vehicle": "destination"}
    assert len(read_network(write_osm(LINE, [([1, 2, 3], tags)])).tail) == 2


def test_a_road_is_cut_where_its_node_is_outside_the_extract(write_osm: Any) -> None:
    path = write_osm(LINE, [([9, 1, 2, 3, 8], {"highway": "residential"})])
    assert read_network(path).dist_m == pytest.approx([0.02 * M_PER_DEGREE] * 2)


def test_homes_are_placed_only_on_joined_roads_with_doors(write_osm: Any) -> None:
    nodes = LINE | {4: (52.0, -2.5), 5: (52.01, -2.5), 6: (52.03, -2.0)}
    network = read_network(
        write_osm(
            nodes,
            [
                ([1, 2, 3], {"highway": "residential"}),
                ([3, 6], {"highway": "motorway", "oneway": "no"}),
                ([4, 5], {"highway": "residential"}),
            ],
        )
    )
    kinds = {
        (HIGHWAY_CLASSES[index].name, bool(joined), bool(island))
        for index, joined, island in zip(
            network.highway, network.is_snappable, network.is_island, strict=True
        )
    }
    assert kinds == {
        ("residential", True, False),
        ("motorway", False, False),
        ("residential", False, True),
    }


def test_lines_for_maps_are_drawn_once_by_class(write_osm: Any) -> None:
    network = read_network(
        write_osm(
            LINE | {4: (52.0, -2.01)},
            [([1, 2, 3], {"highway": "residential"}), ([1, 4], {"highway": "primary"})],
        )
    )
    lines = list_lines(network)
    assert list(lines) == ["residential", "primary"], "the main road is drawn on top"
    assert [len(drawn) for drawn in lines.values()] == [1, 1]
    assert lines["primary"][0].shape == (2, 2)


def test_a_network_is_the_same_from_its_file_and_from_the_cache(
    write_osm: Any, tmp_path: Path
) -> None:
    path = write_osm(LINE, [([1, 2, 3], {"highway": "residential"})])
    cache = tmp_path / "cache"
    read = read_network(path, cache=cache)
    (kept,) = cache.iterdir()
    assert kept.name == f"{read.content_hash}.npz"
    for again in (RoadNetwork.load(kept), read_network(path, cache=cache)):
        for name in RoadNetwork.__slots__:
            assert np.array_equal(getattr(again, name), getattr(read, name)), name


def test_the_same_roads_under_another_name_keep_that_name(write_osm: Any, tmp_path: Path) -> None:
    ways = [([1, 2, 3], {"highway": "residential"})]
    cache = tmp_path / "cache"
    assert read_network(write_osm(LINE, ways, name="north.osm"), cache=cache).name == "north"
    assert read_network(write_osm(LINE, ways, name="south.osm"), cache=cache).name == "south"
    assert len(list(cache.iterdir())) == 1


def test_a_damaged_cache_is_made_again(write_osm: Any, tmp_path: Path) -> None:
    path = write_osm(LINE, [([1, 2, 3], {"highway": "residential"})])
    digest = read_network(path, cache=tmp_path).content_hash
    kept = tmp_path / f"{digest}.npz"
    kept.write_bytes(kept.read_bytes()[:100])
    assert len(read_network(path, cache=tmp_path).tail) == 2
    assert len(RoadNetwork.load(kept).tail) == 2


def test_the_hash_follows_the_content(write_osm: Any) -> None:
    first = read_network(write_osm(LINE, [([1, 2, 3], {"highway": "residential"})]))
    other = read_network(write_osm(LINE, [([1, 2, 3], {"highway": "primary"})], name="b.osm"))
    same = read_network(write_osm(LINE, [([1, 2, 3], {"highway": "residential"})], name="c.osm"))
    assert first.content_hash != other.content_hash
    assert first.content_hash == same.content_hash


def test_real_roads_name_their_licence_and_are_not_synthetic(newport: RoadNetwork) -> None:
    assert newport.licence == "Open Database Licence (ODbL) 1.0"
    assert newport.attribution == "© OpenStreetMap contributors"
    assert not newport.is_synthetic
    assert newport.name == "newport_drive"


def test_a_synthetic_file_says_so(write_osm: Any) -> None:
    root = 'generator="Schoolrun synthetic roads 1" attribution="made up" license="OGL v3"'
    path = write_osm(LINE, [([1, 2, 3], {"highway": "residential"})], root=root)
    network = read_network(path)
    assert network.is_synthetic
    assert (network.attribution, network.licence) == ("made up", "OGL v3")


def test_the_whole_city_gives_the_same_roads_as_its_drivable_ways(
    shared: Path, newport: RoadNetwork, network_cache: Path
) -> None:
    whole = read_network(shared / "data/osm/newport.osm.pbf", cache=network_cache)
    for name in ("node_lat", "node_lon", "tail", "head", "time_s", "dist_m", "twin"):
        assert np.array_equal(getattr(whole, name), getattr(newport, name)), name
    # A city of 160,000 people has some 1,000 km of streets, nearly all of them joined.
    assert 900_000 < newport.dist_m.sum() < 1_300_000
    assert newport.is_island.sum() < 0.05 * len(newport.tail)


@pytest.fixture(params=["newport_drive.osm.pbf", "town.osm"])
def good_file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == "town.osm":
        write = request.getfixturevalue("write_osm")
        return Path(write(LINE, [([1, 2, 3], {"highway": "residential"})]))
    return Path(request.getfixturevalue("shared") / "data/osm" / request.param)


def _write_empty(path: Path, good: bytes) -> None:
    path.write_bytes(b"")


def _write_half(path: Path, good: bytes) -> None:
    path.write_bytes(good[: len(good) // 2])


def _write_table(path: Path, good: bytes) -> None:
    path.write_text("reference,school\n1,2\n", encoding="utf-8")


def _write_zip(path: Path, good: bytes) -> None:
    path.write_bytes(b"PK\x03\x04" + bytes(100))


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (_write_empty, "it is empty"),
        (_write_half, "it ends too early or is damaged"),
        (_write_table, "it is not an OpenStreetMap file"),
        (_write_zip, "it is a compressed archive"),
    ],
)
def test_a_bad_file_is_refused_with_what_to_do(
    spoil: Any, problem: str, good_file: Path, tmp_path: Path
) -> None:
    name = good_file.name
    path = tmp_path / name
    spoil(path, good_file.read_bytes())
    with pytest.raises(RoadsFileError, match=problem) as caught:
        read_network(path, cache=tmp_path / "cache")
    assert str(caught.value).startswith(f"roads file {name}: ")
    assert caught.value.remedy
    assert not list(tmp_path.glob("cache/*")), "nothing is kept of a bad file"


def test_a_file_without_drivable_roads_is_refused(write_osm: Any) -> None:
    with pytest.raises(RoadsFileError, match="no road that a vehicle may use"):
        read_network(write_osm(LINE, [([1, 2, 3], {"highway": "footway"})]))


def test_a_file_without_nodes_is_refused(write_osm: Any) -> None:
    with pytest.raises(RoadsFileError, match="no road that a vehicle may use"):
        read_network(write_osm({}, [([1, 2, 3], {"highway": "residential"})]))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RoadsFileError, match=r"nowhere\.osm: there is no such file"):
        read_network(tmp_path / "nowhere.osm")


def test_entities_in_xml_are_not_expanded(tmp_path: Path) -> None:
    path = tmp_path / "bomb.osm"
    path.write_text(
        '<?xml version="1.0"?><!DOCTYPE osm [<!ENTITY a "aaaaaaaaaa">'
        '<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
        '<osm version="0.6"><node id="1" lat="52" lon="-2"><tag k="n" v="&b;"/></node></osm>',
        encoding="utf-8",
    )
    with pytest.raises(RoadsFileError, match="damaged"):
        read_network(path)
