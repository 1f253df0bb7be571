from itertools import combinations

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from data.writers.labels import place_labels


def place(anchors: list[tuple[float, float]], name: str) -> tuple[list[Bbox], Bbox]:
    figure = Figure(figsize=(10, 8), dpi=100)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, 10)
    axes.set_ylim(0, 8)
    texts = [axes.text(x, y, name, fontsize=8) for x, y in anchors]
    place_labels(axes, texts, anchors, keep_clear=len(anchors))
    return [text.get_window_extent() for text in texts], axes.get_window_extent()


def overlap(one: Bbox, other: Bbox) -> float:
    common = Bbox.intersection(one, other)
    return 0.0 if common is None else common.width * common.height


def test_names_of_thirty_scattered_schools_do_not_cover_each_other():
    rng = np.random.default_rng(1)
    anchors = [(float(x), float(y)) for x, y in rng.uniform((0.3, 0.3), (9.7, 7.7), (30, 2))]
    boxes, _ = place(anchors, "Alder Wood School")
    assert sum(overlap(a, b) for a, b in combinations(boxes, 2)) < 1.0


def test_two_schools_on_one_spot_are_both_readable():
    boxes, _ = place([(5.0, 4.0), (5.0, 4.0)], "Alder Wood School")
    assert overlap(*boxes) < 1.0


def test_names_stay_inside_the_map():
    corners = [(0.05, 0.05), (9.95, 0.05), (0.05, 7.95), (9.95, 7.95)]
    boxes, frame = place(corners, "Alder Wood School")
    for box in boxes:
        assert frame.x0 <= box.x0 < box.x1 <= frame.x1
        assert frame.y0 <= box.y0 < box.y1 <= frame.y1
