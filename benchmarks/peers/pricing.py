"""The true price of a run of a reference instance, compiled, for the other solvers' plans.

Written apart from :mod:`solver.kernel`, so that nobody's plan is priced by our search; the referee
has the last word on every plan.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solver.domain import Instance, TravelMatrix
from solver.schedule import time_visits

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]


class Tables(NamedTuple):
    """An instance as arrays: R riders and S schools are nodes 0 .. R + S - 1, schools last.

    Seconds, metres, GBP. `call` is the node of a rider's school; what only riders or only schools
    have is 0 for the others. A layout's row belongs to the types by `layout_start`.
    """

    riders: int
    time_s: IntArray
    dist_m: IntArray
    call: IntArray
    dwell_s: IntArray
    cap_s: IntArray
    from_s: IntArray
    to_s: IntArray
    seats: IntArray
    bays: IntArray
    shared: IntArray
    dedicated: IntArray
    lift: IntArray
    solo: IntArray
    conflicts: NDArray[np.bool_]
    layout_start: IntArray
    layout_seats: IntArray
    layout_bays: IntArray
    type_lift: IntArray
    type_fixed: FloatArray
    type_per_m: FloatArray
    type_per_s: FloatArray
    pa_per_s: float
    pa_fixed: float


def build_tables(instance: Instance, matrix: TravelMatrix) -> Tables:
    """Build the tables of a reference instance (AM, everyone every day, no tags, no bases)."""
    riders, schools, fleet = instance.riders, instance.schools, instance.fleet
    total, none = len(riders), [0] * len(schools)
    stops = [r.stop for r in riders] + [s.stop for s in schools]
    conflicts = np.zeros((total, total), dtype=np.bool_)
    for rider, who in enumerate(riders):
        for other in who.must_not_share:
            conflicts[rider, other] = conflicts[other, rider] = True
    layouts = [layout for kind in fleet for layout in kind.layouts]
    return Tables(
        riders=total,
        time_s=matrix.time_s[np.ix_(stops, stops)].astype(np.int64),
        dist_m=matrix.dist_m[np.ix_(stops, stops)].astype(np.int64),
        call=_ints([total + r.school for r in riders] + none),
        dwell_s=_ints([r.dwell_s for r in riders] + [s.dwell_s for s in schools]),
        cap_s=_ints([r.ride_cap_s for r in riders] + none),
        from_s=_ints([0] * total + [s.window_from_s for s in schools]),
        to_s=_ints([10_000_000] * total + [s.window_to_s for s in schools]),
        seats=_ints([r.seats for r in riders] + none),
        bays=_ints([r.bays for r in riders] + none),
        shared=_ints([int(r.assistant == "shared") for r in riders] + none),
        dedicated=_ints([int(r.assistant == "dedicated") for r in riders] + none),
        lift=_ints([int(r.needs_lift) for r in riders] + none),
        solo=_ints([int(r.is_solo) for r in riders] + none),
        conflicts=conflicts,
        layout_start=_ints(np.cumsum([0, *(len(kind.layouts) for kind in fleet)]).tolist()),
        layout_seats=_ints([layout.seats for layout in layouts]),
        layout_bays=_ints([layout.bays for layout in layouts]),
        type_lift=_ints([int(kind.has_lift) for kind in fleet]),
        type_fixed=np.array([kind.session_charge for kind in fleet]),
        type_per_m=np.array([kind.per_live_m for kind in fleet]),
        type_per_s=np.array([kind.per_driver_s for kind in fleet]),
        pa_per_s=instance.pa_per_s,
        pa_fixed=instance.pa_fixed,
    )


def _ints(values: list[int]) -> IntArray:
    return np.array(values, dtype=np.int64)


@njit(cache=True)
def _breaks_sharing(run: IntArray, t: Tables) -> bool:
    """C9: a solo rider with company, or two riders who must not share."""
    n = len(run)
    for i in range(n):
        if run[i] >= t.riders:
            continue
        for j in range(n):
            other = run[j]
            if i != j and other < t.riders and (t.solo[run[i]] or t.conflicts[run[i], other]):
                return True
    return False


@njit(cache=True)
def _time_run(run: IntArray, t: Tables) -> int:
    """Least seconds from the first boarding to the end of the last unloading, or -1 (C2, C3)."""
    n = len(run)
    gap = np.empty(n, np.int64)
    low = np.empty(n, np.int64)
    high = np.empty(n, np.int64)
    homes = np.empty(n, np.int64)
    calls = np.empty(n, np.int64)
    limits = np.empty(n, np.int64)
    pairs = 0
    for i in range(n):
        node = run[i]
        low[i], high[i] = t.from_s[node], t.to_s[node]
        if i < n - 1:
            gap[i] = t.dwell_s[node] + t.time_s[node, run[i + 1]]
        if node < t.riders:
            homes[pairs] = i
            limits[pairs] = t.dwell_s[node] + t.cap_s[node]
            calls[pairs] = -1
            for j in range(i + 1, n):
                if run[j] == t.call[node]:
                    calls[pairs] = j
            if calls[pairs] < 0:
                return -1
            pairs += 1
    is_timed, start = time_visits(
        gap[: n - 1], low, high, homes[:pairs], calls[:pairs], limits[:pairs]
    )
    return int(start[n - 1] + t.dwell_s[run[n - 1]] - start[0]) if is_timed else -1


@njit(cache=True)
def _fits(run: IntArray, kind: int, assistants: int, t: Tables) -> bool:
    """C6: whether a layout of a type holds the run at every moment, assistants in their seats."""
    n = len(run)
    for row in range(t.layout_start[kind], t.layout_start[kind + 1]):
        seats = assistants
        bays = 0
        holds = True
        for i in range(n):
            node = run[i]
            if node < t.riders:
                seats += t.seats[node]
                bays += t.bays[node]
                if seats > t.layout_seats[row] or bays > t.layout_bays[row]:
                    holds = False
                    break
            else:
                for j in range(i):
                    if run[j] < t.riders and t.call[run[j]] == node:
                        seats -= t.seats[run[j]]
                        bays -= t.bays[run[j]]
        if holds:
            return True
    return False


@njit(cache=True)
def price_run(run: IntArray, t: Tables) -> tuple[float, int]:
    """Price a run in its cheapest vehicle type: GBP (infinite where a rule is broken) and type."""
    n = len(run)
    shared = 0
    assistants = 0
    lift = 0
    metres = 0
    for i in range(n):
        node = run[i]
        shared |= t.shared[node]
        assistants += t.dedicated[node]
        lift |= t.lift[node]
        if i < n - 1:
            metres += t.dist_m[node, run[i + 1]]
    assistants += shared
    if _breaks_sharing(run, t):
        return np.inf, -1
    seconds = _time_run(run, t)
    best = np.inf
    best_kind = -1
    if seconds < 0:
        return best, best_kind
    for kind in range(len(t.type_lift)):
        if lift and not t.type_lift[kind]:
            continue
        price = (
            t.type_fixed[kind]
            + t.type_per_m[kind] * metres
            + (t.type_per_s[kind] + assistants * t.pa_per_s) * seconds
            + assistants * t.pa_fixed
        )
        if price < best and _fits(run, kind, assistants, t):
            best = price
            best_kind = kind
    return best, best_kind
