"""The runs of a session while they are being changed, and the cheapest place for a pupil.

Every price is exact (:func:`solver.kernel.price_run`). A lower bound on what an insertion adds -
metres and seconds of detour at the cheapest rates, and a new assistant's pay - decides in a few
nanoseconds which of the hundreds of places are worth an exact price.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solver.arrays import Arrays, FloatArray, IntArray
from solver.kernel import (
    INFEASIBLE,
    count_assistants,
    keeps_every_weekday,
    measure_run,
    price_run,
    time_run,
)

MAX_NODES = 96
"""Most nodes (riders and schools) of one run."""
FAR = 1_000_000_000


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


def build_state(a: Arrays, fleet: IntArray) -> State:
    """Build a state without runs; `fleet` is the number of vehicles of each type."""
    rows = len(a.rider_stop) + 1
    return State(
        table=np.full((rows, MAX_NODES), -1, dtype=np.int64),
        length=np.zeros(rows, dtype=np.int64),
        price=np.zeros(rows, dtype=np.float64),
        wait=np.zeros(rows, dtype=np.float64),
        crew=np.zeros(rows, dtype=np.int64),
        kind=np.full(rows, -1, dtype=np.int64),
        run_of=np.full(len(a.rider_stop), -1, dtype=np.int64),
        free=fleet.copy(),
    )


def copy_state(state: State) -> State:
    """Copy a state, vehicle types and all."""
    return State(
        state.table.copy(),
        state.length.copy(),
        state.price.copy(),
        state.wait.copy(),
        state.crew.copy(),
        state.kind.copy(),
        state.run_of.copy(),
        state.free.copy(),
    )


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
    if kind < 0 or not keeps_every_weekday(seq, a):
        return False
    state.table[row, : len(seq)] = seq
    state.length[row] = len(seq)
    state.price[row] = cost + penalty
    state.kind[row] = kind
    state.free[kind] -= 1
    state.crew[row] = count_assistants(seq, 31, a)
    state.wait[row] = time_run(seq, a)[3]
    for node in seq:
        if node < riders:
            state.run_of[node] = row
    return True


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
    return int(a.rider_stop[node] if node < riders else a.school_stop[node - riders])


class Rates(NamedTuple):
    """The least and the most that any vehicle type takes, GBP a metre and a second."""

    metre_least: float
    metre_most: float
    second_least: float
    second_most: float


@njit(cache=True)
def find_rates(a: Arrays) -> Rates:
    """The least and the most of every type's rates: a bound may not know the type beforehand."""
    metre_least = second_least = INFEASIBLE
    metre_most = second_most = 0.0
    for v in range(len(a.type_driver)):
        metre_least = min(metre_least, min(a.type_live[v], a.type_dead[v]))
        metre_most = max(metre_most, max(a.type_live[v], a.type_dead[v]))
        second_least = min(second_least, a.type_driver[v])
        second_most = max(second_most, a.type_driver[v])
    return Rates(metre_least, metre_most, second_least, second_most)


@njit(cache=True)
def _filling_gain(seq: IntArray, a: Arrays) -> float:
    """The most that filling empty legs saves where dead metres cost more than live ones, GBP."""
    gain = 0.0
    for v in range(len(a.type_live)):
        apart = a.type_dead[v] - a.type_live[v]
        if apart <= 0:
            continue
        _, dead = measure_run(seq, a)
        base = a.type_base[v]
        if base >= 0:
            dead += a.dist_m[base, _stop_of(seq[0], a)] + a.dist_m[_stop_of(seq[-1], a), base]
        gain = max(gain, apart * dead)
    return gain


@njit(cache=True)
def _base_detour(
    table: NDArray[np.int32], old_first: int, first: int, old_last: int, last: int, a: Arrays
) -> int:
    """The least that legs from and to a base grow in any type when the ends of a run change."""
    least = FAR
    for v in range(len(a.type_base)):
        base = a.type_base[v]
        more = 0
        if base >= 0:
            more += table[base, first] - table[base, old_first]
            more += table[last, base] - table[old_last, base]
        least = min(least, more)
    return least


