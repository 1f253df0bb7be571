"""Timetables: for a fixed sequence of visits, least duration, then least total ride time.

A timetable is a system of differences between the starts of visits, so an earliest and a latest
solution exist; the latest that ends at the earliest end has the least duration. Where that leaves
slack between visits, a small linear programme takes the total ride time down.

Here everything is in clock time, AM and PM alike; the search times PM runs backwards
(:mod:`solver.arrays`), and :mod:`solver.checker` repeats the arithmetic on purpose, by other means.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.optimize import linprog

from solver.domain import Instance, Run, RunDay, TravelMatrix, Visit, is_on

IntArray = NDArray[np.int64]
_FREE = 10_000_000


@njit(cache=True)
def time_visits(
    gap: IntArray, low: IntArray, high: IntArray, homes: IntArray, calls: IntArray, limits: IntArray
) -> tuple[bool, IntArray]:
    """Find service starts of least duration, as late as it allows.

    Parameters
    ----------
    gap
        Seconds from the start at visit i to the earliest start at i + 1 (dwell and drive).
    low, high
        Closed interval of each visit's start.
    homes, calls, limits
        For each rider, the visit where they board (the home, in the search's orientation), the
        later visit where they alight, and the most seconds between the two starts (the dwell at
        boarding plus the ride cap).

    Returns
    -------
    bool, (k,) int64
        Whether a timetable exists; the latest starts that end at the earliest possible end.
        These are differences of starts, so that end has the least duration: ending later by x
        lets the first start be later by at most x.
    """
    k = len(low)
    lo = low.copy()
    start = np.empty(k, np.int64)
    for x in range(len(homes)):
        drive = 0
        for i in range(homes[x], calls[x]):
            drive += gap[i]
        if drive > limits[x]:
            return False, start
    while True:
        t = lo[0]
        for i in range(k):
            if i > 0:
                t = max(lo[i], start[i - 1] + gap[i - 1])
            if t > high[i]:
                return False, start
            start[i] = t
        is_settled = True
        for x in range(len(homes)):
            least = start[calls[x]] - limits[x]
            if start[homes[x]] < least:
                lo[homes[x]] = least
                is_settled = False
        if is_settled:
            break
    hi = high.copy()
    hi[k - 1] = start[k - 1]
    while True:
        for i in range(k - 1, -1, -1):
            t = hi[i]
            if i < k - 1:
                t = min(t, start[i + 1] - gap[i])
            start[i] = t
        is_settled = True
        for x in range(len(homes)):
            most = start[homes[x]] + limits[x]
            if start[calls[x]] > most:
                hi[calls[x]] = most
                is_settled = False
        if is_settled:
            return True, start


@dataclass(frozen=True, slots=True)
class _Frame:
    """The visits of one day with what binds their starts, in clock order."""

    visits: list[int]
    dwell: IntArray
    gap: IntArray
    low: IntArray
    high: IntArray
    boards: IntArray
    alights: IntArray
    limits: IntArray


def time_day(
    instance: Instance,
    matrix: TravelMatrix,
    visits: Sequence[Visit],
    riders: Sequence[int],
    weekday: int,
    *,
    is_forced: bool = False,
) -> RunDay | None:
    """Time a run on a day on which only `riders` travel; visits for nobody are skipped.

    Parameters
    ----------
    is_forced
        For as-is routes that break a rule: where no timetable keeps every rule, give the best that
        drops ride caps, and then all windows but one school's (the last in AM, the first in PM).

    Returns
    -------
    RunDay or None
        None where no timetable exists, or nobody travels.
    """
    frame = _build_frame(instance, matrix, visits, frozenset(riders))
    if not frame.visits:
        return None
    is_timed, start = time_visits(
        frame.gap, frame.low, frame.high, frame.boards, frame.alights, frame.limits
    )
    if is_timed:
        start = _ease_rides(frame, start)
    elif is_forced:
        start = _force(frame, is_am=instance.session == "AM")
    else:
        return None
    return _to_day(instance, visits, frame, start, riders, weekday)


def time_week(
    instance: Instance, matrix: TravelMatrix, run: Run, *, is_forced: bool = False
) -> tuple[RunDay, ...] | None:
    """Time a run on every weekday on which somebody travels; None where one day cannot be timed."""
    days = []
    for weekday in range(5):
        riders = [r for r in run.riders if is_on(instance.riders[r].weekdays, weekday)]
        if not riders:
            continue
        day = time_day(instance, matrix, run.visits, riders, weekday, is_forced=is_forced)
        if day is None:
            return None
        days.append(day)
    return tuple(days)


def count_day_assistants(instance: Instance, riders: Sequence[int]) -> int:
    """C8: one assistant for each dedicated rider, and for each full group of shared ones."""
    needs = [instance.riders[r].assistant for r in riders]
    shared = needs.count("shared")
    ratio = instance.rules.shared_pupils_per_assistant
    if shared:
        shared = 1 if ratio is None else -(-shared // ratio)
    return needs.count("dedicated") + shared


def dwell_of(instance: Instance, visit: Visit, riders: frozenset[int]) -> int:
    """C5: seconds that a visit takes when only `riders` travel."""
    present = [r for r in visit.riders if r in riders]
    if visit.school is not None:
        call = instance.schools[visit.school]
        has_chair = any(instance.riders[r].bays for r in present)
        return call.dwell_s + (call.wheelchair_extra_s if has_chair else 0)
    extra = instance.rules.shared_door_extra_s or 0
    return max(instance.riders[r].dwell_s for r in present) + extra * (len(present) - 1)


def _build_frame(
    instance: Instance, matrix: TravelMatrix, visits: Sequence[Visit], riders: frozenset[int]
) -> _Frame:
    is_am = instance.session == "AM"
    kept = [i for i, visit in enumerate(visits) if any(r in riders for r in visit.riders)]
    k = len(kept)
    dwell = np.array([dwell_of(instance, visits[i], riders) for i in kept], dtype=np.int64)
    low, high = np.full(k, -_FREE, np.int64), np.full(k, _FREE, np.int64)
    board_of: dict[int, int] = {}
    alight_of: dict[int, int] = {}
    for x, i in enumerate(kept):
        visit = visits[i]
        present = [r for r in visit.riders if r in riders]
        (board_of if (visit.school is None) == is_am else alight_of).update((r, x) for r in present)
        if visit.school is not None:
            call = instance.schools[visit.school]
            low[x], high[x] = call.window_from_s, call.window_to_s
        elif is_am:
            low[x] = instance.rules.earliest_s
        else:
            high[x] = instance.rules.latest_s
    stops = [visits[i].stop for i in kept]
    drive = [int(matrix.time_s[a, b]) for a, b in pairwise(stops)]
    gap = dwell[:-1] + np.array(drive, dtype=np.int64) if k else dwell
    order = [r for r in board_of if r in alight_of]
    boards = np.array([board_of[r] for r in order], dtype=np.int64)
    alights = np.array([alight_of[r] for r in order], dtype=np.int64)
    caps = np.array([instance.riders[r].ride_cap_s for r in order], dtype=np.int64)
    return _Frame(kept, dwell, gap, low, high, boards, alights, caps + dwell[boards])


def _ease_rides(frame: _Frame, start: IntArray) -> IntArray:
    """Least total ride time with first and last start kept; only where there is slack to move."""
    k = len(start)
    if k < 3 or start[-1] - start[0] == frame.gap.sum():
        return start
    weight = np.zeros(k)
    np.add.at(weight, frame.alights, 1.0)
    np.add.at(weight, frame.boards, -1.0)
    rows = np.zeros((k - 1 + len(frame.boards), k))
    limit = np.empty(len(rows))
    for i in range(k - 1):
        rows[i, i], rows[i, i + 1], limit[i] = 1, -1, -frame.gap[i]
    for x, (board, alight) in enumerate(zip(frame.boards, frame.alights, strict=True)):
        rows[k - 1 + x, alight], rows[k - 1 + x, board] = 1, -1
        limit[k - 1 + x] = frame.limits[x]
    bounds = list(zip(frame.low.tolist(), frame.high.tolist(), strict=True))
    bounds[0] = (start[0], start[0])
    bounds[-1] = (start[-1], start[-1])
    answer = linprog(weight, A_ub=rows, b_ub=limit, bounds=bounds, method="highs-ds")
    if answer.x is None:
        return start
    return np.rint(answer.x).astype(np.int64)


def _force(frame: _Frame, *, is_am: bool) -> IntArray:
    """The best timetable of a run that breaks a rule: without ride caps, then without windows."""
    none = np.empty(0, np.int64)
    is_timed, start = time_visits(frame.gap, frame.low, frame.high, none, none, none)
    if is_timed:
        return start
    low, high = np.zeros_like(frame.low), np.full_like(frame.high, _FREE)
    anchor = -1 if is_am else 0
    low[anchor], high[anchor] = frame.low[anchor], frame.high[anchor]
    _, start = time_visits(frame.gap, low, high, none, none, none)
    return start


def _to_day(
    instance: Instance,
    visits: Sequence[Visit],
    frame: _Frame,
    start: IntArray,
    riders: Sequence[int],
    weekday: int,
) -> RunDay:
    n = len(visits)
    arrive, begin, end = [-1] * n, [-1] * n, [-1] * n
    for x, i in enumerate(frame.visits):
        begin[i], end[i] = int(start[x]), int(start[x] + frame.dwell[x])
        arrive[i] = int(start[0]) if x == 0 else int(start[x - 1] + frame.gap[x - 1])
    crew = count_day_assistants(instance, riders)
    return RunDay(weekday, crew, tuple(arrive), tuple(begin), tuple(end))
