from dataclasses import replace

import numpy as np
import pytest
from matplotlib.image import imread

from data.writers import MapPicture, MapRun, MapSchool, draw_map, pick_colours
from data.writers.colours import PALETTE, shade_colour


def build_picture(runs: int, schools: int) -> MapPicture:
    """Lay runs between made-up places around Walsall, on a grid of roads."""
    rng = np.random.default_rng(7)
    west, south = -2.06, 52.55
    grid = [
        np.array([[west, south + step * 0.012], [west + 0.18, south + step * 0.012]])
        for step in range(10)
    ]
    ends = rng.uniform((west, south), (west + 0.18, south + 0.11), (runs, 3, 2))
    places = rng.uniform((west, south), (west + 0.18, south + 0.11), (schools, 2))
    return MapPicture(
        title="Re-optimised at today's policy",
        subtitle="Morning runs",
        roads={"residential": grid[:5], "motorway": grid[5:]},
        runs=[
            MapRun(f"R{number:03d}", ("Taxi", "Minibus")[number % 2], (line,))
            for number, line in enumerate(ends)
        ],
        schools=[
            MapSchool(f"Alder Wood School {number}", lon, lat)
            for number, (lon, lat) in enumerate(places)
        ],
        homes=[tuple(line[0]) for line in ends],
        figures=(("Cost a year", "£1,900,000"),),
    )


@pytest.mark.parametrize(("runs", "schools"), [(110, 30), (6, 3), (1, 1), (0, 0)])
def test_a_map_is_drawn_at_every_size(runs, schools, tmp_path, about):
    path = tmp_path / "maps" / "plan.png"
    draw_map(path, build_picture(runs, schools), about)
    pixels = imread(path)
    assert pixels.shape[:2] == (1500, 2250)
    assert [item.name for item in path.parent.iterdir()] == ["plan.png"]


MAP, MARGIN = slice(0, 1720), slice(1720, None)
"""Columns of the picture: the map itself, and the legend beside it."""


def count_pixels(path, colour: str, columns: slice) -> int:
    wanted = np.array([part / 255 for part in bytes.fromhex(colour.removeprefix("#"))])
    pixels = imread(path)[:, columns, :3]
    return int((np.abs(pixels - wanted).max(axis=2) < 0.06).sum())


def test_runs_schools_and_the_stamp_are_seen_on_the_map_and_in_the_legend(tmp_path, about):
    path, bare = tmp_path / "plan.png", tmp_path / "bare.png"
    picture = build_picture(6, 3)
    draw_map(path, picture, about)
    draw_map(bare, replace(picture, runs=(), schools=()), replace(about, is_synthetic=False))
    for colour in (shade_colour(PALETTE[0], 1), shade_colour(PALETTE[1], 1), "#f5c518"):
        assert count_pixels(path, colour, MAP) > 150
        assert count_pixels(bare, colour, MAP) == 0
    for colour in (PALETTE[0], PALETTE[1], "#f5c518", "#9c2a10"):
        assert count_pixels(path, colour, MARGIN) > 100
        assert count_pixels(bare, colour, MARGIN) == 0


@pytest.mark.parametrize("lines", [1, 6])
def test_the_attribution_is_written_beneath_and_stays_on_the_page(lines, tmp_path, about):
    long = tuple(f"Contains data of source {number}, under its licence" for number in range(30))
    credited = replace(about, attribution=long if lines > 1 else about.attribution)
    draw_map(tmp_path / "plan.png", build_picture(2, 1), credited)
    pixels = imread(tmp_path / "plan.png")[..., :3]
    is_written = (pixels < 0.7).any(axis=2)
    assert is_written[1400:].sum() > 1500 * lines
    assert not is_written[1490:].any()
    assert not is_written[1400:, 2235:].any()


def test_the_same_plan_gives_the_same_picture(tmp_path, about):
    draw_map(tmp_path / "one.png", build_picture(20, 8), about)
    draw_map(tmp_path / "two.png", build_picture(20, 8), about)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_many_groups_keep_the_legend_short(tmp_path, about):
    picture = build_picture(40, 2)
    runs = [replace(run, group=f"School {number}") for number, run in enumerate(picture.runs)]
    draw_map(tmp_path / "plan.png", replace(picture, runs=runs), about)
    assert (tmp_path / "plan.png").stat().st_size > 20_000


def test_colours_differ_and_stay():
    pairs = pick_colours(str(number) for number in range(24))
    assert len({colour for _, colour in pairs}) == 24
    assert pick_colours(["b", "a", "b"]) == (("b", PALETTE[0]), ("a", PALETTE[1]))
    assert shade_colour(PALETTE[0], 0) == PALETTE[0]
