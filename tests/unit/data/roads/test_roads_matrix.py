"""Travel matrices and route lines over small towns with known answers, and over a real city."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import networkx as nx
import numpy as np
import pytest

from data.roads import RoadNetwork, build_matrix, read_network, trace_paths
from data.roads.snapping import place_points
from solver.domain import UNREACHABLE, Point

M_PER_DEGREE = 6_371_009 * math.pi / 180
MPH = 0.44704

# A square of about 1.1 km by 0.7 km; node 3 at the north-east.
SQUARE = {1: (52.00, -2.00), 2: (52.01, -2.00), 3: (52.01, -1.99), 4: (52.00, -1.99)}


@pytest.fixture
def street(write_osm: Any) -> RoadNetwork:
    """One straight two-way street of 0.01 degrees, 1,111.95 m, at 25 mph x 0.8 = 20 mph."""
    nodes = {1: (52.00, -2.0), 2: (52.01, -2.0)}
    tags = {"highway": "residential", "maxspeed": "25 mph"}
    return read_network(write_osm(nodes, [([1, 2], tags)]))


def test_points_on_one_street_are_apart_by_the_part_between_them(street: RoadNetwork) -> None:
    # At 20 % and 70 % of the street: half of it lies between, 555.975 m,
    # 555.975 / (20 x 0.44704) = 62.18 s, rounded up 63.
    points = [Point(52.002, -2.0), Point(52.007, -2.0)]
    result = build_matrix(street, points, snap_limit_m=50)
    assert result.matrix.dist_m.tolist() == [[0, 556], [556, 0]]
    assert result.matrix.time_s.tolist() == [[0, 63], [63, 0]]
    assert result.off_map == ()
    assert result.unreachable == ()


def test_a_point_beside_the_street_starts_at_its_nearest_place(street: RoadNetwork) -> None:
    # 0.001 degrees of longitude at 52.005 north: 111,195 x cos(52.005) x 0.001 = 68.45 m.
    beside = Point(52.005, -1.999)
    result = build_matrix(street, [beside, Point(52.0, -2.0)], snap_limit_m=250)
    assert result.snapped_m == pytest.approx([68.45, 0.0], rel=3e-3, abs=0.01)
    assert result.matrix.dist_m[0, 1] == pytest.approx(0.005 * M_PER_DEGREE, abs=1)


def test_a_one_way_street_is_driven_forward_only(write_osm: Any) -> None:
    # Sides: 1-2 and 3-4 are 1,111.95 m; 2-3 is 684.7 m, 4-1 is 684.6 m. All one-way round 1-2-3-4.
    path = write_osm(SQUARE, [([1, 2, 3, 4, 1], {"highway": "residential", "oneway": "yes"})])
    network = read_network(path)
    low, high = Point(52.002, -2.0), Point(52.007, -2.0)
    result = build_matrix(network, [low, high], snap_limit_m=50)
    round_m = float(network.dist_m.sum())
    assert result.matrix.dist_m[0, 1] == pytest.approx(0.005 * M_PER_DEGREE, abs=1)
    assert result.matrix.dist_m[1, 0] == pytest.approx(round_m - 0.005 * M_PER_DEGREE, abs=1)


def test_the_distance_is_that_of_the_fastest_path(write_osm: Any) -> None:
    # From 1 to 3 by 2 (slow, 10 mph) or by 4 and a detour node 5 (fast, 70 mph, longer).
    nodes = SQUARE | {5: (51.99, -1.98)}
    network = read_network(
        write_osm(
            nodes,
            [
                ([1, 2, 3], {"highway": "residential", "maxspeed": "10 mph"}),
                ([1, 5, 3], {"highway": "primary", "maxspeed": "70 mph"}),
            ],
        )
    )
    result = build_matrix(network, [Point(*SQUARE[1]), Point(*SQUARE[3])], snap_limit_m=10)
    slow_m = float(network.dist_m[network.highway == network.highway.max()].max())
    fast_m = float(network.dist_m[network.highway == network.highway.min()].max())
    assert fast_m > 1.5 * slow_m
    assert result.matrix.dist_m[0, 1] == pytest.approx(fast_m, abs=1)
    assert result.matrix.time_s[0, 1] == math.ceil(fast_m / (56 * MPH))


def test_of_two_roads_between_two_junctions_the_faster_counts(write_osm: Any) -> None:
    nodes = {1: (52.0, -2.0), 2: (52.01, -2.0), 3: (52.005, -1.99)}
    network = read_network(
        write_osm(
            nodes,
            [
                ([1, 2], {"highway": "residential", "maxspeed": "50 mph"}),
                ([1, 3, 2], {"highway": "residential", "maxspeed": "20 mph"}),
            ],
        )
    )
    result = build_matrix(network, [Point(52.0, -2.0), Point(52.01, -2.0)], snap_limit_m=10)
    assert result.matrix.time_s[0, 1] == math.ceil(0.01 * M_PER_DEGREE / (40 * MPH))


def test_one_place_twice_is_no_way_at_all(street: RoadNetwork) -> None:
    home = Point(52.003, -2.0)
    result = build_matrix(street, [home, Point(52.01, -2.0), home], snap_limit_m=50)
    assert result.matrix.time_s[0, 2] == result.matrix.time_s[2, 0] == 0
    assert result.matrix.dist_m[0, 2] == 0
    assert np.array_equal(result.matrix.time_s[0], result.matrix.time_s[2])


def test_points_off_the_map_are_named_and_not_moved(street: RoadNetwork) -> None:
    # 0.01 degrees of longitude are 684 m from the street; (0, 0) is in the Atlantic.
    points = [Point(52.005, -2.0), Point(52.005, -1.99), Point(0.0, 0.0), Point(52.0, -2.0)]
    result = build_matrix(street, points, snap_limit_m=250)
    assert result.off_map == (1, 2)
    assert result.unreachable == ()
    assert (result.matrix.time_s[1] == [UNREACHABLE, 0, UNREACHABLE, UNREACHABLE]).all()
    assert (result.matrix.dist_m[:, 2] == [UNREACHABLE, UNREACHABLE, 0, UNREACHABLE]).all()
    assert result.matrix.time_s[0, 3] < UNREACHABLE
    assert result.snapped_m[1] == pytest.approx(684.5, rel=3e-3), "how far off is told"
    assert np.isinf(result.snapped_m[2])
    assert build_matrix(street, points, snap_limit_m=700).off_map == (2,)


def test_a_home_on_an_island_is_named_even_if_the_mainland_is_in_reach(write_osm: Any) -> None:
    # The island street lies 0.003 degrees of longitude = 205 m east of the mainland's.
    nodes = {
        1: (52.00, -2.0),
        2: (52.01, -2.0),
        3: (52.02, -2.0),
        7: (52.00, -1.997),
        8: (52.005, -1.997),
    }
    tags = {"highway": "residential"}
    network = read_network(write_osm(nodes, [([1, 2, 3], tags), ([7, 8], tags)]))
    island, mainland = Point(52.002, -1.9971), Point(52.002, -1.9999)
    result = build_matrix(network, [mainland, island, Point(52.02, -2.0)], snap_limit_m=250)
    assert result.unreachable == (1,)
    assert result.off_map == ()
    assert result.matrix.time_s[1].tolist() == [UNREACHABLE, 0, UNREACHABLE]


def test_a_home_beside_a_short_cut_off_road_is_placed_on_the_street(write_osm: Any) -> None:
    # The cut-off road is 0.001 degrees = 68 m away from the street: within the slack of 100 m.
    nodes = {1: (52.00, -2.0), 2: (52.01, -2.0), 7: (52.001, -1.999), 8: (52.003, -1.999)}
    tags = {"highway": "residential"}
    network = read_network(write_osm(nodes, [([1, 2], tags), ([7, 8], tags)]))
    placing = place_points(network, [Point(52.002, -1.999)], snap_limit_m=250)
    assert placing.unreachable == ()
    assert placing.away_m == pytest.approx([68.45], rel=3e-3)


def test_no_home_is_placed_on_a_motorway(write_osm: Any) -> None:
    nodes = {1: (52.00, -2.0), 2: (52.01, -2.0), 3: (52.01, -1.998), 4: (52.00, -1.998)}
    network = read_network(
        write_osm(
            nodes,
            [
                ([1, 2, 3], {"highway": "motorway", "oneway": "no"}),
                ([1, 4, 3], {"highway": "residential"}),
            ],
        )
    )
    placing = place_points(network, [Point(52.005, -2.0)], snap_limit_m=250)
    # 0.002 degrees of longitude: 136.9 m across to the residential road.
    assert placing.away_m == pytest.approx([136.9], rel=3e-3)


def test_no_points_give_an_empty_matrix(street: RoadNetwork) -> None:
    result = build_matrix(street, [], snap_limit_m=250)
    assert len(result.matrix) == 0
    assert trace_paths(street, []) == []


def test_a_traced_path_follows_the_bends(write_osm: Any) -> None:
    network = read_network(write_osm(SQUARE, [([1, 2, 3], {"highway": "residential"})]))
    ((path),) = trace_paths(network, [(Point(52.005, -2.0), Point(52.01, -1.995))])
    assert path == pytest.approx(
        np.array([(-2.0, 52.005), (-2.0, 52.01), (-1.995, 52.01)]), abs=1e-5
    )
    ((back),) = trace_paths(network, [(Point(52.01, -1.995), Point(52.005, -2.0))])
    assert np.array(back) == pytest.approx(np.array(path[::-1]), abs=1e-9)


def test_a_leg_that_goes_nowhere_is_drawn_as_one_place(street: RoadNetwork) -> None:
    home = Point(52.004, -2.0)
    ((path),) = trace_paths(street, [(home, home)])
    assert path[0] == path[1] == pytest.approx((-2.0, 52.004), abs=1e-6)


def test_a_leg_with_an_end_off_the_map_has_no_path(street: RoadNetwork) -> None:
    legs = [(Point(52.0, -2.0), Point(0.0, 0.0)), (Point(52.0, -2.0), Point(52.01, -2.0))]
    nowhere, somewhere = trace_paths(street, legs, snap_limit_m=250)
    assert nowhere == []
    assert len(somewhere) == 2


def _sample_points(network: RoadNetwork, count: int, seed: int) -> list[Point]:
    rng = np.random.Generator(np.random.PCG64(seed))
    edges = rng.choice(np.flatnonzero(network.is_snappable), count, replace=False)
    shapes = [network.get_shape(int(edge)) for edge in edges]
    middles = [(shape[0] + shape[1]) / 2 for shape in shapes]
    return [Point(float(lat), float(lon)) for lon, lat in middles]


def test_the_matrix_agrees_with_networkx_on_a_real_city(newport: RoadNetwork) -> None:
    graph = nx.DiGraph()
    for edge in range(len(newport.tail)):
        tail, head = int(newport.tail[edge]), int(newport.head[edge])
        known = graph.get_edge_data(tail, head)
        if known is None or newport.time_s[edge] < known["time_s"]:
            graph.add_edge(tail, head, time_s=float(newport.time_s[edge]))
    rng = np.random.Generator(np.random.PCG64(7))
    ends = np.unique(newport.tail[newport.is_snappable])
    nodes = [int(node) for node in rng.choice(ends, 25, replace=False)]
    points = [Point(float(newport.node_lat[n]), float(newport.node_lon[n])) for n in nodes]
    result = build_matrix(newport, points, snap_limit_m=5)
    for row, source in enumerate(nodes):
        lengths = nx.single_source_dijkstra_path_length(graph, source, weight="time_s")
        expected = np.array([lengths[target] for target in nodes])
        # Rounded up to a second, after each edge was rounded to a millisecond.
        assert (result.matrix.time_s[row] >= expected - 0.2).all()
        assert (result.matrix.time_s[row] <= expected + 1.2).all()


def test_traced_lines_are_as_long_as_the_matrix_says(newport: RoadNetwork) -> None:
    points = _sample_points(newport, 40, seed=3)
    result = build_matrix(newport, points, snap_limit_m=250)
    legs = list(pairwise(points))
    for leg, path in enumerate(trace_paths(newport, legs)):
        lon, lat = np.radians(np.array(path)).T
        east = np.diff(lon) * np.cos((lat[1:] + lat[:-1]) / 2)
        metres = float(np.hypot(east, np.diff(lat)).sum() * 6_371_009)
        assert metres == pytest.approx(result.matrix.dist_m[leg, leg + 1], rel=2e-3, abs=5)


def test_no_detour_is_faster_than_the_fastest_way(newport: RoadNetwork) -> None:
    time_s = build_matrix(newport, _sample_points(newport, 80, seed=5), snap_limit_m=250).matrix
    direct = time_s.time_s.astype(np.int64)
    by_way_of = (direct[:, :, None] + direct[None, :, :]).min(axis=1)
    assert (by_way_of == direct).all(), "by way of itself at best, never less"


def test_a_thousand_points_of_a_real_city_are_all_joined(newport: RoadNetwork) -> None:
    points = _sample_points(newport, 1000, seed=11)
    result = build_matrix(newport, points, snap_limit_m=250)
    assert result.off_map == ()
    assert result.unreachable == ()
    time_s, dist_m = result.matrix.time_s, result.matrix.dist_m
    assert time_s.max() < 3600, "nowhere in Newport is an hour from anywhere else in it"
    assert (np.diag(time_s) == 0).all()
    # Free-flow speed is between a crawl and the motorway limit.
    apart = dist_m > 500
    speeds = dist_m[apart] / time_s[apart]
    assert 3 < speeds.min() < speeds.max() < 70 * MPH
