"""Roads that the tests of this folder share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from data.roads import RoadNetwork, read_network

type WriteOsm = Callable[..., Path]


@pytest.fixture(scope="session")
def network_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("networks")


@pytest.fixture(scope="session")
def newport(shared: Path, network_cache: Path) -> RoadNetwork:
    return read_network(shared / "data/osm/newport_drive.osm.pbf", cache=network_cache)


@pytest.fixture
def write_osm(tmp_path: Path) -> WriteOsm:
    """Return a writer of small OSM files: nodes id -> (lat, lon), ways of (node ids, tags)."""

    def write(
        nodes: dict[int, tuple[float, float]],
        ways: list[tuple[list[int], dict[str, str]]],
        *,
        name: str = "town.osm",
        root: str = "",
    ) -> Path:
        lines = [f'<?xml version="1.0" encoding="UTF-8"?><osm version="0.6" {root}>']
        lines += [f'<node id="{i}" lat="{y}" lon="{x}"/>' for i, (y, x) in nodes.items()]
        for number, (refs, tags) in enumerate(ways, start=1):
            body = "".join(f'<nd ref="{ref}"/>' for ref in refs)
            body += "".join(f'<tag k="{key}" v="{value}"/>' for key, value in tags.items())
            lines.append(f'<way id="{number}">{body}</way>')
        path = tmp_path / name
        path.write_text("\n".join([*lines, "</osm>"]), encoding="utf-8")
        return path

    return write
