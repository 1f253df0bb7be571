"""First plans: each pupil in turn goes where the exact price of the day rises least.

Pupils farthest from their school come first (they shape the runs); neighbours' runs are looked at,
and a run of their own is always among the choices.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from solver.arrays import Arrays, IntArray
from solver.domain import Instance
from solver.kernel import time_run
from solver.places import build_desk, insert_group
from solver.state import State

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
