"""Parts of a session that are searched side by side: neighbouring runs with arrays of their own.

A piece keeps every rule, for rules bind within a run, and vehicles of a type are shared out before.
Where the cuts lie changes every time, so that no seam stays in the plan; and a piece's arrays are
small enough for a processor's cache, so that a step costs as much in a county as in a town.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.random import Generator

from solver.arrays import Arrays, IntArray, Records
from solver.insertion import build_neighbours
from solver.state import State, build_state, copy_state, new_state, put_run


@dataclass(slots=True)
class Piece:
    """Some runs of a session, renumbered. `riders` and `calls` are their numbers in the whole."""

    a: Arrays
    riders: IntArray
    calls: IntArray
    groups: IntArray
    group_of: IntArray
    neighbours: IntArray
    state: State
    best: State
    whole: int
    """Riders of the whole session."""
    seen: dict[bytes, tuple[IntArray, float, int]] = field(default_factory=dict)
    """Runs met since the piece was cut, with price and type, by their nodes."""

    def remember(self, state: State) -> None:
        """Note the runs of a state of this piece."""
        for row in np.flatnonzero(state.length):
            nodes = state.table[row, : state.length[row]]
            key = nodes.tobytes()
            if key not in self.seen:
                self.seen[key] = (nodes.copy(), float(state.price[row]), int(state.kind[row]))

    def take_seen(self) -> list[tuple[IntArray, float, int]]:
        """Hand over the runs noted, in the numbers of the whole session, and forget them."""
        number = self._list_numbers()
        taken = [(number[nodes], price, kind) for nodes, price, kind in self.seen.values()]
        self.seen = {}
        return taken

    def list_runs(self, state: State) -> list[IntArray]:
        """List the runs of a state of this piece in the numbers of the whole session."""
        number = self._list_numbers()
        return [
            number[state.table[row, : state.length[row]]] for row in np.flatnonzero(state.length)
        ]

    def _list_numbers(self) -> IntArray:
        """The number in the whole session of each node of this piece."""
        return np.concatenate([self.riders, self.whole + self.calls])


def cut_runs(state: State, a: Arrays, pieces: int, rng: Generator) -> list[list[int]]:
    """Cut the runs into pieces of about equal numbers of riders, each of neighbouring runs.

    Runs are halved again and again by whether they are nearer to one or the other of two riders
    drawn by chance, homes and schools alike.
    """
    rows = [int(row) for row in np.flatnonzero(state.length)]
    nodes = [state.table[row, : state.length[row]] for row in rows]
    stops = [a.node_stop[run] for run in nodes]
    sizes = [int((run < len(a.rider)).sum()) for run in nodes]
    return [[rows[x] for x in part] for part in cut_by_place(stops, sizes, a, pieces, rng)]


def cut_by_place(
    stops: Sequence[IntArray], sizes: Sequence[int], a: Arrays, pieces: int, rng: Generator
) -> list[list[int]]:
    """Cut what is given by its stops and size: the largest part is halved, till there are enough.

    Returns
    -------
    list of list of int
        Indices; fewer parts than asked for where one cannot be halved.
    """
    parts = [list(range(len(stops)))]
    while len(parts) < pieces:
        parts.sort(key=lambda part: sum(sizes[x] for x in part))
        whole = parts.pop()
        halves = _halve([stops[x] for x in whole], a, rng)
        parts.extend([whole[x] for x in half] for half in halves if len(half))
        if not all(len(half) for half in halves):
            break
    return parts


def _halve(stops: Sequence[IntArray], a: Arrays, rng: Generator) -> tuple[IntArray, IntArray]:
    """Halve by whether it is nearer to one or the other of two stops drawn by chance."""
    if len(stops) < 2:
        return np.arange(len(stops)), np.empty(0, np.int64)
    here, there = rng.choice(np.concatenate(stops), 2)
    lean = [
        float((a.time_s[here, at].astype(np.int64) - a.time_s[there, at]).mean()) for at in stops
    ]
    order = np.argsort(lean, kind="stable")
    size = np.cumsum([len(stops[x]) for x in order])
    cut = int(np.searchsorted(size, size[-1] / 2)) + 1
    cut = min(max(cut, 1), len(stops) - 1)
    return order[:cut], order[cut:]


def build_piece(
    rows: Sequence[int], state: State, a: Arrays, groups: Sequence[Sequence[int]], free: IntArray
) -> Piece:
    """Build a piece of the runs in `rows`.

    Parameters
    ----------
    groups
        Riders of the whole session who move together; those of these runs are taken.
    free
        Vehicles of each type that this piece may use beside those of its runs.
    """
    runs = [state.table[row, : state.length[row]].copy() for row in rows]
    whole = len(a.rider)
    riders = np.sort(np.concatenate([run[run < whole] for run in runs]))
    small, calls = take_riders(a, riders)
    local = np.full(whole + len(a.school), -1, dtype=np.int64)
    local[riders] = np.arange(len(riders))
    local[whole + calls] = len(riders) + np.arange(len(calls))
    inside = [[int(local[r]) for r in group] for group in groups if local[group[0]] >= 0]
    table, group_of = pad_groups(inside, len(riders))
    fleet = free.copy()
    for row in rows:
        fleet[state.kind[row]] += 1
    mine = build_state(small, fleet)
    for number, (row, run) in enumerate(zip(rows, runs, strict=True)):
        put_run(mine, number, local[run], state, row, len(riders))
    return Piece(
        small,
        riders,
        calls,
        table,
        group_of,
        build_neighbours(small),
        mine,
        copy_state(mine),
        whole,
    )


def take_riders(a: Arrays, riders: IntArray) -> tuple[Arrays, IntArray]:
    """Take the arrays of some riders, renumbered; returns their school calls as well."""
    calls = np.unique(a.rider.school[riders])
    bases = a.type.base_stop[a.type.base_stop >= 0]
    stops = np.unique(np.concatenate([a.rider.stop[riders], a.school.stop[calls], bases]))
    rider, school, kind = _take(a.rider, riders), _take(a.school, calls), a.type.copy()
    rider.stop = np.searchsorted(stops, rider.stop)
    rider.school = np.searchsorted(calls, rider.school)
    school.stop = np.searchsorted(stops, school.stop)
    kind.base_stop = np.where(kind.base_stop >= 0, np.searchsorted(stops, kind.base_stop), -1)
    local = np.full(len(a.rider), -1, dtype=np.int64)
    local[riders] = np.arange(len(riders))
    start, others = [0], []
    for r in riders:
        near = local[a.conflict_rider[a.conflict_start[r] : a.conflict_start[r + 1]]]
        others.append(near[near >= 0])
        start.append(start[-1] + len(others[-1]))
    grid = np.ix_(stops, stops)
    return a._replace(
        time_s=np.ascontiguousarray(a.time_s[grid]),
        dist_m=np.ascontiguousarray(a.dist_m[grid]),
        node_stop=np.concatenate([rider.stop, school.stop]),
        rider=rider,
        school=school,
        type=kind,
        conflict_start=np.array(start, dtype=np.int64),
        conflict_rider=np.concatenate([*others, np.empty(0, np.int64)]),
    ), calls


def _take(records: Records, numbers: IntArray) -> Records:
    return records[numbers].copy().view(np.recarray)


def merge_pieces(
    pieces: Sequence[Piece], states: Sequence[State], fleet: IntArray, riders: int
) -> State:
    """Put states of pieces together to a state of the whole session."""
    whole = new_state(riders, fleet)
    row = 0
    for piece, state in zip(pieces, states, strict=True):
        for like, nodes in zip(np.flatnonzero(state.length), piece.list_runs(state), strict=True):
            put_run(whole, row, nodes, state, int(like), riders)
            row += 1
    return whole


def pad_groups(groups: Sequence[Sequence[int]], riders: int) -> tuple[IntArray, IntArray]:
    """Groups as a (G, m) array padded with -1, and the group of each rider or -1."""
    widest = max((len(group) for group in groups), default=1)
    table = np.full((max(len(groups), 1), widest), -1, dtype=np.int64)
    group_of = np.full(riders, -1, dtype=np.int64)
    for number, group in enumerate(groups):
        table[number, : len(group)] = group
        group_of[list(group)] = number
    return table, group_of
