"""What a run takes on each weekday, compiled: where and when it starts and ends, crew and cost."""

from __future__ import annotations

import numpy as np
from numba import njit

from solver.arrays import Arrays, FloatArray, IntArray
from solver.kernel import (
    count_assistants,
    frame_run,
    list_weekdays,
    measure_run,
    take_weekday,
    time_run,
)
from solver.schedule import time_visits

FIRST, START, LAST, END, CREW, COST = range(6)
"""Columns of :func:`measure_week`: stops and clock seconds, assistants, GBP."""
WEEKDAYS = 5


@njit(cache=True, nogil=True)
def measure_week(seq: IntArray, kind: int, a: Arrays) -> FloatArray:
    """Measure a run that can be timed on every weekday.

    Returns
    -------
    (5, 6) float64
        By weekday: first stop or -1 where nobody travels, start, last stop, end, assistants, and
        the cost without the vehicle's own charge. Legs from and to the base are in the cost. As
        in the search, two visits at one door that nothing parts on a weekday count as one there.
    """
    week = np.full((WEEKDAYS, 6), -1.0)
    everyone, union = list_weekdays(seq, a)
    like = -1
    for weekday in range(WEEKDAYS):
        bit = 1 << weekday
        if not union & bit:
            continue
        if everyone & bit and like >= 0:
            week[weekday] = week[like]
            continue
        made = seq if everyone & bit else take_weekday(seq, bit, a)
        _, duration, _, _, _, stop = time_run(made, a)
        live, dead = measure_run(made, a)
        crew = count_assistants(made, bit, a)
        first, last = stop[0], stop[-1]
        begin, end = _time_by_clock(made, a)
        base = a.type[kind].base_stop
        if base >= 0:
            dead += a.dist_m[base, first] + a.dist_m[last, base]
            duration += a.time_s[base, first] + a.time_s[last, base]
        cost = a.type[kind].live * live + a.type[kind].dead * dead + crew * a.pa_fixed
        cost += (a.type[kind].driver + crew * a.pa_per_s) * duration
        if a.is_pm:  # timed backwards: the last visit of the sequence is the first by the clock
            first, last = last, first
        week[weekday] = np.array([first, begin, last, end, crew, cost], dtype=np.float64)
        if everyone & bit:
            like = weekday
    return week


@njit(cache=True)
def _time_by_clock(seq: IntArray, a: Arrays) -> tuple[int, int]:
    """When a run starts and ends in a plan: timed by the clock, PM too (:mod:`solver.schedule`)."""
    frame = frame_run(seq, a)
    if not a.is_pm:
        start = time_visits(
            frame.gap, frame.low, frame.high, frame.homes, frame.calls, frame.limits
        )[1]
        return start[0], start[-1] + frame.dwell[-1]
    last = len(frame.stop) - 1
    dwell = frame.dwell[::-1].copy()
    gap = np.zeros(last + 1, np.int64)
    for i in range(last):  # between the same stops, but after the other's dwell
        gap[i] = frame.gap[last - 1 - i] - frame.dwell[last - 1 - i] + dwell[i]
    low = -(frame.high + frame.dwell)[::-1].copy()
    high = -(frame.low + frame.dwell)[::-1].copy()
    limits = frame.limits - frame.dwell[frame.homes] + frame.dwell[frame.calls]
    start = time_visits(gap, low, high, last - frame.calls, last - frame.homes, limits)[1]
    return start[0], start[-1] + dwell[-1]
