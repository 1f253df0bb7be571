"""The runs of a session while they are being changed, and the cheapest place for a pupil.

Every price is exact (:func:`solver.kernel.price_run`). A lower bound on what an insertion adds -
metres and seconds of detour at the cheapest rates, and a new assistant's pay - decides in a few
nanoseconds which of the hundreds of places are worth an exact price.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solver.arrays import Arrays, FloatArray, IntArray
from solver.kernel import INFEASIBLE, count_assistants, price_run, time_run

MAX_NODES = 96
"""Most nodes (riders and schools) of one run."""
_NONE = np.empty(0, np.int64)


class State(NamedTuple):
    """Runs as rows of a table, priced. A row of length 0 is no run.

    `price` includes penalties, GBP; `wait` is the seconds of the run's duration that are neither
    drive nor dwell; `crew` its assistants; `free` the vehicles of each type not in use.
    """

    table: IntArray
    length: IntArray
    price: FloatArray
    wait: FloatArray
    crew: IntArray
    kind: IntArray
    run_of: IntArray
    free: IntArray


def build_state(a: Arrays, runs: Sequence[IntArray], fleet: IntArray) -> State:
    """Build the state of given runs, each of which must be feasible and within the fleet."""
    rows = len(a.rider_stop) + 1
    state = State(
        table=np.full((rows, MAX_NODES), -1, dtype=np.int64),
        length=np.zeros(rows, dtype=np.int64),
        price=np.zeros(rows, dtype=np.float64),
        wait=np.zeros(rows, dtype=np.float64),
        crew=np.zeros(rows, dtype=np.int64),
        kind=np.full(rows, -1, dtype=np.int64),
        run_of=np.full(len(a.rider_stop), -1, dtype=np.int64),
        free=fleet.copy(),
    )
    for row, run in enumerate(runs):
        set_run(state, row, np.asarray(run, dtype=np.int64), a)
    return state


def list_runs(state: State) -> list[IntArray]:
    """Copy the runs out, in order of rows."""
    return [
        state.table[row, : state.length[row]].copy()
        for row in range(len(state.length))
        if state.length[row] > 0
    ]


@njit(cache=True)
def set_run(state: State, row: int, seq: IntArray, a: Arrays) -> bool:
    """Put a sequence into a row and price it; False where no free vehicle type carries it."""
    riders = len(a.rider_stop)
    clear_run(state, row, a)
    if len(seq) == 0:
        return True
    cost, penalty, kind, _ = price_run(seq, state.free, a)
    if kind < 0:
        return False
    state.table[row, : len(seq)] = seq
    state.length[row] = len(seq)
    state.price[row] = cost + penalty
    state.kind[row] = kind
    state.free[kind] -= 1
    state.crew[row] = count_assistants(seq, 31, a)
    _, duration, _, _, stop = time_run(seq, a)
    moving = 0
    for i in range(len(stop) - 1):
        moving += a.time_s[stop[i], stop[i + 1]]
    state.wait[row] = max(0.0, duration - moving)
    for node in seq:
        if node < riders:
            state.run_of[node] = row
            state.wait[row] -= a.rider_dwell[node]
        else:
            state.wait[row] -= a.school_dwell[node - riders]
    # Shared doors and wheelchairs at schools make the sum above too small or too large; a wait
    # that is too large only weakens the bound, so the one that matters is never negative.
    state.wait[row] = max(0.0, state.wait[row]) + _slack(seq, a)
    return True


@njit(cache=True)
def _slack(seq: IntArray, a: Arrays) -> float:
    """Dwell that riders of this run do not add because they share a door."""
    riders = len(a.rider_stop)
    slack = 0.0
    if a.door_extra < 0:
        return slack
    for i in range(len(seq) - 1):
        x, y = seq[i], seq[i + 1]
        if x < riders and y < riders and a.rider_stop[x] == a.rider_stop[y]:
            slack += max(a.rider_dwell[x], a.rider_dwell[y])
    return slack


@njit(cache=True)
def clear_run(state: State, row: int, a: Arrays) -> None:
    """Take a row's run away and its vehicle back."""
    riders = len(a.rider_stop)
    for i in range(state.length[row]):
        node = state.table[row, i]
        if node < riders and state.run_of[node] == row:
            state.run_of[node] = -1
    if state.kind[row] >= 0:
        state.free[state.kind[row]] += 1
    state.length[row] = 0
    state.price[row] = 0.0
    state.wait[row] = 0.0
    state.crew[row] = 0
    state.kind[row] = -1


