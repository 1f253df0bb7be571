"""The roads that the tests of this folder share."""

from __future__ import annotations

import pytest
from straight_town import write_roads

from data.roads import RoadNetwork, read_network


@pytest.fixture(scope="session")
def road(tmp_path_factory: pytest.TempPathFactory) -> RoadNetwork:
    """The straight road of the town."""
    folder = tmp_path_factory.mktemp("straight_town")
    return read_network(write_roads(folder / "roads.osm"), cache=folder / "networks")