@njit(cache=True)
def bound_places(
    state: State, row: int, group: IntArray, rates: Rates, a: Arrays
) -> tuple[float, FloatArray]:
    """Bound from below the price added by each pair (home place i, school place j).

    Seconds added to the drive and dwell are less a wait that they may fill, but a run never becomes
    shorter by an insertion, save by a detour that is quicker than the way it replaces (a matrix
    without the triangle inequality); at either end of a run no wait is filled. Negative detours
    count at the dearest rates, others at the cheapest. (A price of the row that is above the least
    of today's free types is for the caller to allow for.)

    Returns
    -------
    float, (n + 1, n + 2) float64
        The least bound of the run, and the bounds; column n + 1 is the school already called at.
        INFEASIBLE where the pair makes no sense.
    """
    n = state.length[row]
    seq = state.table[row, :n]
    riders = len(a.rider_stop)
    call = a.rider_school[group[0]]
    at = -1
    for i in range(n):
        if seq[i] == riders + call:
            at = i
    crew_rate = state.crew[row] * a.pa_per_s
    extra_pa = 0
    for rider in group:
        extra_pa += a.rider_dedicated[rider]
        if a.rider_shared[rider] and state.crew[row] == 0 and extra_pa == 0:
            extra_pa += 1
    constant = extra_pa * a.pa_fixed - _filling_gain(seq, a)
    has_base = False
    for v in range(len(a.type_base)):
        has_base = has_base or a.type_base[v] >= 0
    first = a.rider_stop[group[0]]
    last = a.rider_stop[group[-1]]
    inner_s = 0
    inner_m = 0
    longest = 0
    for k in range(len(group)):
        longest = max(longest, a.rider_dwell[group[k]])
        if k > 0:
            before, here = a.rider_stop[group[k - 1]], a.rider_stop[group[k]]
            inner_s += a.time_s[before, here]
            inner_m += a.dist_m[before, here]
    target = a.school_stop[call]
    old_first = _stop_of(seq[0], a)
    old_last = _stop_of(seq[-1], a)
    bound = np.full((n + 1, n + 2), INFEASIBLE)
    least = INFEASIBLE
    # what the school adds when put before node j (j = n: at the end)
    call_s = np.zeros(n + 1, np.int64)
    call_m = np.zeros(n + 1, np.int64)
    if at < 0:
        for j in range(1, n + 1):
            prev = _stop_of(seq[j - 1], a)
            call_s[j] = a.time_s[prev, target] + a.school_dwell[call]
            call_m[j] = a.dist_m[prev, target]
            if j < n:
                nxt = _stop_of(seq[j], a)
                call_s[j] += a.time_s[target, nxt] - a.time_s[prev, nxt]
                call_m[j] += a.dist_m[target, nxt] - a.dist_m[prev, nxt]
                if prev == nxt and a.door_extra > 0:
                    call_s[j] -= a.door_extra
    for i in range((n if at < 0 else at) + 1):
        prev = _stop_of(seq[i - 1], a) if i > 0 else -1
        nxt = _stop_of(seq[i], a) if i < n else -1
        home_s = inner_s + longest
        if a.door_extra >= 0 and (prev == first or nxt == last):
            home_s = inner_s
        if prev == nxt and a.door_extra > 0:
            home_s -= a.door_extra
        home_m = inner_m
        if prev >= 0:
            home_s += a.time_s[prev, first]
            home_m += a.dist_m[prev, first]
        if prev >= 0 and nxt >= 0:
            home_s -= a.time_s[prev, nxt]
            home_m -= a.dist_m[prev, nxt]
        for j in range(i, n + 2):
            if (j == n + 1) != (at >= 0):
                continue
            detour_s, detour_m = home_s, home_m
            school_s = school_m = 0
            if j == i:
                detour_s += a.time_s[last, target] + a.school_dwell[call]
                detour_m += a.dist_m[last, target]
                if nxt >= 0:
                    detour_s += a.time_s[target, nxt]
                    detour_m += a.dist_m[target, nxt]
            else:
                detour_s += a.time_s[last, nxt]
                detour_m += a.dist_m[last, nxt]
                if j <= n:
                    school_s, school_m = call_s[j], call_m[j]
            ends_s = detour_s if i in (0, n) else 0
            if j == n and i < n:
                ends_s += school_s
            ends_s += 2 * (min(detour_s, 0) + min(school_s, 0))
            longer = max(ends_s, detour_s + school_s - state.wait[row])
            value = constant
            value += _at_rates(detour_m, rates.metre_least, rates.metre_most)
            value += _at_rates(school_m, rates.metre_least, rates.metre_most)
            if has_base and (i == 0 or j == n):
                new_first = first if i == 0 else old_first
                new_last = target if j == n else old_last
                longer += _base_detour(a.time_s, old_first, new_first, old_last, new_last, a)
                more_m = _base_detour(a.dist_m, old_first, new_first, old_last, new_last, a)
                value += _at_rates(more_m, rates.metre_least, rates.metre_most)
            value += _at_rates(
                longer, rates.second_least + crew_rate, rates.second_most + crew_rate
            )
            bound[i, j] = value
            least = min(least, value)
    return least, bound


@njit(cache=True)
def _at_rates(amount: float, least: float, most: float) -> float:
    rate = least if amount > 0 else most
    return amount * rate


@njit(cache=True)
def _overprice(state: State, row: int, a: Arrays) -> float:
    """What a run would save now by a type that was not free when it was priced, GBP."""
    state.free[state.kind[row]] += 1
    cost, penalty, _, _ = price_run(state.table[row, : state.length[row]], state.free, a)
    state.free[state.kind[row]] -= 1
    return float(max(0.0, state.price[row] - cost - penalty))


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
    if best < INFEASIBLE and not keeps_every_weekday(best_seq, a):
        best = INFEASIBLE
    best_row = row
    rates = find_rates(a)
    is_scarce = np.min(state.free) < len(state.length)
    rows = np.empty(len(neighbours[group[0]]), np.int64)
    least = np.empty(len(rows), np.float64)
    stale = np.zeros(len(rows), np.float64)
    count = 0
    for near in neighbours[group[0]]:
        i = state.run_of[near]
        if i < 0 or checked[i] == stamp or state.length[i] + g + 1 > state.table.shape[1]:
            continue
        checked[i] = stamp
        rows[count] = i
        count += 1
    for x in range(count):
        stale[x] = _overprice(state, rows[x], a) if is_scarce else 0.0
        least[x] = bound_places(state, rows[x], group, rates, a)[0] - stale[x]
    for x in np.argsort(least[:count]):
        if least[x] >= best:
            break
        i = rows[x]
        n = state.length[i]
        seq = state.table[i, :n]
        _, bound = bound_places(state, i, group, rates, a)
        has_call = bound[0, n + 1] < INFEASIBLE
        trial = np.empty(n + g + (0 if has_call else 1), np.int64)
        state.free[state.kind[i]] += 1
        for h in range(n + 1):
            for j in range(h, n + 2):
                if bound[h, j] - stale[x] >= best or (blink > 0 and np.random.random() < blink):
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
                if added < best and keeps_every_weekday(trial, a):
                    best = added
                    best_row = i
                    best_seq = trial.copy()
        state.free[state.kind[i]] -= 1
    if best == INFEASIBLE:
        return False
    return set_run(state, best_row, best_seq, a)
