"""The exact price of one run, compiled: feasibility, least duration, loads, type and layout.

Works on the orientation of :mod:`solver.arrays` (homes, then schools). A run is a sequence of
nodes: rider r, or R + s for a call at school s. Source of the rules: C2-C10 and C12 of the spec.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from solver.arrays import Arrays, IntArray
from solver.schedule import time_visits

INFEASIBLE = np.inf


@njit(cache=True)
def _breaks_sharing(seq: IntArray, a: Arrays) -> bool:
    """C9, C12: pairs, solo, barred mixing, schools a run."""
    riders = len(a.rider)
    schools = 0
    carried = 0
    is_barred = False
    for node in seq:
        if node >= riders:
            schools += 1
            continue
        carried += 1
        is_barred = is_barred or a.rider[node].bars > 0
    if is_barred and schools > 1:
        return True
    if a.max_schools > 0 and schools > a.max_schools:
        return True
    if carried > 1:
        for node in seq:
            if node >= riders:
                continue
            if a.rider[node].solo > 0:
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
        if node < len(a.rider) and a.rider[node].days & days:
            shared += a.rider[node].shared
            dedicated += a.rider[node].dedicated
    return size_crew(shared, dedicated, a)


@njit(cache=True)
def size_crew(shared: int, dedicated: int, a: Arrays) -> int:
    """C8: assistants for so many riders who share one and so many who have one of their own."""
    if shared > 0:
        shared = 1 if a.riders_per_pa == 0 else -(-shared // a.riders_per_pa)
    return dedicated + shared


@njit(cache=True)
def list_weekdays(seq: IntArray, a: Arrays) -> tuple[int, int]:
    """Weekday masks: the days on which all of a run travel, and those on which anybody does."""
    everyone = 31
    union = 0
    for node in seq:
        if node < len(a.rider):
            everyone &= a.rider[node].days
            union |= a.rider[node].days
    return everyone, union


@njit(cache=True)
def _peak_loads(seq: IntArray, a: Arrays, seats: IntArray, bays: IntArray, folded: IntArray) -> int:
    """Loads after each node of each weekday, assistants' seats included; returns how many."""
    riders = len(a.rider)
    everyone, union = list_weekdays(seq, a)
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
                if a.rider[node].days & bit:
                    load += a.rider[node].seats
                    chairs += a.rider[node].bays
                    places += a.rider[node].folded
                    seats[count], bays[count], folded[count] = load, chairs, places
                    count += 1
            else:
                for other in seq:
                    if (
                        other < riders
                        and a.rider[other].school == node - riders
                        and a.rider[other].days & bit
                    ):
                        load -= a.rider[other].seats
                        chairs -= a.rider[other].bays
                        places -= a.rider[other].folded
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
                seats[i] > a.layout[layout].seats
                or bays[i] > a.layout[layout].bays
                or folded[i] > a.layout[layout].folded
            ):
                fits = False
                break
        if fits:
            return int(layout - begin)
    return -1


class Frame(NamedTuple):
    """A run's visits with everyone aboard, and what binds their starts.

    `visit_of` (n,) is the visit of each node. By visit, (k,): its stop, its dwell, the bounds `low`
    and `high` of its start and the least `gap` from its start to the next one's (the last is 0).
    By rider: the visits at home and at school, and the most seconds between their starts.
    """

    visit_of: IntArray
    stop: IntArray
    dwell: IntArray
    low: IntArray
    high: IntArray
    gap: IntArray
    homes: IntArray
    calls: IntArray
    limits: IntArray


@njit(cache=True)
def frame_run(seq: IntArray, a: Arrays) -> Frame:
    """List the visits of a run and what binds them, in the search's orientation."""
    n = len(seq)
    riders = len(a.rider)
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
            stop[k] = a.rider[node].stop
            longest = a.rider[node].dwell
            further = 0
            visit_of[i] = k
            while (
                a.door_extra >= 0
                and i + 1 < n
                and seq[i + 1] < riders
                and a.rider[seq[i + 1]].stop == stop[k]
            ):
                i += 1
                longest = max(longest, a.rider[seq[i]].dwell)
                further += a.door_extra
                visit_of[i] = k
            dwell[k] = longest + further
            low[k] = a.home_from - (dwell[k] if a.is_pm else 0)
            high[k] = 10_000_000
        else:
            school = node - riders
            stop[k] = a.school[school].stop
            dwell[k] = a.school[school].dwell
            for other in seq:
                if other < riders and a.rider[other].school == school and a.rider[other].bays > 0:
                    dwell[k] += a.school[school].extra
                    break
            shift = dwell[k] if a.is_pm else 0
            low[k] = a.school[school].opens - shift
            high[k] = a.school[school].closes - shift
            visit_of[i] = k
        i += 1
        k += 1
    gap = np.zeros(k, np.int64)
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
            if seq[j] == riders + a.rider[seq[i]].school:
                homes[pairs] = visit_of[i]
                calls[pairs] = visit_of[j]
                limits[pairs] = dwell[visit_of[i]] + a.rider[seq[i]].cap
                pairs += 1
                break
    return Frame(
        visit_of,
        stop[:k],
        dwell[:k],
        low[:k],
        high[:k],
        gap,
        homes[:pairs],
        calls[:pairs],
        limits[:pairs],
    )


