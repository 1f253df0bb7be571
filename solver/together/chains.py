"""Second runs of one vehicle while runs are being changed, compiled: links and their matching.

A vehicle that makes one run after another saves a charge and the assistants' fixed pay, and is paid
for the way and the time between. Which runs follow which is an assignment: each run has at most one
before and one after it. When some runs change, their links are priced anew and the assignment is
mended by shortest augmenting paths, with dual prices kept from before.

Source: R. Jonker and A. Volgenant, A shortest augmenting path algorithm for dense and sparse linear
assignment problems, Computing 38 (1987) 325-340.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from solver.arrays import Arrays, BoolArray, FloatArray, IntArray
from solver.kernel import price_run
from solver.state import State
from solver.together.weeks import COST, CREW, END, FIRST, LAST, START, WEEKDAYS, measure_week

_NEAR_ZERO = 1e-9


class Tariff(NamedTuple):
    """What vehicles cost beside their runs: GBP a weekday by type; seconds between two runs."""

    charge: FloatArray
    turnaround_s: int


class Chains(NamedTuple):
    """By row of a state: its week, its cost, links to others, and the assignment.

    `week` (n, 5, 6) is as :func:`solver.together.weeks.measure_week` gives it; `cost` (n,) is GBP
    on a mean weekday, penalty and vehicle included; `link` (n, n) what it adds that one run follows
    another, at most 0. `after` and `before` (n,) are the rows assigned, `u`, `v` their dual prices.
    """

    week: FloatArray
    cost: FloatArray
    link: FloatArray
    after: IntArray
    before: IntArray
    u: FloatArray
    v: FloatArray


@njit(cache=True)
def build_chains(rows: int) -> Chains:
    """Build chains for so many rows without runs."""
    return Chains(
        week=np.full((rows, WEEKDAYS, 6), -1.0),
        cost=np.zeros(rows),
        link=np.zeros((rows, rows)),
        after=np.arange(rows),
        before=np.arange(rows),
        u=np.zeros(rows),
        v=np.zeros(rows),
    )


@njit(cache=True, nogil=True)
def measure_rows(
    chains: Chains, state: State, rows: IntArray, top: int, tariff: Tariff, a: Arrays
) -> None:
    """Measure the runs in `rows` and price their links with all runs below row `top`."""
    only = np.zeros(len(a.type), np.int64)
    for row in rows:
        chains.week[row] = -1.0
        chains.cost[row] = 0.0
        if state.length[row] > 0:
            seq = state.table[row, : state.length[row]]
            kind = state.kind[row]
            only[kind] = 1
            chains.cost[row] = price_run(seq, only, a)[1]
            only[kind] = 0
            chains.week[row] = measure_week(seq, kind, a)
            for weekday in range(WEEKDAYS):
                if chains.week[row, weekday, FIRST] >= 0:
                    spent = chains.week[row, weekday, COST] + tariff.charge[kind]
                    chains.cost[row] += spent / WEEKDAYS
    for row in rows:
        for other in range(top):
            is_like = state.length[row] > 0 and state.length[other] > 0
            is_like = is_like and state.kind[row] == state.kind[other]
            there = back = 0.0
            if is_like and row != other:
                kind = state.kind[row]
                there = _price_link(chains.week[row], chains.week[other], kind, tariff, a)
                if there == 0.0:
                    back = _price_link(chains.week[other], chains.week[row], kind, tariff, a)
            chains.link[row, other] = there
            chains.link[other, row] = back


@njit(cache=True)
def _price_link(
    before: FloatArray, after: FloatArray, kind: int, tariff: Tariff, a: Arrays
) -> float:
    """What it adds that one run follows another on the same weekdays, GBP; 0 where it cannot."""
    total = 0.0
    base = a.type[kind].base_stop
    for day in range(WEEKDAYS):
        if (before[day, FIRST] >= 0) != (after[day, FIRST] >= 0):
            return 0.0
        if before[day, FIRST] < 0:
            continue
        seconds = after[day, START] - before[day, END]
        if seconds < tariff.turnaround_s:
            return 0.0
        last, first = np.int64(before[day, LAST]), np.int64(after[day, FIRST])
        here, there = (first, last) if a.is_pm else (last, first)
        if seconds < a.time_s[here, there] + tariff.turnaround_s:
            return 0.0
        metres = np.float64(a.dist_m[here, there])
        if base >= 0:
            into, out = (base, last) if a.is_pm else (last, base)
            metres -= a.dist_m[into, out]
            seconds -= a.time_s[into, out]
            into, out = (first, base) if a.is_pm else (base, first)
            metres -= a.dist_m[into, out]
            seconds -= a.time_s[into, out]
        crew = min(before[day, CREW], after[day, CREW])
        total += seconds * (a.type[kind].driver + crew * a.pa_per_s)
        total += metres * a.type[kind].dead - crew * a.pa_fixed - tariff.charge[kind]
    return min(total / WEEKDAYS, 0.0)


@njit(cache=True, nogil=True)
def assign(chains: Chains, changed: IntArray, top: int) -> None:
    """Mend the assignment after the links of the `changed` rows below `top` were priced anew."""
    is_changed = np.zeros(top, np.bool_)
    for row in changed:
        is_changed[row] = True
    for row in changed:
        after, before = chains.after[row], chains.before[row]
        if after >= 0:
            chains.before[after] = -1
        if before >= 0:
            chains.after[before] = -1
        chains.after[row] = chains.before[row] = -1
    for column in changed:
        least = np.inf
        for row in range(top):
            if not is_changed[row]:
                least = min(least, chains.link[row, column] - chains.u[row])
        chains.v[column] = least if least < np.inf else 0.0
    for row in changed:
        least = np.inf
        for column in range(top):
            least = min(least, chains.link[row, column] - chains.v[column])
        chains.u[row] = least
    far = np.empty(top, np.float64)
    via = np.empty(top, np.int64)
    is_done = np.empty(top, np.bool_)
    for row in range(top):
        if chains.after[row] < 0:
            _augment(chains, row, top, far, via, is_done)


@njit(cache=True)
def _augment(
    chains: Chains, row: int, top: int, far: FloatArray, via: IntArray, is_done: BoolArray
) -> None:
    """Assign a row by the shortest path, by reduced cost, to a column that is free."""
    is_done[:] = False
    for column in range(top):
        far[column] = chains.link[row, column] - chains.u[row] - chains.v[column]
        via[column] = row
    while True:
        end = -1
        for column in range(top):
            if not is_done[column] and (
                end < 0
                or far[column] < far[end] - _NEAR_ZERO
                or (chains.before[column] < 0 <= chains.before[end] and far[column] <= far[end])
            ):
                end = column
        is_done[end] = True
        if chains.before[end] < 0:
            break
        other = chains.before[end]
        for column in range(top):
            if not is_done[column]:
                longer = far[end] + (
                    chains.link[other, column] - chains.u[other] - chains.v[column]
                )
                if longer < far[column] - _NEAR_ZERO:
                    far[column] = longer
                    via[column] = other
    length = far[end]
    chains.u[row] += length
    for column in range(top):
        if is_done[column] and column != end:
            chains.u[chains.before[column]] += length - far[column]
            chains.v[column] -= length - far[column]
    while True:
        other = via[end]
        chains.before[end] = other
        following = chains.after[other]
        chains.after[other] = end
        if other == row:
            break
        end = following


@njit(cache=True, nogil=True)
def value_chains(chains: Chains, state: State, top: int) -> float:
    """What the runs cost with their second runs and vehicles, GBP on a mean weekday."""
    total = 0.0
    for row in range(top):
        if state.length[row] > 0:
            total += chains.cost[row] + chains.link[row, chains.after[row]]
    return total