@njit(cache=True)
def find_empty(state: State) -> int:
    """The first row without a run."""
    for row in range(len(state.length)):
        if state.length[row] == 0:
            return row
    return -1


@njit(cache=True)
def _stop_of(node: int, a: Arrays) -> int:
    riders = len(a.rider_stop)
    return a.rider_stop[node] if node < riders else a.school_stop[node - riders]


@njit(cache=True)
def bound_places(
    state: State, row: int, group: IntArray, metre: float, second: float, a: Arrays
) -> tuple[float, FloatArray]:
    """Bound from below the price added by each pair (home place i, school place j).

    Returns
    -------
    float, (n + 1, n + 2) float64
        The least bound of the run, and the bounds; column n + 1 is the school already called at.
        INFEASIBLE where the pair makes no sense.
    """
    n = state.length[row]
    seq = state.table[row, :n]
    call = a.rider_school[group[0]]
    school = len(a.rider_stop) + call
    at = -1
    for i in range(n):
        if seq[i] == school:
            at = i
    rate = second + state.crew[row] * a.pa_per_s
    extra_pa = 0
    for rider in group:
        extra_pa += a.rider_dedicated[rider]
        if a.rider_shared[rider] and state.crew[row] == 0 and extra_pa == 0:
            extra_pa += 1
    base = extra_pa * a.pa_fixed
    has_base = False
    for v in range(len(a.type_base)):
        has_base = has_base or a.type_base[v] >= 0
    first = a.rider_stop[group[0]]
    last = a.rider_stop[group[-1]]
    inner_s = 0.0
    inner_m = 0.0
    longest = 0
    for k in range(len(group)):
        longest = max(longest, a.rider_dwell[group[k]])
        if k > 0:
            before, here = a.rider_stop[group[k - 1]], a.rider_stop[group[k]]
            inner_s += a.time_s[before, here]
            inner_m += a.dist_m[before, here]
    target = a.school_stop[call]
    bound = np.full((n + 1, n + 2), INFEASIBLE)
    least = INFEASIBLE
    # what the school adds when put before node j (j = n: at the end)
    call_s = np.zeros(n + 1)
    call_m = np.zeros(n + 1)
    if at < 0:
        for j in range(1, n + 1):
            prev = _stop_of(seq[j - 1], a)
            call_s[j] = a.time_s[prev, target] + a.school_dwell[call]
            call_m[j] = a.dist_m[prev, target]
            if j < n:
                nxt = _stop_of(seq[j], a)
                call_s[j] += a.time_s[target, nxt] - a.time_s[prev, nxt]
                call_m[j] += a.dist_m[target, nxt] - a.dist_m[prev, nxt]
            elif has_base:
                call_s[j] = 0.0
                call_m[j] = 0.0
    for i in range((n if at < 0 else at) + 1):
        home_s = inner_s + longest
        home_m = inner_m
        prev = _stop_of(seq[i - 1], a) if i > 0 else -1
        nxt = _stop_of(seq[i], a) if i < n else -1
        if a.door_extra >= 0 and (prev == first or nxt == last):
            home_s = inner_s
        lead_s = 0.0
        lead_m = 0.0
        if prev >= 0:
            lead_s = a.time_s[prev, first]
            lead_m = a.dist_m[prev, first]
        for j in range(i, n + 2):
            if (j == n + 1) != (at >= 0):
                continue
            if j == i:
                add_s = lead_s + home_s + a.time_s[last, target] + a.school_dwell[call]
                add_m = lead_m + home_m + a.dist_m[last, target]
                if nxt >= 0:
                    add_s += a.time_s[target, nxt]
                    add_m += a.dist_m[target, nxt]
            else:
                add_s = lead_s + home_s + a.time_s[last, nxt]
                add_m = lead_m + home_m + a.dist_m[last, nxt]
                if j <= n:
                    add_s += call_s[j]
                    add_m += call_m[j]
            if prev >= 0 and nxt >= 0:
                add_s -= a.time_s[prev, nxt]
                add_m -= a.dist_m[prev, nxt]
            if has_base and (i == 0 or j == n):
                add_s = 0.0
                add_m = min(add_m, 0.0)
            longer = max(0.0, add_s - state.wait[row])
            value = base + metre * add_m + rate * longer
            bound[i, j] = value
            least = min(least, value)
    return least, bound


