"""Very small sessions: all runs of up to seven riders are gone through for the optimum."""

from __future__ import annotations

from functools import cache

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solver.arrays import Arrays, IntArray, build_arrays
from solver.domain import Instance, TravelMatrix
from solver.kernel import INFEASIBLE, keeps_every_weekday, price_run

MOST_RIDERS = 7


def solve_tiny(instance: Instance, matrix: TravelMatrix, prices: dict[int, float]) -> float:
    """Return the least objective of carrying the riders in `prices`, or leaving some at a price.

    Raises
    ------
    ValueError
        If there are more than seven riders: too many orders to go through.
    """
    riders = sorted(prices)
    if len(riders) > MOST_RIDERS:
        raise ValueError(f"{len(riders)} riders are too many to go through; {MOST_RIDERS} are not")
    arrays = build_arrays(instance, matrix)
    schools = np.array([len(instance.riders) + r.school for r in instance.riders], dtype=np.int64)
    table = np.full((1 << len(riders), len(instance.fleet)), np.inf)
    for kind in range(len(instance.fleet)):
        allowed = np.zeros(len(instance.fleet), dtype=np.int64)
        allowed[kind] = 1
        for mask in range(1, 1 << len(riders)):
            members = np.array([r for x, r in enumerate(riders) if mask >> x & 1], dtype=np.int64)
            if not _splits_siblings(instance, set(members.tolist()), set(riders)):
                table[mask, kind] = _cheapest_run(members, schools[members], allowed, arrays)
    counts = tuple(len(riders) if t.count is None else t.count for t in instance.fleet)
    alone = [prices[r] for r in riders]

    @cache
    def least(left: int, free: tuple[int, ...]) -> float:
        if not left:
            return 0.0
        first = (left & -left).bit_length() - 1
        best = alone[first] + least(left & ~(1 << first), free)
        part = left
        while part:
            if part >> first & 1:
                for kind, price in enumerate(table[part]):
                    if price < best and free[kind] > 0:
                        rest = tuple(n - (v == kind) for v, n in enumerate(free))
                        best = min(best, float(price) + least(left & ~part, rest))
            part = (part - 1) & left
        return best

    return least((1 << len(riders)) - 1, counts)


def _splits_siblings(instance: Instance, members: set[int], riders: set[int]) -> bool:
    """C9: whether the run carries one of two who must share, and not the other."""
    for one in riders:
        who = instance.riders[one]
        for other in riders.intersection(who.must_share):
            is_same = who.school == instance.riders[other].school
            if is_same and (one in members) != (other in members):
                return True
    return False


@njit(cache=True)
def _cheapest_run(members: IntArray, school: IntArray, allowed: IntArray, a: Arrays) -> float:
    """The least cost and penalty of carrying all members, over all orders of homes and calls."""
    nodes = np.concatenate((members, np.unique(school)))
    count = len(nodes)
    at = np.full(count, -1, np.int64)
    used = np.zeros(count, np.bool_)
    seq = np.empty(count, np.int64)
    best = INFEASIBLE
    depth = 0
    while depth >= 0:
        if at[depth] >= 0:
            used[at[depth]] = False
        x = at[depth] + 1
        while x < count and not _may_follow(nodes, used, x, school):
            x += 1
        if x == count:
            at[depth] = -1
            depth -= 1
            continue
        at[depth] = x
        used[x] = True
        seq[depth] = nodes[x]
        if depth + 1 < count:
            depth += 1
            continue
        cost, penalty, _, _ = price_run(seq, allowed, a)
        if cost + penalty < best and keeps_every_weekday(seq, a):
            best = cost + penalty
    return best


@njit(cache=True)
def _may_follow(nodes: IntArray, used: NDArray[np.bool_], x: int, school: IntArray) -> bool:
    """Whether node x may come next: a call once all its riders are aboard."""
    if used[x]:
        return False
    if x < len(school):
        return True
    is_full = True
    for y in range(len(school)):
        is_full = is_full and (used[y] or school[y] != nodes[x])
    return is_full
