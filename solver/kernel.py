"""The exact price of one run, compiled: feasibility, least duration, loads, type and layout.

Works on the orientation of :mod:`solver.arrays` (homes, then schools). A run is a sequence of
nodes: rider r, or R + s for a call at school s. Source of the rules: C2-C10 and C12 of the spec.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from solver.arrays import Arrays, IntArray
from solver.schedule import time_visits

INFEASIBLE = np.inf


@njit(cache=True)
def _breaks_sharing(seq: IntArray, a: Arrays) -> bool:
    """C9, C12: pairs, solo, barred mixing, schools a run."""
    riders = len(a.rider_stop)
    schools = 0
    carried = 0
    is_barred = False
    for node in seq:
        if node >= riders:
            schools += 1
            continue
        carried += 1
        is_barred = is_barred or a.rider_bars[node] > 0
    if is_barred and schools > 1:
        return True
    if a.max_schools > 0 and schools > a.max_schools:
        return True
    if carried > 1:
        for node in seq:
            if node >= riders:
                continue
            if a.rider_solo[node] > 0:
                return True
            for x in range(a.conflict_start[node], a.conflict_start[node + 1]):
                for other in seq:
                    if other == a.conflict_rider[x]:
                        return True
    return False


@njit(cache=True)
def count_assistants(seq: IntArray, days: int, a: Arrays) -> int:
    """C8: assistants of a run on the weekdays in the mask `days` that it has in common."""
    shared = 0
    dedicated = 0
    for node in seq:
        if node < len(a.rider_stop) and a.rider_days[node] & days:
            shared += a.rider_shared[node]
            dedicated += a.rider_dedicated[node]
    if shared > 0:
        shared = 1 if a.riders_per_pa == 0 else -(-shared // a.riders_per_pa)
    return dedicated + shared


@njit(cache=True)
def _weekdays(seq: IntArray, a: Arrays) -> tuple[int, int]:
    """Weekday masks: the days on which all of a run travel, and those on which anybody does."""
    everyone = 31
    union = 0
    for node in seq:
        if node < len(a.rider_stop):
            everyone &= a.rider_days[node]
            union |= a.rider_days[node]
    return everyone, union


@njit(cache=True)
def _peak_loads(seq: IntArray, a: Arrays, seats: IntArray, bays: IntArray, folded: IntArray) -> int:
    """Loads after each node of each weekday, assistants' seats included; returns how many."""
    riders = len(a.rider_stop)
    everyone, union = _weekdays(seq, a)
    count = 0
    for weekday in range(5):
        bit = 1 << weekday
        if not union & bit or (everyone == union and union & (bit - 1)):
            continue
        load = count_assistants(seq, bit, a)
        chairs = 0
        places = 0
        for node in seq:
            if node < riders:
                if a.rider_days[node] & bit:
                    load += a.rider_seats[node]
                    chairs += a.rider_bays[node]
                    places += a.rider_folded[node]
                    seats[count], bays[count], folded[count] = load, chairs, places
                    count += 1
            else:
                for other in seq:
                    if (
                        other < riders
                        and a.rider_school[other] == node - riders
                        and a.rider_days[other] & bit
                    ):
                        load -= a.rider_seats[other]
                        chairs -= a.rider_bays[other]
                        places -= a.rider_folded[other]
    return count


@njit(cache=True)
def find_layout(seq: IntArray, vehicle_type: int, a: Arrays) -> int:
    """Return the first layout of a type that holds the run on every weekday (C6), or -1."""
    size = 5 * len(seq)
    seats = np.empty(size, np.int64)
    bays = np.empty(size, np.int64)
    folded = np.empty(size, np.int64)
    count = _peak_loads(seq, a, seats, bays, folded)
    return _first_layout(vehicle_type, seats[:count], bays[:count], folded[:count], a)


