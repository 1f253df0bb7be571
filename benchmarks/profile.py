"""Steps a second by size, and where the time of a search goes.

    .venv/bin/python -m benchmarks.profile --out benchmarks/profile.md

Two tables. The first follows whole solves: seconds by phase and steps a second. The second takes a
plan as the search knows it, counts how often each kernel is called in a step of ruin and recreate,
and times each kernel by itself in a compiled loop on the same runs; what is left of a step is the
ruin, the copies and the acceptance.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numba import njit

from benchmarks.measuring import SHARED, describe_machine, get_revision
from solver.arrays import Arrays, IntArray, build_arrays
from solver.desk import Desk, build_desk, build_party
from solver.detours import bound_party
from solver.insertion import build_neighbours, insert_all, insert_group
from solver.kernel import price_run
from solver.places import find_place
from solver.reference import read_instance
from solver.search import _ruin, improve, seed_search
from solver.session import Progress, SearchLimits, solve_session
from solver.state import State, build_state, copy_state

SIZES = ("60", "150", "500", "1500")
WARM_STEPS = 3_000
TIMED_STEPS = 1_000
COUNTED_STEPS = 200
HEAT_GBP = 2.0
_UNLIMITED = 1_000_000


@dataclass(frozen=True, slots=True)
class Followed:
    """A whole solve: seconds by phase, and steps of ruin and recreate."""

    phases: dict[str, float]
    steps: int
    seconds: float
    cost: float


@dataclass(frozen=True, slots=True)
class Kernel:
    """A kernel's calls in a step and microseconds a call."""

    name: str
    calls: float
    micros: float


@dataclass(frozen=True, slots=True)
class Counted:
    """Where a step's time goes at one size."""

    size: str
    step_micros: float
    insertions: float
    kernels: tuple[Kernel, ...]


