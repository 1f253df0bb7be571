"""A mode labelled by stages: each with a larger table, over what the last one left.

A stage that does not end labelling teaches the table the homes that walks come back to, sweeps out
what no negative run passes (:mod:`solver.bound.sweep`), and is asked again as long as that pays.
While near schools count as one its clock is as coarse as may be, and no run grows beyond its first
home: what the table then says of each teaches it. Groups are split as soon as there is room for
smaller ones, at the price of what the table remembers: it learns where they can be split no more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from solver.bound.ahead import build_ahead, weigh_nodes
from solver.bound.filling import Filling, choose_price, draw_lines, tell_apart
from solver.bound.labels import UNKNOWN, Pace, Priced, label_mode
from solver.bound.memories import count_memories
from solver.bound.modes import PENNY_PARTS, Ground, Ints, Mode, ModeKey
from solver.bound.open_sets import OpenSets, list_sets
from solver.bound.sweep import sweep
from solver.bound.walks import Walk, call_once, list_open, list_runs, scale_to_hold

FULL = 0.5
"""A table learns no more once it would take so much of a stage, its clock at its widest."""
PAYS, PAYS_GROUPED = 0.97, 0.85
"""It goes on learning while that brings the least to so large a share of what it was, or less."""
MOVES = PENNY_PARTS // 2
"""The price of a seat has moved much where it is by more than so much another."""
MOST_TURNS = 8
"""So many tables in turn may differ by the price of a seat alone."""
MOST_LESSONS = 20
"""So many times at most labels learn cycles before what they found is handed on."""
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
    climb = _Climb(ground, key, build_mode(), stages, first)
    share = 0.0
    walks: list[Walk] = []
    loose: list[Walk] = []
    while climb.sets is not None:
        entries, labels = stages[climb.stage]
        plain = build_mode()
        filling = climb.tell_apart(plain)
        mode = _fit_memory(filling.mode, entries, climb.sets)
        duals = dual[filling.origin[: len(mode.homes)]]
        ahead = build_ahead(mode, duals, entries, halt, climb.sets, is_coarse=climb.is_coarse)
        if halt[0]:
            break  # the table is not whole: it says nothing
        most = len(mode.homes) + 1 if climb.is_grouped else labels
        priced = label_mode(mode, duals, climb.sets, ahead, Pace(most, most, False, False), halt)
        share = max(share, _share(mode, priced))
        runs = list(list_runs(priced, MOST_RUNS))
        walks = pick(plain, map(filling.fold, runs))
        if walks and not halt[0] and learns and climb.learn_cycles(walks):
            continue
        if walks or halt[0]:
            return Labelled(share, walks, [], climb.stage)
        left = list(list_open(priced))
        moved = climb.price_seats(filling, duals, left, runs if priced.is_whole else None)
        moves = moved > (0 if priced.is_whole else MOVES)
        if priced.is_whole and (share == 1.0 or not moves or climb.turns >= MOST_TURNS):
            return Labelled(share, [], [], climb.stage)
        loose = pick(plain, map(filling.fold, left)) or ([] if priced.is_whole else loose)
        if climb.is_spent and not learns:
            break
        lesson: Iterable[list[int]] = (walk.places for walk in loose)
        if climb.is_grouped:
            lesson = climb.list_places(filling, left)
        passed = sweep(mode, duals, climb.sets, ahead, halt)
        if not climb.go_on(passed, priced.least, lesson if learns else (), moves=moves):
            break
    return Labelled(share, walks, loose, climb.stage)


class _Climb:
    """The stage that a mode has come to: its sets, the ways left, and what the last table gave.

    While near schools count as one it is grouped, unless those groups are settled for.
    """

    def __init__(
        self, ground: Ground, key: ModeKey, plain: Mode, stages: list[Stage], first: int
    ) -> None:
        self.ground, self.key, self.stages = ground, key, stages
        self.capacity = ground.find_capacity(key)
        filling = tell_apart(plain, self.capacity, 0)
        self.origin = filling.origin
        self.stage, self.sets = _list_first(filling.mode, stages, first)
        self.ways: Ints | None = None
        self.before = np.inf
        self.is_new, self.is_settled = True, False
        self.lines = np.zeros((0, 2), np.int64)
        self.turns = self.lessons = 0

    @property
    def is_spent(self) -> bool:
        """Whether the last stage has been asked, and its table could only learn more."""
        return self.stage + 1 == len(self.stages) and not self.is_new

    @property
    def is_grouped(self) -> bool:
        """Whether near schools count as one, and may still be told apart."""
        return self.sets is not None and not self.sets.is_fine and not self.is_settled

    @property
    def is_coarse(self) -> bool:
        """Whether the clock is as coarse as may be."""
        return self.is_grouped or (self.stage > 0 and self.is_new and self.ways is None)

    def tell_apart(self, plain: Mode) -> Filling:
        """The mode at the price of a seat that there is now, with the ways that are left."""
        filling = tell_apart(plain, self.capacity, self.ground.seat_price[self.key])
        if self.ways is None:
            return filling
        return replace(filling, mode=filling.mode._replace(leg_time=self.ways))

    def price_seats(
        self, filling: Filling, duals: Ints, left: list[list[int]], runs: list[list[int]] | None
    ) -> int:
        """Choose the price of a seat by the walks left open, those of the last table with them.

        By the `runs` alone of a whole labelling: what was open before has been gone through.

        Returns
        -------
        int
            By how much it moves, whole parts of a penny.
        """
        walks = left if runs is None else runs
        if self.capacity is None or not walks:
            return 0
        price = self.ground.seat_price[self.key]
        drawn = draw_lines(filling, self.capacity, duals, walks, price)
        lines = np.concatenate([self.lines, drawn]) if runs is None else drawn
        chosen = choose_price(lines, price, self.capacity.room)
        self.ground.seat_price[self.key], self.lines = chosen, drawn
        return abs(chosen - price)

    def go_on(
        self, passed: tuple[Mode, OpenSets], least: int, lesson: Iterable[list[int]], *, moves: bool
    ) -> bool:
        """Take what a sweep has left, and choose what the next table is; whether there is one.

        Parameters
        ----------
        passed
            The mode with the ways that negative runs pass, and their sets.
        lesson
            Walks as places of the ground, none where the table is not to learn.
        moves
            Whether the price of a seat has moved: then the least may rise by that alone.
        """
        mode, sets = passed
        entries = self.stages[self.stage].numbers
        was_grouped, was_coarse = self.is_grouped, self.is_coarse
        self.ways = mode.leg_time
        finer = _split(mode, entries, sets)
        gains = moves or -least < (PAYS_GROUPED if was_grouped else PAYS) * self.before
        self.before = -least
        learned = finer is sets and gains and self._learn(mode, lesson, entries, sets)
        self.turns = self.turns + 1 if moves and not learned and not was_grouped else 0
        turns = 0 < self.turns <= MOST_TURNS
        is_last = self.stage + 1 == len(self.stages)
        if learned or turns or finer is not sets or (was_coarse and not was_grouped):
            self.before = self.before if finer is sets else np.inf
            self.sets, self.is_new = finer, False
            return True
        if not is_last:
            self.stage, self.before, self.is_new, self.turns = self.stage + 1, np.inf, True, 0
            self.sets = _split(mode, self.stages[self.stage].numbers, sets)
            return True
        self.is_settled, self.is_new, self.before = True, False, np.inf
        return was_grouped

    def learn_cycles(self, walks: list[Walk]) -> bool:
        """Let nodes remember the cycles of complete walks where all have one; whether to ask again.

        No run is among them: what is learned is all that they are good for.
        """
        riders = len(self.ground.riders)
        if self.lessons == MOST_LESSONS or any(
            len(call_once(walk.places, riders)) == len(walk.places) for walk in walks
        ):
            return False
        self.lessons += 1
        learned = [self.ground.remember_cycle(self.key, walk.places) for walk in walks]
        return any(learned)

    def list_places(self, filling: Filling, walks: list[list[int]]) -> Iterator[list[int]]:
        """The walks that labelling left open, as places of the ground."""
        ground = self.ground
        inside = [*ground.members[self.key], *range(len(ground.riders), len(ground.stops))]
        for walk in walks:
            yield [inside[node] for node in filling.fold(walk)]

    def _learn(self, mode: Mode, lesson: Iterable[list[int]], entries: int, sets: OpenSets) -> bool:
        """Let the table remember cycles of walks that were left open; whether it learns any."""
        weight = weigh_nodes(mode) * sets.many
        learned = 0
        for places in lesson:
            tabled = self.ground.count_tabled(self.key)[self.origin]
            if _weigh_table(weight, tabled) > FULL * entries:
                break
            learned += self.ground.table_cycle(self.key, places)
        return learned > 0


def _list_first(mode: Mode, stages: list[Stage], first: int) -> tuple[int, OpenSets | None]:
    """The first stage that has room for a mode's sets, and those; None where none has."""
    for stage in range(first, len(stages)):
        sets = list_sets(mode, weigh_nodes(mode), stages[stage].numbers)
        if sets is not None:
            return stage, sets
    return len(stages) - 1, None


def _split(mode: Mode, entries: int, sets: OpenSets) -> OpenSets:
    """Sets over smaller groups if there is room for them, whatever the table then remembers."""
    finer = None if sets.is_fine else list_sets(mode, weigh_nodes(mode), entries, sets)
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
    return float((weight * count_memories(tabled)).sum())