@njit(cache=True)
def _first_layout(
    vehicle_type: int, seats: IntArray, bays: IntArray, folded: IntArray, a: Arrays
) -> int:
    begin = a.layout_start[vehicle_type]
    for layout in range(begin, a.layout_start[vehicle_type + 1]):
        fits = True
        for i in range(len(seats)):
            if (
                seats[i] > a.layout_seats[layout]
                or bays[i] > a.layout_bays[layout]
                or folded[i] > a.layout_folded[layout]
            ):
                fits = False
                break
        if fits:
            return int(layout - begin)
    return -1


@njit(cache=True)
def time_run(seq: IntArray, a: Arrays) -> tuple[bool, float, float, int, IntArray, IntArray]:
    """Time a run with everyone aboard.

    Returns
    -------
    bool, float, float, int, (k,) int64, (k,) int64
        Whether it can be timed; its duration in seconds, first start to last end; the penalty for
        rides over target, GBP; the seconds of it that are neither drive nor dwell; the start of
        each visit; the stop of each visit.
    """
    n = len(seq)
    riders = len(a.rider_stop)
    stop = np.empty(n, np.int64)
    dwell = np.empty(n, np.int64)
    low = np.empty(n, np.int64)
    high = np.empty(n, np.int64)
    visit_of = np.empty(n, np.int64)
    k = 0
    i = 0
    while i < n:
        node = seq[i]
        if node < riders:
            stop[k] = a.rider_stop[node]
            longest = a.rider_dwell[node]
            further = 0
            visit_of[i] = k
            while (
                a.door_extra >= 0
                and i + 1 < n
                and seq[i + 1] < riders
                and a.rider_stop[seq[i + 1]] == stop[k]
            ):
                i += 1
                longest = max(longest, a.rider_dwell[seq[i]])
                further += a.door_extra
                visit_of[i] = k
            dwell[k] = longest + further
            low[k] = a.home_from - (dwell[k] if a.is_pm else 0)
            high[k] = 10_000_000
        else:
            school = node - riders
            stop[k] = a.school_stop[school]
            dwell[k] = a.school_dwell[school]
            for other in seq:
                if other < riders and a.rider_school[other] == school and a.rider_bays[other] > 0:
                    dwell[k] += a.school_extra[school]
                    break
            shift = dwell[k] if a.is_pm else 0
            low[k] = a.school_from[school] - shift
            high[k] = a.school_to[school] - shift
            visit_of[i] = k
        i += 1
        k += 1
    gap = np.empty(k, np.int64)
    for i in range(k - 1):
        gap[i] = dwell[i] + a.time_s[stop[i], stop[i + 1]]
    homes = np.empty(n, np.int64)
    calls = np.empty(n, np.int64)
    limits = np.empty(n, np.int64)
    pairs = 0
    for i in range(n):
        if seq[i] >= riders:
            continue
        for j in range(n):
            if seq[j] == riders + a.rider_school[seq[i]]:
                homes[pairs] = visit_of[i]
                calls[pairs] = visit_of[j]
                limits[pairs] = dwell[visit_of[i]] + a.rider_cap[seq[i]]
                pairs += 1
                break
    is_timed, start = time_visits(
        gap, low[:k], high[:k], homes[:pairs], calls[:pairs], limits[:pairs]
    )
    if not is_timed:
        return False, 0.0, 0.0, 0, start, stop[:k]
    penalty = 0.0
    if a.excess_per_s > 0:
        x = 0
        for i in range(n):
            if seq[i] < riders:
                ride = start[calls[x]] - start[homes[x]] - dwell[homes[x]]
                penalty += max(0, ride - a.rider_target[seq[i]]) * a.excess_per_s
                x += 1
    duration = float(start[k - 1] + dwell[k - 1] - start[0])
    wait = start[k - 1] - start[0] - gap[: k - 1].sum()
    return True, duration, penalty, wait, start, stop[:k]


