"""The default demo borough, written and read once for all tests of this folder."""

from __future__ import annotations

import numpy as np
import pytest

from data.demo import BOROUGH_NAME, BoroughFiles, write_borough
from data.demo.anchors import BUNDLED_POSTCODES, read_anchors
from data.demo.roads import RoadMap, build_roads
from data.readers.council import CouncilData, read_council
from data.roads import RoadNetwork, read_network
from solver.domain import Dataset


@pytest.fixture(scope="session")
def borough(tmp_path_factory: pytest.TempPathFactory) -> BoroughFiles:
    return write_borough(tmp_path_factory.mktemp("borough"))


@pytest.fixture(scope="session")
def council(borough: BoroughFiles) -> CouncilData:
    return read_council(borough.council, name=BOROUGH_NAME, is_synthetic=True)


@pytest.fixture(scope="session")
def dataset(council: CouncilData) -> Dataset:
    assert council.dataset is not None, council.report.errors
    return council.dataset


@pytest.fixture(scope="session")
def network(borough: BoroughFiles, tmp_path_factory: pytest.TempPathFactory) -> RoadNetwork:
    return read_network(borough.roads, cache=tmp_path_factory.mktemp("networks"))


@pytest.fixture(scope="session")
def road_map() -> RoadMap:
    """The map that the default borough's roads file is written from."""
    anchors = read_anchors(BUNDLED_POSTCODES)
    return build_roads(anchors.xy_m, np.random.Generator(np.random.PCG64([42, 0])))
