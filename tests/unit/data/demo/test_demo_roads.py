"""The demo borough's roads look and behave like a town's, though none of them exists."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from data.demo.anchors import BUNDLED_POSTCODES, read_anchors, to_points
from data.demo.roads import Road, RoadMap
from data.roads import RoadNetwork, build_matrix
from data.roads.speeds import HIGHWAY_CLASSES
from solver.domain import Dataset


def _draw(road_map: RoadMap, roads: list[Road]) -> list[shapely.LineString]:
    return [shapely.LineString(road_map.xy_m[list(road.corners)]) for road in roads]


@pytest.mark.parametrize("barrier", ["motorway", "canal"])
def test_a_barrier_is_crossed_at_a_few_bridges_only(road_map: RoadMap, barrier: str) -> None:
    line = getattr(road_map.barriers, barrier)
    crossing = [
        road
        for road, drawn in zip(road_map.roads, _draw(road_map, list(road_map.roads)), strict=True)
        if drawn.intersects(line)
    ]
    assert all(road.is_bridge for road in crossing)
    streets = [road for road in crossing if not road.highway.startswith("motorway")]
    # 16 to 20 km of either barrier, a bridge every 0.8 to 1.5 km.
    assert 8 <= len(streets) <= 45


def test_both_barriers_pass_through_the_borough(road_map: RoadMap) -> None:
    homes = shapely.MultiPoint(read_anchors(BUNDLED_POSTCODES).xy_m).convex_hull
    for line in (road_map.barriers.motorway, road_map.barriers.canal):
        assert line.intersection(homes).length > 8_000


def test_the_motorway_is_left_and_joined_by_slip_roads_only(road_map: RoadMap) -> None:
    carriageways = [road for road in road_map.roads if road.highway == "motorway"]
    slips = [road for road in road_map.roads if road.highway == "motorway_link"]
    streets = [road for road in road_map.roads if not road.highway.startswith("motorway")]
    on_motorway = {corner for road in carriageways for corner in road.corners}
    assert all(road.is_one_way for road in carriageways + slips)
    assert not on_motorway & {corner for road in streets for corner in road.corners}
    joints = {corner for road in slips for corner in road.corners} - on_motorway
    assert joints <= {corner for road in streets for corner in road.corners}
    # Four junctions with two streets each, and a street at either end.
    assert 6 <= len(joints) <= 10


def test_a_barrier_makes_the_way_across_it_longer(road_map: RoadMap, network: RoadNetwork) -> None:
    """Pairs of homes 1 to 2 km apart: those that a barrier parts drive farther than the others."""
    xy_m = read_anchors(BUNDLED_POSTCODES).xy_m[::12]
    matrix = build_matrix(network, to_points(xy_m), snap_limit_m=250).matrix
    straight_m = np.hypot(*(xy_m[:, None] - xy_m[None]).transpose(2, 0, 1))
    rows, columns = np.nonzero(np.triu((straight_m > 1000) & (straight_m < 2000)))
    legs = shapely.linestrings(np.stack((xy_m[rows], xy_m[columns]), axis=1))
    barriers = shapely.union_all([road_map.barriers.motorway, road_map.barriers.canal])
    is_parted = shapely.intersects(legs, barriers)
    detour = matrix.dist_m[rows, columns] / straight_m[rows, columns]
    assert is_parted.sum() > 100
    assert np.median(detour[is_parted]) > np.median(detour[~is_parted]) + 0.03


def test_detours_are_those_of_a_town(network: RoadNetwork) -> None:
    xy_m = read_anchors(BUNDLED_POSTCODES).xy_m[::8]
    matrix = build_matrix(network, to_points(xy_m), snap_limit_m=250).matrix
    straight_m = np.hypot(*(xy_m[:, None] - xy_m[None]).transpose(2, 0, 1))
    is_far = straight_m > 1000
    ratio = matrix.dist_m[is_far] / straight_m[is_far]
    assert 1.22 < np.median(ratio) < 1.45
    assert np.percentile(ratio, 95) < 1.9
    assert (matrix.dist_m[is_far] < matrix.dist_m.max() + 1).all()


def test_roads_are_faster_the_higher_their_class(network: RoadNetwork) -> None:
    speeds: dict[str, list[float]] = defaultdict(list)
    for index, dist_m, time_s in zip(network.highway, network.dist_m, network.time_s, strict=True):
        speeds[HIGHWAY_CLASSES[index].name].append(float(dist_m / time_s / 0.44704))
    mean = {name: float(np.mean(values)) for name, values in speeds.items()}
    # Limits in mph x 0.8: motorway 70, trunk 50 and less in towns, residential 20 and 30.
    assert mean["motorway"] == pytest.approx(56, abs=0.1)
    assert mean["motorway"] > mean["trunk"] > mean["secondary"] > mean["residential"]
    assert mean["primary"] > mean["residential"]
    assert {round(value) for value in speeds["residential"]} <= {16, 17, 18, 19, 20, 21, 22, 23, 24}


def test_most_roads_are_quiet_and_a_few_are_main_roads(network: RoadNetwork) -> None:
    total_m = float(network.dist_m.sum())
    share = {
        item.name: float(network.dist_m[network.highway == index].sum()) / total_m
        for index, item in enumerate(HIGHWAY_CLASSES)
    }
    assert share["residential"] + share["unclassified"] > 0.5
    assert 0.03 < share["trunk"] + share["primary"] < 0.15
    assert 0.1 < share["secondary"] + share["tertiary"] < 0.4


def test_some_streets_are_one_way_and_nothing_is_cut_off(network: RoadNetwork) -> None:
    is_quiet = network.highway == [item.name for item in HIGHWAY_CLASSES].index("residential")
    one_way = network.twin < 0
    assert 0.01 < one_way[is_quiet].mean() < 0.08
    count = len(network.node_lat)
    links = coo_array(
        (np.ones(len(network.tail)), (network.tail, network.head)), shape=(count, count)
    )
    parts, _ = connected_components(links.tocsr(), directed=True, connection="strong")
    assert parts == 1
    assert not network.is_island.any()


def test_every_home_and_school_is_on_the_roads(network: RoadNetwork, dataset: Dataset) -> None:
    points = [pupil.home for pupil in dataset.pupils]
    points += [rule.point for pupil in dataset.pupils for rule in pupil.other_addresses]
    points += [school.point for school in dataset.schools]
    result = build_matrix(network, points, snap_limit_m=250)
    assert result.off_map == ()
    assert result.unreachable == ()
    assert np.median(result.snapped_m) < 60


def test_roads_reach_kilometres_beyond_the_borough(network: RoadNetwork) -> None:
    homes = to_points(read_anchors(BUNDLED_POSTCODES).xy_m)
    west, south, east, north = network.bounds
    # 0.04 degrees north are 4.4 km, 0.06 degrees east are 4.1 km.
    assert south < min(home.lat for home in homes) - 0.04
    assert north > max(home.lat for home in homes) + 0.04
    assert west < min(home.lon for home in homes) - 0.06
    assert east > max(home.lon for home in homes) + 0.06


def test_the_network_says_that_it_is_synthetic(network: RoadNetwork) -> None:
    assert network.is_synthetic
    assert network.attribution.startswith("Synthetic roads of a fictional borough")
    assert "Contains OS data © Crown copyright and database right 2025" in network.attribution
    assert network.name == "synthetic_roads"
