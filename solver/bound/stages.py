"""A mode labelled by stages: each with a larger table, over what the last one left.

A stage that does not end labelling teaches the table the homes that walks come back to, sweeps out
what no negative run passes (:mod:`solver.bound.sweep`), and is asked again as long as that pays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from solver.bound.ahead import build_ahead, weigh_nodes
from solver.bound.labels import Pace, Priced, label_mode
from solver.bound.modes import FAR, PENNY_PARTS, Ground, Ints, Mode, ModeKey
from solver.bound.open_sets import OpenSets
from solver.bound.sweep import sweep
from solver.bound.walks import Walk, list_open, list_runs, scale_to_hold

FULL = 0.5
"""A table learns no more once it would take so much of a stage, its clock at its widest."""
PAYS = 0.97
"""It goes on learning while that brings the least to so large a share of what it was, or less."""
MOST_RUNS = 2_000


class Stage(NamedTuple):
    """How many numbers the table may hold, and labels there may be."""

    numbers: int
    labels: int


@dataclass(frozen=True, slots=True)
class Labelled:
    """What labelling of a mode gave: the share of the prices that holds, and walks for the master.

    `walks` are complete runs, `loose` those that could not be excluded; `stage` came last.
    """

    share: float
    walks: list[Walk]
    loose: list[Walk]
    stage: int


def label_by_stages(
    ground: Ground,
    key: ModeKey,
    build_mode: Callable[[], Mode],
    dual: Ints,
    stages: list[Stage],
    first: int,
    pick: Callable[[Mode, Iterable[list[int]]], list[Walk]],
    halt: Ints,
    *,
    learns: bool,
) -> Labelled:
    """Label a mode in full at growing stages until one ends it or finds negative runs.

    Parameters
    ----------
    build_mode
        The mode with what its nodes remember now.
    dual
        Per home of the mode, whole parts of a penny.
    stages, first
        Stages that may be used, and which to begin with.
    pick
        Picks those of a mode's walks that would be new to the master.
    learns
        Whether the table is taught what walks come back to.
    """
    share, before = 0.0, np.inf
    stage, is_tried = first, False
    walks: list[Walk] = []
    loose: list[Walk] = []
    sets: OpenSets | None = None
    ways: Ints | None = None
    while True:
        entries, labels = stages[stage]
        mode = build_mode()
        if ways is not None:
            mode = mode._replace(leg_time=ways)
        mode = _fit_memory(mode, entries, sets)
        is_coarse = stage > 0 and sets is None and not is_tried
        seen, ahead = build_ahead(mode, dual, entries, halt, sets, is_coarse=is_coarse)
        if halt[0]:
            break  # the table is not whole: it says nothing
        priced = label_mode(mode, dual, seen, ahead, Pace(labels, labels, False, False), halt)
        share = max(share, _share(mode, priced))
        walks = pick(mode, list_runs(priced, MOST_RUNS))
        if priced.is_whole or walks or halt[0]:
            return Labelled(share, walks, [], stage)
        loose = pick(mode, list_open(priced)) or loose
        is_last = stage + 1 == len(stages)
        if is_last and is_tried and not learns:
            break
        mode, left = sweep(mode, dual, seen, ahead, halt)
        ways = mode.leg_time
        if seen.is_all:
            sets = left
        gains = -priced.least < PAYS * before
        before = -priced.least
        learned = (
            learns and gains and seen.is_all and _learn(ground, key, mode, loose, entries, sets)
        )
        if learned or (is_coarse and (seen.is_all or is_last)):
            is_tried = True
        elif is_last:
            break
        else:
            stage, before, is_tried = stage + 1, np.inf, False
    return Labelled(share, walks, loose, stage)


def _share(mode: Mode, priced: Priced) -> float:
    if priced.least <= -FAR:
        return 0.0
    return scale_to_hold(mode.least_cost, priced.least / PENNY_PARTS)


def _fit_memory(mode: Mode, entries: int, sets: OpenSets | None) -> Mode:
    """The mode with as many of the tabled homes as a table of so many entries has room for."""
    weight = weigh_nodes(mode, entries, sets)
    for most in range(int(mode.tabled.max()), 0, -1):
        tabled = np.minimum(mode.tabled, most)
        if _weigh_table(weight, tabled) <= entries:
            return mode._replace(tabled=tabled)
    return mode._replace(tabled=np.zeros_like(mode.tabled))


def _weigh_table(weight: NDArray[np.int64], tabled: Ints) -> float:
    """The numbers in a table whose nodes remember so many homes."""
    return float((weight * 2.0**tabled).sum())


def _learn(
    ground: Ground,
    key: ModeKey,
    mode: Mode,
    loose: list[Walk],
    entries: int,
    sets: OpenSets | None,
) -> bool:
    """Let the table remember cycles of walks that were left open; whether it learns any."""
    weight = weigh_nodes(mode, entries, sets)
    learned = 0
    for walk in loose:
        if _weigh_table(weight, ground.count_tabled(key)) > FULL * entries:
            break
        learned += ground.table_cycle(key, walk.places)
    return learned > 0
