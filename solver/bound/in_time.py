"""When the groups of schools that are open at a node must be called, and whether they all can be.

Source of every number is the mode's own times; where a group has several schools the kindest
counts: the first call in a group comes no later than that at any of its schools.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from solver.bound.modes import FAR, Ints, Mode

MOST_OPEN = 8
"""So many groups at most can be open together."""


class Timing(NamedTuple):
    """When the groups that are open at node i must be called, and the ways to and between them.

    `left[i, c]` are the most seconds that riders of c may have left there, `clock[i, c]` the
    earliest clock with one of them aboard. `own` is a home's group, -1 at schools, and `shut` what
    is not open at a school once it has been called. A rider of c takes `least_use[c]` of the room,
    or more.
    """

    left: Ints
    clock: Ints
    way: Ints
    between: Ints
    opens: Ints
    closes: Ints
    own: Ints
    shut: Ints
    least_use: Ints
    room: int


def time_calls(m: Mode, group: Ints) -> Timing:
    """When each node's groups must be called; `group` has that of every school."""
    homes, schools = len(m.homes), len(m.opens)
    nodes, groups = homes + schools, int(group.max()) + 1
    left = np.full((nodes, groups), -1, np.int32)
    clock = np.full((nodes, groups), FAR, np.int32)
    way = np.full((nodes, groups), FAR, np.int32)
    for s in range(schools):
        c = group[s]
        np.minimum(way[:, c], m.short_time[:, homes + s], out=way[:, c])
        riders = np.flatnonzero(m.school_of == s)
        if len(riders):
            most = (m.reach[riders, None] - m.short_time[riders, :]).max(axis=0)
            least = (m.ready[riders, None] + m.short_time[riders, :]).min(axis=0)
            np.maximum(left[:, c], most, out=left[:, c])
            np.minimum(clock[:, c], least, out=clock[:, c])
    at = np.arange(homes)
    own = group[m.school_of]
    is_single = np.bincount(group)[group] == 1
    left[at, own], clock[at, own] = m.reach, m.ready
    clock = np.maximum(clock, np.concatenate([m.ready, m.opens])[:, None])
    between = np.full((groups, groups), FAR, np.int32)
    for s in range(schools):
        np.minimum(between[group[s]], way[homes + s], out=between[group[s]])
    np.fill_diagonal(between, 0)
    for via in range(groups):
        np.minimum(between, between[:, via, None] + between[None, via, :], out=between)
        np.minimum(way, way[:, via, None] + between[None, via, :], out=way)
    opens = np.full(groups, FAR, np.int32)
    closes = np.full(groups, -FAR, np.int32)
    least_use = np.full(groups, FAR, np.int32)
    np.minimum.at(opens, group, m.opens)
    np.maximum.at(closes, group, m.closes)
    np.minimum.at(least_use, group, m.least_use)
    nowhere = np.full(homes, -1, np.int32)
    return Timing(
        left=left,
        clock=clock,
        way=way,
        between=between,
        opens=opens,
        closes=closes,
        own=np.concatenate([own, np.full(schools, -1, np.int32)]).astype(np.int32),
        shut=np.concatenate([nowhere, np.where(is_single, group, -1)]).astype(np.int32),
        least_use=least_use,
        room=m.room,
    )


@njit(cache=True, nogil=True)
def can_call(t: Timing, i: int, start: int, groups: Ints, some: int) -> bool:
    """Whether so many groups can be called in some order from node i on, depth first."""
    at, clock, net = np.empty((3, MOST_OPEN + 2), np.int64)
    done, tried = np.zeros((2, MOST_OPEN + 2), np.int64)
    at[0], clock[0], net[0] = -1, start, 0
    depth = 0
    while depth >= 0:
        if depth == some:
            return True
        x = tried[depth]
        tried[depth] += 1
        if x == some:
            depth -= 1
            continue
        if done[depth] >> x & 1:
            continue
        c = groups[x]
        way = t.way[i, c] if depth == 0 else t.between[at[depth], c]
        arrived = max(clock[depth] + way, t.opens[c])
        ridden = net[depth] + way
        if arrived > t.closes[c] or ridden > t.left[i, c]:
            depth -= 1  # later in the order it would be no earlier
            continue
        at[depth + 1], clock[depth + 1], net[depth + 1] = c, arrived, ridden
        done[depth + 1], tried[depth + 1] = done[depth] | 1 << x, 0
        depth += 1
    return False