@njit(cache=True)
def time_run(seq: IntArray, a: Arrays) -> tuple[bool, float, float, int, IntArray, IntArray]:
    """Time a run with everyone aboard.

    Returns
    -------
    bool, float, float, int, (k,) int64, (k,) int64
        Whether it can be timed; its duration in seconds, first start to last end; the penalty for
        rides over target and for changed times at home, GBP; the seconds of it that are neither
        drive nor dwell; the start of each visit; the stop of each visit.
    """
    n = len(seq)
    riders = len(a.rider)
    frame = frame_run(seq, a)
    stop, dwell, visit_of = frame.stop, frame.dwell, frame.visit_of
    homes, calls = frame.homes, frame.calls
    k = len(stop)
    is_timed, start = time_visits(frame.gap, frame.low, frame.high, homes, calls, frame.limits)
    if not is_timed:
        return False, 0.0, 0.0, 0, start, stop
    penalty = 0.0
    if a.change_time > 0:
        for i in range(n):
            if seq[i] < riders and a.rider[seq[i]].habit_run >= 0:
                at = start[visit_of[i]]
                clock = -(at + dwell[visit_of[i]]) if a.is_pm else at
                if abs(clock - a.rider[seq[i]].habit_s) > a.change_after_s:
                    penalty += a.change_time
    if a.excess_per_s > 0:
        x = 0
        for i in range(n):
            if seq[i] < riders:
                ride = start[calls[x]] - start[homes[x]] - dwell[homes[x]]
                penalty += max(0, ride - a.rider[seq[i]].target) * a.excess_per_s
                x += 1
    duration = float(start[k - 1] + dwell[k - 1] - start[0])
    wait = start[k - 1] - start[0] - frame.gap.sum()
    return True, duration, penalty, wait, start, stop


@njit(cache=True)
def keeps_every_weekday(seq: IntArray, a: Arrays) -> bool:
    """C15: whether a run that can be timed with everyone can be timed on each weekday.

    Almost always: leaving someone out saves time. But a shorter dwell at a school lengthens the
    ride of those who boarded there and wait for another school's window, and a matrix may lack the
    triangle inequality.
    """
    everyone, union = list_weekdays(seq, a)
    if everyone == union:
        return True
    for weekday in range(5):
        bit = 1 << weekday
        if not union & bit or everyone & bit:
            continue
        if not time_run(take_weekday(seq, bit, a), a)[0]:
            return False
    return True


@njit(cache=True)
def take_weekday(seq: IntArray, bit: int, a: Arrays) -> IntArray:
    """Take the nodes of a run that are made on a weekday, by its bit in the masks."""
    riders = len(a.rider)
    part = np.empty(len(seq), np.int64)
    size = 0
    for node in seq:
        is_made = False
        if node < riders:
            is_made = a.rider[node].days & bit > 0
        else:
            for other in seq:
                if (
                    other < riders
                    and a.rider[other].school == node - riders
                    and a.rider[other].days & bit
                ):
                    is_made = True
        if is_made:
            part[size] = node
            size += 1
    return part[:size]


@njit(cache=True)
def price_run(seq: IntArray, allowed: IntArray, a: Arrays) -> tuple[float, float, int, int]:
    """Price a run in its cheapest vehicle type among those with `allowed[type] > 0`.

    Returns
    -------
    float, float, int, int
        Cost in GBP (:data:`INFEASIBLE` where none), penalty in GBP, type, layout.
    """
    cost, penalty, kind, layout, _, _ = price_in_full(seq, allowed, a)
    return cost, penalty, kind, layout