def main() -> int:
    """Measure every size and write both tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", nargs="+", default=list(SIZES))
    parser.add_argument("--seconds", type=float, default=20.0, help="of each whole solve")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shared", type=Path, default=SHARED)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    folder = arguments.shared / "reference" / "instances"
    followed, counted = {}, []
    for size in arguments.sizes:
        path = folder / f"walsall_{size}_s1.json"
        followed[size] = follow(path, arguments.seconds, arguments.seed)
        counted.append(count(size, path, arguments.seed))
        print(f"{size} pupils measured", file=sys.stderr)
    text = _write_page(followed, counted, arguments)
    print(text)
    if arguments.out:
        arguments.out.write_text(text, encoding="utf-8")
    return 0


def follow(path: Path, seconds: float, seed: int) -> Followed:
    """Solve an instance and add up the seconds between reports by phase."""
    began = time.perf_counter()
    instance, matrix = read_instance(path)
    phases = {"reading": time.perf_counter() - began}
    last = phases["reading"]

    def note(progress: Progress) -> None:
        nonlocal last
        phases[progress.phase] = phases.get(progress.phase, 0.0) + progress.seconds - last
        last = progress.seconds

    limits = SearchLimits(seconds=seconds, seed=seed)
    plan = solve_session(instance, matrix, limits, on_progress=note, began=began)
    phases["ending"] = plan.seconds - last
    return Followed(phases, plan.iterations, plan.seconds, plan.cost)


# --- one step, kernel by kernel -------------------------------------------------------------------


def count(size: str, path: Path, seed: int) -> Counted:
    """Count and time the kernels of a step on a plan after some thousands of steps."""
    instance, matrix = read_instance(path)
    a = build_arrays(instance, matrix)
    riders = len(instance.riders)
    groups = np.arange(riders, dtype=np.int64).reshape(-1, 1)
    group_of = np.arange(riders, dtype=np.int64)
    neighbours = build_neighbours(a)
    state = build_state(a, np.full(len(instance.fleet), _UNLIMITED, dtype=np.int64))
    insert_all(state, [[rider] for rider in range(riders)], neighbours, a)
    seed_search(seed)
    best = copy_state(state)
    work = (groups, group_of, neighbours)
    improve(state, best, *work, WARM_STEPS, HEAT_GBP, a)
    state = copy_state(best)
    step = _time(lambda: improve(state, best, *work, TIMED_STEPS, HEAT_GBP, a), TIMED_STEPS)
    inserts, bounds, places, prices = _count_calls(best, groups, group_of, neighbours, a)
    rows = np.flatnonzero(best.length)
    pairs = _draw_pairs(best, neighbours, np.random.default_rng(seed))
    bound_us = _time(lambda: _loop_bounds(best, pairs, a), len(pairs))
    price_us = _time(lambda: _loop_prices(best, rows, a), len(rows))
    place_us = _time_places(best, neighbours, bound_us, price_us, a)
    kernels = (
        Kernel("a floor of a run's rise", bounds, bound_us),
        Kernel("places in a run", places, place_us),
        Kernel("exact price of a run", prices, price_us),
    )
    return Counted(size, step, inserts, kernels)


def _time_places(
    best: State, neighbours: IntArray, bound_us: float, price_us: float, a: Arrays
) -> float:
    """Microseconds of a search for a place, with the limit to beat that an insertion has."""
    desk = build_desk(len(a.type))
    riders = np.arange(0, len(a.rider), max(len(a.rider) // 200, 1))
    bounds, places = _loop_insertions(best, riders, neighbours, desk, a)
    whole = _time(lambda: _loop_insertions(best, riders, neighbours, desk, a), len(riders))
    return (whole * len(riders) - bounds * bound_us - len(riders) * price_us) / max(places, 1)


def _count_calls(
    best: State, groups: IntArray, group_of: IntArray, neighbours: IntArray, a: Arrays
) -> tuple[float, float, float, float]:
    """Insertions, floors, searches for a place and exact prices in a step, on average."""
    rows = len(best.length)
    desk = build_desk(len(a.type))
    totals = np.zeros(4)
    for _ in range(COUNTED_STEPS):
        state = copy_state(best)
        removed, touched = np.empty(len(groups), np.int64), np.empty(rows, np.int64)
        is_touched, is_out = np.zeros(rows, np.bool_), np.zeros(len(groups), np.bool_)
        taken, changed = _ruin(
            state, groups, group_of, neighbours, removed, touched, is_touched, is_out, a
        )
        # a run that loses riders is priced again
        totals += (taken, 0, 0, changed)
        checked = np.full(rows, -1, np.int64)
        for stamp, group in enumerate(removed[:taken]):
            totals[1:] += _count_insertion(state, int(group), neighbours, desk, a)
            insert_group(state, groups[group], neighbours, checked, stamp, 0.0, desk, a)
    inserts, bounds, places, prices = totals / COUNTED_STEPS
    return float(inserts), float(bounds), float(places), float(prices)


@njit(cache=True)
def _count_insertion(
    state: State, rider: int, neighbours: IntArray, desk: Desk, a: Arrays
) -> tuple[int, int, int]:
    """Floors, searches for a place and exact prices of one insertion, as the search makes them."""
    party = build_party(np.array([rider]), a)
    alone = np.array([rider, len(a.rider) + party.call])
    cost, penalty, _, _ = price_run(alone, state.free, a)
    best = cost + penalty
    seen = np.zeros(len(state.length), np.bool_)
    rows = np.empty(neighbours.shape[1], np.int64)
    floor = np.empty(neighbours.shape[1], np.float64)
    bounds = 0
    for near in neighbours[rider]:
        row = state.run_of[near]
        if row >= 0 and row != state.run_of[rider] and not seen[row]:
            seen[row] = True
            rows[bounds] = row
            floor[bounds] = bound_party(state, row, party, a)
            bounds += 1
    places = 0
    prices = 2
    for x in np.argsort(floor[:bounds]):
        if floor[x] >= best:
            break
        places += 1
        place = find_place(state, rows[x], party, best, 0.0, desk, a)
        if place.home >= 0:
            prices += 1
            best = min(best, place.price)
    return bounds, places, prices


def _draw_pairs(state: State, neighbours: IntArray, rng: np.random.Generator) -> IntArray:
    """Draw (rider, row of a neighbour's run) pairs as insertions look at them."""
    riders = rng.integers(0, len(neighbours), 2_000)
    near = neighbours[riders, rng.integers(0, min(20, neighbours.shape[1]), len(riders))]
    pairs = np.stack([riders, state.run_of[near]], axis=1)
    return np.ascontiguousarray(pairs[state.run_of[riders] != pairs[:, 1]])


@njit(cache=True)
def _loop_bounds(state: State, pairs: IntArray, a: Arrays) -> float:
    total = 0.0
    for x in range(len(pairs)):
        party = build_party(pairs[x, :1], a)
        total += bound_party(state, pairs[x, 1], party, a)
    return total


@njit(cache=True)
def _loop_insertions(
    state: State, riders: IntArray, neighbours: IntArray, desk: Desk, a: Arrays
) -> tuple[int, int]:
    """Look for a place for each rider without taking it; floors and searches made."""
    bounds = 0
    places = 0
    for rider in riders:
        more, searched, _ = _count_insertion(state, rider, neighbours, desk, a)
        bounds += more
        places += searched
    return bounds, places


@njit(cache=True)
def _loop_prices(state: State, rows: IntArray, a: Arrays) -> float:
    total = 0.0
    for row in rows:
        total += price_run(state.table[row, : state.length[row]], state.free, a)[0]
    return total


def _time(work: Callable[[], object], calls: int, rounds: int = 5) -> float:
    """Microseconds a call: the least of some rounds, after one that compiles."""
    work()
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return min(took) / calls * 1e6


# --- the page -------------------------------------------------------------------------------------


def _write_page(
    followed: dict[str, Followed], counted: Sequence[Counted], arguments: argparse.Namespace
) -> str:
    phases = list(dict.fromkeys(name for one in followed.values() for name in one.phases))
    lines = [
        "# Profile",
        "",
        f"{describe_machine()}; revision {get_revision()}; reference instances, seed "
        f"{arguments.seed}. Written by `benchmarks/profile.py`.",
        "",
        f"Whole solves of {arguments.seconds:g} s, both cores. A step is one ruin and recreate.",
        "",
        f"| pupils | £ a day | steps a second | {' | '.join(f'{name} s' for name in phases)} |",
        "|---|---|---|" + "---|" * len(phases),
    ]
    for size, one in followed.items():
        spent = " | ".join(f"{one.phases.get(name, 0.0):.1f}" for name in phases)
        rate = one.steps / one.seconds
        lines.append(f"| {size} | {one.cost:,.2f} | {rate:,.0f} | {spent} |")
    lines += [
        "",
        "One step on one core, kernel by kernel: calls a step x microseconds a call, each kernel "
        "timed by itself on a plan after some thousands of steps, so that shares are estimates. "
        "The rest of a step is the ruin, the copies and the acceptance.",
        "",
        "| pupils | kernel | calls a step | µs a call | µs a step | share of the step |",
        "|---|---|---|---|---|---|",
    ]
    for at in counted:
        rest = at.step_micros
        for kernel in at.kernels:
            micros = kernel.calls * kernel.micros
            rest -= micros
            lines.append(
                f"| {at.size} | {kernel.name} | {kernel.calls:.1f} | {kernel.micros:.2f} | "
                f"{micros:.0f} | {micros / at.step_micros:.0%} |"
            )
        lines.append(f"| {at.size} | the rest | | | {rest:.0f} | {rest / at.step_micros:.0%} |")
        lines.append(
            f"| {at.size} | whole step, {at.insertions:.1f} pupils | 1 | {at.step_micros:.0f} | "
            f"{at.step_micros:.0f} | 100% |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
