"""The labels of a mode in lists, in which one ends another.

A label's row of whole numbers: its cost, the earliest start of service at its last node, the load,
the assistants of riders' own, how many schools are open and called, and for each open school its
number, the seconds left until it must be reached and the seats that its riders take.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solver.bound.modes import Ints

OPEN_AT_ONCE = 8
"""So many schools a label can hold open; a run that opens one more is bounded and not grown."""
COST, CLOCK, LOAD, OWN, OPEN, CALLS = 0, 1, 2, 3, 4, 5
SCHOOL, LEFT, SHARE = 6, 7 + OPEN_AT_ONCE, 8 + 2 * OPEN_AT_ONCE
ROW = 9 + 3 * OPEN_AT_ONCE
_MOST_COMPARED = 5000


class Lists(NamedTuple):
    """The labels of every slot (a node with its open schools), cheapest first, side by side.

    Slot z holds `some[z]` labels from `begin[z]` on, with `room[z]` places; `used` are taken in
    all. `spare` are the seconds left, summed over open schools.
    """

    begin: NDArray[np.int64]
    some: Ints
    room: Ints
    used: NDArray[np.int64]
    label: Ints
    cost: Ints
    clock: Ints
    spare: Ints
    memory: NDArray[np.int64]


@njit(cache=True, nogil=True)
def open_lists(slots: int, labels: int) -> Lists:
    """Empty lists, with room for as many labels: a list that is full doubles, from 4 places on."""
    places = 4 * labels + 4
    return Lists(
        begin=np.zeros(slots, np.int64),
        some=np.zeros(slots, np.int32),
        room=np.zeros(slots, np.int32),
        used=np.zeros(1, np.int64),
        label=np.empty(places, np.int32),
        cost=np.empty(places, np.int32),
        clock=np.empty(places, np.int32),
        spare=np.empty(places, np.int32),
        memory=np.empty(places, np.int64),
    )


@njit(cache=True, nogil=True)
def _copy(lists: Lists, source: int, target: int) -> None:
    lists.label[target] = lists.label[source]
    lists.cost[target] = lists.cost[source]
    lists.clock[target] = lists.clock[source]
    lists.spare[target] = lists.spare[source]
    lists.memory[target] = lists.memory[source]


@njit(cache=True, nogil=True)
def _make_room(lists: Lists, slot: int) -> None:
    """See to it that one more label fits into a list."""
    some = lists.some[slot]
    if some < lists.room[slot]:
        return
    begin, lists.begin[slot] = lists.begin[slot], lists.used[0]
    for e in range(some):
        _copy(lists, begin + e, lists.used[0] + e)
    lists.room[slot] = max(4, 2 * some)
    lists.used[0] += lists.room[slot]


@njit(cache=True, nogil=True)
def _beats(row: Ints, called: NDArray[np.int64], p: int, q: int, is_quick: bool) -> bool:
    """Whether all that can follow label q can follow p of the same slot.

    Cost, clock, memory and the sum of the seconds left have been compared. In quick labelling it is
    only likely.
    """
    if row[p, LOAD] > row[q, LOAD] or row[p, OPEN] != row[q, OPEN]:
        return False
    for x in range(row[p, OPEN]):
        if row[p, SCHOOL + x] != row[q, SCHOOL + x]:
            return False
    if is_quick:
        return True
    if row[p, OWN] > row[q, OWN] or row[p, CALLS] > row[q, CALLS] or called[p] & ~called[q]:
        return False
    for x in range(row[p, OPEN]):
        if row[p, LEFT + x] < row[q, LEFT + x] or row[p, SHARE + x] > row[q, SHARE + x]:
            return False
    return True


@njit(cache=True, nogil=True)
def enter(
    row: Ints,
    memory: NDArray[np.int64],
    called: NDArray[np.int64],
    dead: NDArray[np.bool_],
    lists: Lists,
    slot: int,
    q: int,
    is_quick: bool,
) -> bool:
    """Enter label q into its list, unless one beats it; end those that it beats.

    Only so many are compared: a needless label costs time, never validity.
    """
    cost, clock, known = row[q, COST], row[q, CLOCK], memory[q]
    spare = row[q, LEFT : LEFT + row[q, OPEN]].sum()
    begin, some = lists.begin[slot], lists.some[slot]
    at = begin + np.searchsorted(lists.cost[begin : begin + some], cost, side="right")
    for e in range(begin, min(at, begin + _MOST_COMPARED)):
        if lists.clock[e] > clock or (
            not is_quick and (lists.spare[e] < spare or lists.memory[e] & ~known)
        ):
            continue
        if _beats(row, called, lists.label[e], q, is_quick):
            return False
    end = at
    for e in range(at, begin + some):
        is_worse = e < at + _MOST_COMPARED and clock <= lists.clock[e]
        if is_worse and not is_quick:
            is_worse = spare >= lists.spare[e] and not known & ~lists.memory[e]
        if is_worse and _beats(row, called, q, lists.label[e], is_quick):
            dead[lists.label[e]] = True
        else:
            _copy(lists, e, end)
            end += 1
    lists.some[slot] = end - begin
    _make_room(lists, slot)
    moved = lists.begin[slot] - begin
    for e in range(end + moved, at + moved, -1):
        _copy(lists, e - 1, e)
    lists.label[at + moved] = q
    lists.cost[at + moved] = cost
    lists.clock[at + moved] = clock
    lists.spare[at + moved] = spare
    lists.memory[at + moved] = known
    lists.some[slot] += 1
    return True