@njit(cache=True)
def price_in_full(
    seq: IntArray, allowed: IntArray, a: Arrays
) -> tuple[float, float, int, int, int, int]:
    """As :func:`price_run`, with the assistants and the seconds neither driven nor dwelt."""
    if _breaks_sharing(seq, a):
        return INFEASIBLE, 0.0, -1, -1, 0, 0
    riders = len(a.rider)
    size = 5 * len(seq)
    seats = np.empty(size, np.int64)
    bays = np.empty(size, np.int64)
    folded = np.empty(size, np.int64)
    count = _peak_loads(seq, a, seats, bays, folded)
    needs_lift = 0
    tags = 0
    for node in seq:
        if node < riders:
            needs_lift |= a.rider[node].lift
            tags |= a.rider[node].tags
    layouts = np.full(len(a.type), -1, np.int64)
    is_carried = False
    for v in range(len(a.type)):
        if allowed[v] <= 0 or (needs_lift and not a.type[v].lift) or (tags & ~a.type[v].tags):
            continue
        layouts[v] = _first_layout(v, seats[:count], bays[:count], folded[:count], a)
        is_carried = is_carried or layouts[v] >= 0
    if not is_carried:
        return INFEASIBLE, 0.0, -1, -1, 0, 0
    is_timed, duration, penalty, wait, _, stop = time_run(seq, a)
    if not is_timed:
        return INFEASIBLE, 0.0, -1, -1, 0, 0
    live, dead = measure_run(seq, a)
    assistants = count_assistants(seq, 31, a)
    penalty += price_new_crews(seq, seq[:0], a)
    best = INFEASIBLE
    change = 0.0
    best_type = -1
    for v in range(len(a.type)):
        if layouts[v] >= 0:
            cost = price_type(v, duration, live, dead, assistants, stop[0], stop[-1], a)
            changed = a.change_type * count_new_types(seq, v, a) if a.change_type > 0 else 0.0
            if cost + changed < best + change:
                best, change = cost, changed
                best_type = v
    penalty += change
    return best, penalty, best_type, int(layouts[best_type]), assistants, wait


@njit(cache=True)
def count_new_types(seq: IntArray, v: int, a: Arrays) -> int:
    """C13: riders for whom vehicle type `v` is a change against the baseline."""
    changed = 0
    for node in seq:
        if node < len(a.rider) and a.rider[node].habit_run >= 0:
            changed += a.rider[node].habit_type != v
    return changed


@njit(cache=True)
def price_new_crews(seq: IntArray, further: IntArray, a: Arrays) -> float:
    """C13: price of riders whose crew changes, GBP, of a run with riders added to it.

    A run continues a run of the baseline when it carries more than half of its riders, so at most
    one does; of several that it carries most of, the one with most riders aboard. Riders of any
    other run of the baseline change crew.
    """
    if a.change_run <= 0:
        return 0.0
    riders = len(a.rider)
    had = most = 0
    n = len(seq) + len(further)
    for x in range(n):
        node = seq[x] if x < len(seq) else further[x - len(seq)]
        if node >= riders or a.rider[node].habit_run < 0:
            continue
        had += 1
        same = 0
        for y in range(n):
            other = seq[y] if y < len(seq) else further[y - len(seq)]
            if other < riders and a.rider[other].habit_run == a.rider[node].habit_run:
                same += 1
        if 2 * same > a.habit_size[a.rider[node].habit_run]:
            most = max(most, same)
    return (had - most) * a.change_run


@njit(cache=True)
def price_type(
    v: int, duration: float, live: int, dead: int, assistants: int, first: int, last: int, a: Arrays
) -> float:
    """Price a timed run in vehicle type `v`, base legs included, GBP."""
    base = a.type[v].base_stop
    if base >= 0:
        dead = dead + a.dist_m[base, first] + a.dist_m[last, base]
        duration = duration + a.time_s[base, first] + a.time_s[last, base]
    return float(
        a.type[v].fixed
        + a.type[v].live * live
        + a.type[v].dead * dead
        + (a.type[v].driver + assistants * a.pa_per_s) * duration
        + assistants * a.pa_fixed
    )


@njit(cache=True)
def measure_run(seq: IntArray, a: Arrays) -> tuple[int, int]:
    """Metres with and without pupils aboard, base legs apart."""
    riders = len(a.rider)
    live = 0
    dead = 0
    aboard = 0
    previous = -1
    for node in seq:
        here = a.rider[node].stop if node < riders else a.school[node - riders].stop
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
                if other < riders and a.rider[other].school == node - riders:
                    aboard -= 1
    return live, dead
