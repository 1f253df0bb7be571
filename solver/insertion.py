"""First plans: each pupil in turn goes where the exact price of the day rises least.

Pupils farthest from their school come first (they shape the runs); neighbours' runs are looked at,
and a run of their own is always among the choices.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import numpy as np
from numba import njit

from solver.arrays import Arrays, IntArray
from solver.desk import Desk, Party, build_desk, build_party
from solver.detours import bound_party
from solver.domain import Instance
from solver.kernel import INFEASIBLE, keeps_every_weekday, price_run, time_run
from solver.places import compose, find_place
from solver.state import MAX_NODES, State, find_empty, set_run

NEIGHBOURS = 60


def list_groups(instance: Instance, riders: Sequence[int]) -> list[list[int]]:
    """Group riders that must share and go to the same school call; everyone else is alone."""
    wanted = set(riders)
    siblings: dict[int, set[int]] = {rider: set() for rider in wanted}
    for rider in riders:
        for other in instance.riders[rider].must_share:
            if other in wanted and instance.riders[other].school == instance.riders[rider].school:
                siblings[rider].add(other)
                siblings[other].add(rider)
    seen: set[int] = set()
    groups = []
    for rider in riders:
        if rider in seen:
            continue
        group = [rider]
        for other in group:
            group += sorted(siblings[other] - set(group))
        seen.update(group)
        groups.append(sorted(group, key=lambda r: (instance.riders[r].stop, r)))
    return groups


def keeps_together(riders: Collection[int], groups: Iterable[Collection[int]]) -> bool:
    """C9: whether each group is among the riders of a run as a whole or not at all."""
    aboard = set(riders)
    return all(len(aboard.intersection(group)) in (0, len(group)) for group in groups)


def order_groups(groups: Sequence[Sequence[int]], a: Arrays) -> list[list[int]]:
    """Order each group as its riders board, one after the other: farthest from school first.

    Where that order cannot run alone and its reverse can, the reverse.
    """
    drive = a.time_s[a.rider.stop, a.school.stop[a.rider.school]]
    ordered = []
    for group in groups:
        order = sorted(group, key=lambda r: (-int(drive[r]), int(a.rider.stop[r]), r))
        call = len(a.rider) + int(a.rider[order[0]].school)
        ways = [np.array([*way, call]) for way in (order, order[::-1])]
        if not time_run(ways[0], a)[0] and time_run(ways[1], a)[0]:
            order.reverse()
        ordered.append(order)
    return ordered


def build_neighbours(a: Arrays, count: int = NEIGHBOURS) -> IntArray:
    """List each rider's nearest riders: (R, count) by drive between homes and between schools."""
    riders = len(a.rider)
    count = min(count, max(riders - 1, 0))
    near = np.zeros((riders, count), dtype=np.int64)
    home, school = a.rider.stop, a.school.stop[a.rider.school]
    for rider in range(riders):
        apart = (
            a.time_s[home[rider], home].astype(np.float64)
            + a.time_s[home, home[rider]]
            + 0.5 * (a.time_s[school[rider], school] + a.time_s[school, school[rider]])
        )
        apart[rider] = np.inf
        near[rider] = np.argsort(apart, kind="stable")[:count]
    return near


def insert_all(
    state: State, groups: Sequence[Sequence[int]], neighbours: IntArray, a: Arrays
) -> list[int]:
    """Insert groups of riders, farthest from school first; return the indices of those left out."""
    drive = a.time_s[a.rider.stop, a.school.stop[a.rider.school]]
    order = sorted(range(len(groups)), key=lambda g: (-int(drive[groups[g]].max()), g))
    checked = np.full(len(state.length), -1, dtype=np.int64)
    desk = build_desk(len(a.type))
    left_out = []
    for stamp, g in enumerate(order):
        group = np.array(groups[g], dtype=np.int64)
        if insert_group(state, group, neighbours, checked, stamp, 0.0, desk, a) < 0:
            left_out.append(g)
    return left_out


