"""A mode labelled by stages: each with a larger table, over what the last one left.

A stage that does not end labelling teaches the table the homes that walks come back to, sweeps out
what no negative run passes (:mod:`solver.bound.sweep`), and is asked again as long as that pays.
While near schools count as one its clock is as coarse as may be, and no run grows beyond its first
home: what the table then says of each teaches it, and soon makes room for smaller groups.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from solver.bound.ahead import build_ahead, weigh_nodes
from solver.bound.labels import UNKNOWN, Pace, Priced, label_mode
from solver.bound.modes import PENNY_PARTS, Ground, Ints, Mode, ModeKey
from solver.bound.open_sets import OpenSets, list_sets
from solver.bound.sweep import sweep
from solver.bound.walks import Walk, list_open, list_runs, scale_to_hold

FULL = 0.5
"""A table learns no more once it would take so much of a stage, its clock at its widest."""
PAYS, PAYS_GROUPED = 0.97, 0.85
"""It goes on learning while that brings the least to so large a share of what it was, or less."""
MOST_RUNS = 2_000
QUICK = Pace(labels=30_000, runs=300, is_greedy=True, is_quick=True)
QUICK_NUMBERS = 2_000_000


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
    stage, sets = _list_first(build_mode(), stages, first)
    is_new, is_settled = True, False
    walks: list[Walk] = []
    loose: list[Walk] = []
    ways: Ints | None = None
    while sets is not None:
        entries, labels = stages[stage]
        is_last = stage + 1 == len(stages)
        mode = build_mode()
        mode = mode if ways is None else mode._replace(leg_time=ways)
        mode = _fit_memory(mode, entries, sets)
        is_grouped = not sets.is_fine and not is_settled
        is_coarse = is_grouped or (stage > 0 and is_new and ways is None)
        ahead = build_ahead(mode, dual, entries, halt, sets, is_coarse=is_coarse)
        if halt[0]:
            break  # the table is not whole: it says nothing
        most = len(mode.homes) + 1 if is_grouped else labels
        priced = label_mode(mode, dual, sets, ahead, Pace(most, most, False, False), halt)
        share = max(share, _share(mode, priced))
        walks = pick(mode, list_runs(priced, MOST_RUNS))
        if priced.is_whole or walks or halt[0]:
            return Labelled(share, walks, [], stage)
        loose = pick(mode, list_open(priced)) or loose
        if is_last and not is_new and not learns:
            break
        mode, sets = sweep(mode, dual, sets, ahead, halt)
        ways = mode.leg_time
        finer = _split(mode, entries, sets)
        gains = -priced.least < (PAYS_GROUPED if is_grouped else PAYS) * before
        before = -priced.least
        lesson = _list_places(ground, key, priced) if is_grouped else (w.places for w in loose)
        learned = learns and gains and _learn(ground, key, mode, lesson, entries, sets)
        if learned or finer is not sets or (is_coarse and not is_grouped):
            before = before if finer is sets else np.inf
            sets, is_new = finer, False
        elif not is_last:
            stage, before, is_new = stage + 1, np.inf, True
            sets = _split(mode, stages[stage].numbers, sets)
        elif is_grouped:
            finer = _split(mode, entries, sets, remembers=False)
            is_settled, is_new, before = finer is sets, False, np.inf
            sets = finer
        else:
            break
    return Labelled(share, walks, loose, stage)


def _list_first(mode: Mode, stages: list[Stage], first: int) -> tuple[int, OpenSets | None]:
    """The first stage that has room for a mode's sets, and those; None where none has."""
    for stage in range(first, len(stages)):
        sets = list_sets(mode, weigh_nodes(mode), stages[stage].numbers)
        if sets is not None:
            return stage, sets
    return len(stages) - 1, None


def _split(mode: Mode, entries: int, sets: OpenSets, *, remembers: bool = True) -> OpenSets:
    """Sets over smaller groups if there is room for them, and for what the table remembers."""
    weight = weigh_nodes(mode) << mode.tabled if remembers else weigh_nodes(mode)
    finer = None if sets.is_fine else list_sets(mode, weight, entries, sets)
    return sets if finer is None else finer


def label_quickly(mode: Mode, dual: Ints, stage: Stage, halt: Ints) -> list[list[int]]:
    """Find negative runs of a mode soon, with no more than a stage allows; proves nothing."""
    small = stage._replace(numbers=min(QUICK_NUMBERS, stage.numbers))
    number, sets = _list_first(mode, [small, stage], 0)
    if sets is None:
        return []
    ahead = build_ahead(mode, dual, (small, stage)[number].numbers, halt, sets)
    pace = QUICK._replace(labels=min(QUICK.labels, stage.labels))
    return list(list_runs(label_mode(mode, dual, sets, ahead, pace, halt), MOST_RUNS))


def _share(mode: Mode, priced: Priced) -> float:
    if priced.least <= UNKNOWN:
        return 0.0
    return scale_to_hold(mode.least_cost, priced.least / PENNY_PARTS)


def _fit_memory(mode: Mode, entries: int, sets: OpenSets) -> Mode:
    """The mode with as many of the tabled homes as a table of so many entries has room for."""
    weight = weigh_nodes(mode) * sets.many
    for most in range(int(mode.tabled.max()), 0, -1):
        tabled = np.minimum(mode.tabled, most)
        if _weigh_table(weight, tabled) <= entries:
            return mode._replace(tabled=tabled)
    return mode._replace(tabled=np.zeros_like(mode.tabled))


def _weigh_table(weight: NDArray[np.int64], tabled: Ints) -> float:
    """The numbers in a table whose nodes remember so many homes."""
    return float((weight * 2.0**tabled).sum())


def _list_places(ground: Ground, key: ModeKey, priced: Priced) -> Iterator[list[int]]:
    """The walks that labelling left open, as places of the ground."""
    inside = [*ground.members[key], *range(len(ground.riders), len(ground.stops))]
    for walk in list_open(priced):
        yield [inside[node] for node in walk]


def _learn(
    ground: Ground,
    key: ModeKey,
    mode: Mode,
    lesson: Iterable[list[int]],
    entries: int,
    sets: OpenSets,
) -> bool:
    """Let the table remember cycles of walks that were left open; whether it learns any."""
    weight = weigh_nodes(mode) * sets.many
    learned = 0
    for places in lesson:
        if _weigh_table(weight, ground.count_tabled(key)) > FULL * entries:
            break
        learned += ground.table_cycle(key, places)
    return learned > 0