@njit(cache=True)
def keeps_every_weekday(seq: IntArray, a: Arrays) -> bool:
    """C15: whether a run that can be timed with everyone can be timed on each weekday.

    Almost always: leaving someone out saves time. But a shorter dwell at a school lengthens the
    ride of those who boarded there and wait for another school's window, and a matrix may lack the
    triangle inequality.
    """
    riders = len(a.rider_stop)
    everyone, union = _weekdays(seq, a)
    if everyone == union:
        return True
    part = np.empty(len(seq), np.int64)
    for weekday in range(5):
        bit = 1 << weekday
        if not union & bit or everyone & bit:
            continue
        size = 0
        for node in seq:
            is_made = False
            if node < riders:
                is_made = a.rider_days[node] & bit > 0
            else:
                for other in seq:
                    if (
                        other < riders
                        and a.rider_school[other] == node - riders
                        and a.rider_days[other] & bit
                    ):
                        is_made = True
            if is_made:
                part[size] = node
                size += 1
        if not time_run(part[:size], a)[0]:
            return False
    return True


@njit(cache=True)
def price_run(seq: IntArray, allowed: IntArray, a: Arrays) -> tuple[float, float, int, int]:
    """Price a run in its cheapest vehicle type among those with `allowed[type] > 0`.

    Returns
    -------
    float, float, int, int
        Cost in GBP (:data:`INFEASIBLE` where none), penalty in GBP, type, layout.
    """
    if _breaks_sharing(seq, a):
        return INFEASIBLE, 0.0, -1, -1
    riders = len(a.rider_stop)
    size = 5 * len(seq)
    seats = np.empty(size, np.int64)
    bays = np.empty(size, np.int64)
    folded = np.empty(size, np.int64)
    count = _peak_loads(seq, a, seats, bays, folded)
    needs_lift = 0
    tags = 0
    for node in seq:
        if node < riders:
            needs_lift |= a.rider_lift[node]
            tags |= a.rider_tags[node]
    layouts = np.full(len(a.type_lift), -1, np.int64)
    is_carried = False
    for v in range(len(a.type_lift)):
        if allowed[v] <= 0 or (needs_lift and not a.type_lift[v]) or (tags & ~a.type_tags[v]):
            continue
        layouts[v] = _first_layout(v, seats[:count], bays[:count], folded[:count], a)
        is_carried = is_carried or layouts[v] >= 0
    if not is_carried:
        return INFEASIBLE, 0.0, -1, -1
    is_timed, duration, penalty, _, _, stop = time_run(seq, a)
    if not is_timed:
        return INFEASIBLE, 0.0, -1, -1
    live, dead = measure_run(seq, a)
    assistants = count_assistants(seq, 31, a)
    best = INFEASIBLE
    best_type = -1
    for v in range(len(a.type_lift)):
        if layouts[v] >= 0:
            cost = price_type(v, duration, live, dead, assistants, stop[0], stop[-1], a)
            if cost < best:
                best = cost
                best_type = v
    return best, penalty, best_type, int(layouts[best_type])


@njit(cache=True)
def price_type(
    v: int, duration: float, live: int, dead: int, assistants: int, first: int, last: int, a: Arrays
) -> float:
    """Price a timed run in vehicle type `v`, base legs included, GBP."""
    base = a.type_base[v]
    if base >= 0:
        dead = dead + a.dist_m[base, first] + a.dist_m[last, base]
        duration = duration + a.time_s[base, first] + a.time_s[last, base]
    return float(
        a.type_fixed[v]
        + a.type_live[v] * live
        + a.type_dead[v] * dead
        + (a.type_driver[v] + assistants * a.pa_per_s) * duration
        + assistants * a.pa_fixed
    )


@njit(cache=True)
def measure_run(seq: IntArray, a: Arrays) -> tuple[int, int]:
    """Metres with and without pupils aboard, base legs apart."""
    riders = len(a.rider_stop)
    live = 0
    dead = 0
    aboard = 0
    previous = -1
    for node in seq:
        here = a.rider_stop[node] if node < riders else a.school_stop[node - riders]
        if previous >= 0:
            if aboard > 0:
                live += a.dist_m[previous, here]
            else:
                dead += a.dist_m[previous, here]
        previous = here
        if node < riders:
            aboard += 1
        else:
            for other in seq:
                if other < riders and a.rider_school[other] == node - riders:
                    aboard -= 1
    return live, dead