@njit(cache=True)
def _price_every_place(
    state: State, row: int, party: Party, best: float, trial: IntArray, answer: IntArray, a: Arrays
) -> tuple[float, int]:
    """Price every place of a run exactly: the way out where waits aboard defeat the estimate.

    Returns
    -------
    float, int
        The least price added, `best` where none is less; the length of the sequence in `answer`.
    """
    seq = state.table[row, : state.length[row]]
    n, g = len(seq), len(party.riders)
    call = len(a.rider) + party.call
    at = -1
    for x in range(n):
        if seq[x] == call:
            at = x
    size = 0
    for h in range((n if at < 0 else at) + 1):
        for j in range(h, (n if at < 0 else h) + 1):
            trial[:h] = seq[:h]
            trial[h : h + g] = party.riders
            length = n + g
            if at >= 0:
                trial[h + g : length] = seq[h:]
            else:
                length += 1
                trial[h + g : j + g] = seq[h:j]
                trial[j + g] = call
                trial[j + g + 1 : length] = seq[j:]
            cost, penalty, _, _ = price_run(trial[:length], state.free, a)
            added = cost + penalty - state.price[row]
            if added < best and keeps_every_weekday(trial[:length], a):
                best = added
                size = length
                answer[:length] = trial[:length]
    return best, size


@njit(cache=True)
def insert_group(
    state: State,
    group: IntArray,
    neighbours: IntArray,
    checked: IntArray,
    stamp: int,
    blink: float,
    desk: Desk,
    a: Arrays,
) -> int:
    """Insert riders of one school call at the cheapest place; the row, or -1 where none is left.

    Parameters
    ----------
    neighbours
        (R, k) nearest riders: only their runs are looked at, and a run of the group's own.
    checked, stamp
        Scratch of one int a row, and a number not used before.
    blink
        Share of places passed over by chance (numba's own generator, seeded by the caller).
    """
    g = len(group)
    party = build_party(group, a)
    trial = np.empty(MAX_NODES, np.int64)
    answer = np.empty(MAX_NODES, np.int64)
    answer[:g] = group
    answer[g] = len(a.rider) + party.call
    size = g + 1
    cost, penalty, _, _ = price_run(answer[:size], state.free, a)
    best = cost + penalty
    if best < INFEASIBLE and not keeps_every_weekday(answer[:size], a):
        best = INFEASIBLE
    best_row = -1
    rows = np.empty(neighbours.shape[1], np.int64)
    bound = np.empty(neighbours.shape[1], np.float64)
    count = 0
    for near in neighbours[group[0]]:
        row = state.run_of[near]
        if row < 0 or checked[row] == stamp:
            continue
        checked[row] = stamp
        if state.length[row] + g + 1 <= MAX_NODES:
            rows[count] = row
            bound[count] = bound_party(state, row, party, a)
            count += 1
    for x in np.argsort(bound[:count]):
        if bound[x] >= best:
            break
        row = rows[x]
        n = state.length[row]
        place = find_place(state, row, party, best, blink, desk, a)
        if place.home < 0:
            continue
        seq = state.table[row, :n]
        length = compose(seq, place, party, trial, desk, a)
        state.free[state.kind[row]] += 1
        cost, penalty, _, _ = price_run(trial[:length], state.free, a)
        added = cost + penalty - state.price[row]
        if a.change_time > 0 or added <= place.price + 1e-6:
            # (changed times, C13, are in the exact price alone, so it is nearly always higher)
            if added < best and keeps_every_weekday(trial[:length], a):
                best, size, best_row = added, length, row
                answer[:length] = trial[:length]
        else:
            least, length = _price_every_place(state, row, party, best, trial, answer, a)
            if length > 0:
                best, size, best_row = least, length, row
        state.free[state.kind[row]] -= 1
    if best == INFEASIBLE:
        return -1
    if best_row < 0:
        best_row = find_empty(state)
    return best_row if set_run(state, best_row, answer[:size], a) else -1