@njit(cache=True)
def insert_group(
    state: State,
    group: IntArray,
    neighbours: IntArray,
    checked: IntArray,
    stamp: int,
    blink: float,
    a: Arrays,
) -> bool:
    """Insert riders of one school call at the cheapest place; False where no vehicle is left.

    Parameters
    ----------
    neighbours
        (R, k) nearest riders: only their runs are looked at, and a run of the group's own.
    checked, stamp
        Scratch of one int a row, and a number not used before.
    blink
        Share of places passed over by chance (numba's own generator, seeded by the caller).
    """
    row = find_empty(state)
    g = len(group)
    call = len(a.rider_stop) + a.rider_school[group[0]]
    best_seq = np.empty(g + 1, np.int64)
    best_seq[:g] = group
    best_seq[g] = call
    cost, penalty, _, _ = price_run(best_seq, state.free, a)
    best = cost + penalty
    best_row = row
    second = INFEASIBLE
    metre = INFEASIBLE
    for v in range(len(a.type_driver)):
        second = min(second, a.type_driver[v])
        metre = min(metre, min(a.type_live[v], a.type_dead[v]))
    rows = np.empty(len(neighbours[group[0]]), np.int64)
    least = np.empty(len(rows), np.float64)
    count = 0
    for near in neighbours[group[0]]:
        i = state.run_of[near]
        if i < 0 or checked[i] == stamp or state.length[i] + g + 1 > state.table.shape[1]:
            continue
        checked[i] = stamp
        rows[count] = i
        count += 1
    for x in range(count):
        least[x], _ = bound_places(state, rows[x], group, metre, second, a)
    for x in np.argsort(least[:count]):
        if least[x] >= best:
            break
        i = rows[x]
        n = state.length[i]
        seq = state.table[i, :n]
        _, bound = bound_places(state, i, group, metre, second, a)
        has_call = bound[0, n + 1] < INFEASIBLE
        trial = np.empty(n + g + (0 if has_call else 1), np.int64)
        state.free[state.kind[i]] += 1
        for h in range(n + 1):
            for j in range(h, n + 2):
                if bound[h, j] >= best or (blink > 0 and np.random.random() < blink):
                    continue
                trial[:h] = seq[:h]
                trial[h : h + g] = group
                if j == n + 1:
                    trial[h + g :] = seq[h:]
                else:
                    trial[h + g : j + g] = seq[h:j]
                    trial[j + g] = call
                    trial[j + g + 1 :] = seq[j:]
                cost, penalty, _, _ = price_run(trial, state.free, a)
                added = cost + penalty - state.price[i]
                if added < best:
                    best = added
                    best_row = i
                    best_seq = trial.copy()
        state.free[state.kind[i]] -= 1
    if best == INFEASIBLE:
        return False
    return set_run(state, best_row, best_seq, a)
