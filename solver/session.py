"""One session, from an instance to a plan: the whole recipe.

1. Riders that nothing could carry are set aside with their reasons (C17).
2. Starts: every plan handed in, repaired where it breaks this instance's rules, and a new plan by
   insertion at exact prices; the best of them goes on.
3. OR-Tools routing on neighbouring runs, some 100 pupils at a time (:mod:`solver.routing`).
4. Ruin and recreate with exact prices (:mod:`solver.search`) until the limit.
5. Exact timetables by weekday and the final price (:mod:`solver.sequences`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from solver.arrays import Arrays, IntArray, build_arrays
from solver.domain import Instance, Reason, Run, Session, SessionPlan, TravelMatrix, Unassigned
from solver.hopeless import find_hopeless, price_alone
from solver.insertion import build_neighbours, insert_all, list_groups, order_groups
from solver.measure import RunPrice
from solver.routing import Limits, can_model, improve_runs
from solver.search import improve, seed_search
from solver.sequences import build_session_plan
from solver.state import State, build_state, copy_state, list_runs, set_run

UNLIMITED = 1_000_000
ROUTING_PUPILS = 100
ROUTING_SHARE = 0.15
"""Share of the time, or of the iterations, that OR-Tools routing may use."""
ROUTING_MOST_S = 20.0
ROUTING_MOST_SOLUTIONS = 200
HOT = 0.35
"""First temperature, as a share of the mean price of a run; the last is a hundredth of it."""
STEPS = 100
_NEAR_GBP = 5.0
_FIRST_STEPS = 10


@dataclass(frozen=True, slots=True)
class SearchLimits:
    """When a search stops: after `seconds` of wall time or `iterations`, whichever is given."""

    seconds: float | None = None
    iterations: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.seconds is None and self.iterations is None:
            raise ValueError("a search needs a limit: give seconds or iterations")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a search is. `objective` is GBP a day for this session."""

    session: Session
    phase: str
    seconds: float
    objective: float
    runs: int
    unassigned: int
    iterations: int


@dataclass(slots=True)
class _Clock:
    """What is left of the limits."""

    limits: SearchLimits
    should_stop: Callable[[], bool]
    began: float = field(default_factory=time.perf_counter)
    iterations: int = 0

    def elapsed(self) -> float:
        return time.perf_counter() - self.began

    def share(self) -> float:
        """Share of the limit that is used up, 0 to 1 and over."""
        if self.limits.iterations is not None:
            return self.iterations / max(self.limits.iterations, 1)
        return self.elapsed() / max(self.limits.seconds or 0.0, 1e-9)

    def is_over(self) -> bool:
        return self.share() >= 1.0 or self.should_stop()


def solve_session(
    instance: Instance,
    matrix: TravelMatrix,
    limits: SearchLimits,
    *,
    starts: Sequence[Sequence[IntArray]] = (),
    on_progress: Callable[[Progress], None] = lambda _: None,
    on_better: Callable[[SessionPlan], None] = lambda _: None,
    should_stop: Callable[[], bool] = lambda: False,
    began: float | None = None,
) -> SessionPlan:
    """Plan one session under rules C1-C10, C12 and C17.

    Parameters
    ----------
    starts
        Node sequences of plans to start from (:func:`solver.sequences.adapt_plan`). The answer is
        never dearer than the cheapest of them that this instance's rules allow.
    on_better
        Called with a complete, timed plan, at most once a second, when a cheaper one is found.
    began
        `time.perf_counter()` at process start, where the seconds count from there.

    Returns
    -------
    SessionPlan
        Every rider is on one run or among the unassigned with reasons.

    Raises
    ------
    InstanceError
        If the instance and the matrix do not belong together, or the fleet has no type.
    """
    clock = _Clock(limits, should_stop)
    if began is not None:
        clock.began = began
    a = build_arrays(instance, matrix)
    everyone = list(range(len(instance.riders)))
    hopeless = find_hopeless(instance, matrix, list_groups(instance, everyone))
    groups = order_groups(list_groups(instance, [r for r in everyone if r not in hopeless]), a)
    search = _Search(instance, matrix, a, groups, hopeless, clock, on_progress, on_better)
    search.start(starts)
    if groups:
        search.run_routing()
        search.run_ruin_and_recreate()
    return search.finish()


class _Search:
    """The state of one session's search: the best runs so far and who is left out."""

    def __init__(
        self,
        instance: Instance,
        matrix: TravelMatrix,
        a: Arrays,
        groups: list[list[int]],
        hopeless: dict[int, tuple[Reason, ...]],
        clock: _Clock,
        on_progress: Callable[[Progress], None],
        on_better: Callable[[SessionPlan], None],
    ) -> None:
        self.instance, self.matrix, self.clock = instance, matrix, clock
        self.groups, self.hopeless = groups, hopeless
        self.on_progress, self.on_better = on_progress, on_better
        self.a = a
        self.neighbours = build_neighbours(self.a)
        self.rng = np.random.default_rng(clock.limits.seed)
        seed_search(clock.limits.seed)
        self.fleet = np.array(
            [UNLIMITED if t.count is None else t.count for t in instance.fleet], dtype=np.int64
        )
        self.alone = {
            r: price_alone(instance, matrix, r, reasons) for r, reasons in hopeless.items()
        }
        self.best: State = build_state(self.a, self.fleet)
        self.left_out: list[int] = []
        self.first: SessionPlan | None = None
        self.timed: dict[bytes, tuple[Run, RunPrice]] = {}
        self.reported_at = -10.0
        self.reported_price = np.inf

    # --- starts ---------------------------------------------------------------------------------

    def start(self, starts: Sequence[Sequence[IntArray]]) -> None:
        """Take the best of the starts and a new plan by insertion."""
        seen: list[tuple[float, State, list[int]]] = []
        for runs in [*starts, []]:
            state, left_out = self._repair(runs)
            seen.append((self._total(state, left_out), state, left_out))
        seen.sort(key=lambda item: item[0])
        # the search prices waits aboard on the dear side: near the best, the exact price decides
        for total, state, left_out in seen:
            if total <= seen[0][0] + _NEAR_GBP:
                self.best, self.left_out = state, left_out
                plan = self.build_plan()
                if self.first is None or plan.objective < self.first.objective:
                    self.first = plan
        _, self.best, self.left_out = seen[0]
        self._report("first plan")

    def _repair(self, runs: Sequence[IntArray]) -> tuple[State, list[int]]:
        """Keep the runs that the rules allow and insert everyone else."""
        allowed = {r for group in self.groups for r in group}
        state = build_state(self.a, self.fleet)
        row = 0
        for run in runs:
            riders = [int(n) for n in run if n < len(self.a.rider_stop)]
            together = all(
                set(g) <= set(riders) or not set(g) & set(riders) for g in self.groups if len(g) > 1
            )
            is_new = allowed.issuperset(riders) and all(state.run_of[r] < 0 for r in riders)
            if together and is_new and _is_sound(run, self.a) and _put(state, row, run, self.a):
                row += 1
        missing = [g for g in self.groups if state.run_of[g[0]] < 0]
        left = insert_all(state, missing, self.neighbours, self.a)
        return state, [r for g in left for r in missing[g]]

    def _total(self, state: State, left_out: Sequence[int]) -> float:
        return float(state.price.sum()) + sum(
            self._alone(r).session_price for r in (*left_out, *self.hopeless)
        )

    def _alone(self, rider: int) -> Unassigned:
        if rider not in self.alone:
            text = "no vehicle of a type that could carry them is left in the fleet"
            self.alone[rider] = price_alone(
                self.instance, self.matrix, rider, (Reason("C11", text),)
            )
        return self.alone[rider]

    # --- OR-Tools routing -----------------------------------------------------------------------

    def run_routing(self) -> None:
        """Hand neighbouring runs to the routing model, each once or until the share is used up."""
        limits = self.clock.limits
        most_s = min(ROUTING_MOST_S, ROUTING_SHARE * (limits.seconds or 0.0))
        most = (
            ROUTING_MOST_SOLUTIONS
            if limits.iterations is None
            else min(ROUTING_MOST_SOLUTIONS, int(ROUTING_SHARE * limits.iterations))
        )
        until = self.clock.elapsed() + most_s
        pieces = self._cut_pieces()
        for number, piece in enumerate(pieces):
            left = len(pieces) - number
            seconds = (
                None if limits.iterations is not None else (until - self.clock.elapsed()) / left
            )
            if self.clock.is_over() or (seconds is not None and seconds < 0.05) or most < 1:
                break
            self._route_piece(piece, Limits(max(1, most // len(pieces)), seconds))
            self._report("routing")

    def _cut_pieces(self) -> list[list[int]]:
        """Cut the rows of runs into neighbouring pieces of about ROUTING_PUPILS pupils."""
        state, riders = self.best, len(self.a.rider_stop)
        wide = build_neighbours(self.a, 4 * ROUTING_PUPILS)
        free = {
            int(row)
            for row in np.flatnonzero(state.length)
            if can_model(state.table[row, : state.length[row]], self.a)
        }
        pieces = []
        for centre in self.rng.permutation(riders):
            if int(state.run_of[centre]) not in free:
                continue
            piece: list[int] = []
            pupils = 0
            for rider in (centre, *wide[centre]):
                row = int(state.run_of[rider])
                size = int((state.table[row, : state.length[row]] < riders).sum())
                if row in free and pupils + size <= max(ROUTING_PUPILS, size):
                    piece.append(row)
                    pupils += size
                    free.discard(row)
            pieces.append(piece)
        return pieces

    def _route_piece(self, rows: list[int], limits: Limits) -> None:
        state, a = self.best, self.a
        runs = [state.table[row, : state.length[row]].copy() for row in rows]
        partners = [(g[0], other) for g in self.groups for other in g[1:]]
        kinds = [int(state.kind[row]) for row in rows]
        answers, count = improve_runs(a, runs, kinds, np.maximum(state.free, 0), partners, limits)
        self.clock.iterations += count
        others = [
            state.table[row, : state.length[row]].copy()
            for row in np.flatnonzero(state.length)
            if int(row) not in rows
        ]
        before = self._total(state, self.left_out)
        for answer in answers:
            trial, left_out = self._repair([*others, *answer])
            if len(left_out) <= len(self.left_out) and self._total(trial, left_out) < before - 1e-9:
                self.best, self.left_out = trial, left_out
                return

    # --- ruin and recreate ----------------------------------------------------------------------

    def run_ruin_and_recreate(self) -> None:
        """Improve until the limit; the temperature falls with the share of it used up."""
        a, clock = self.a, self.clock
        groups, group_of = _pad(self.groups, self.left_out, len(a.rider_stop))
        state = copy_state(self.best)
        runs = max(int((state.length > 0).sum()), 1)
        hot = max(HOT * float(state.price.sum()) / runs, 1e-3)
        first = clock.share()
        steps = STEPS if clock.limits.iterations is not None else _FIRST_STEPS
        while not clock.is_over():
            if clock.limits.iterations is not None:
                steps = min(STEPS, clock.limits.iterations - clock.iterations)
            done = (clock.share() - first) / max(1.0 - first, 1e-9)
            heat = hot * 0.01**done
            began = clock.elapsed()
            improve(state, self.best, groups, group_of, self.neighbours, steps, heat, a)
            clock.iterations += steps
            took = clock.elapsed() - began
            if clock.limits.iterations is None:
                steps = int(min(max(steps * 0.25 / max(took, 1e-6), 10), 2 * steps))
            self._report("improving")
            if self.left_out and self._take_back():
                groups, group_of = _pad(self.groups, self.left_out, len(a.rider_stop))
                state = copy_state(self.best)

    def _take_back(self) -> bool:
        """Try to carry those whom the fleet left out; whether anyone came back."""
        waiting = [g for g in self.groups if set(g) & set(self.left_out)]
        left = insert_all(self.best, waiting, self.neighbours, self.a)
        still = [r for g in left for r in waiting[g]]
        is_better = len(still) < len(self.left_out)
        self.left_out = still
        return is_better

    # --- reports and the end --------------------------------------------------------------------

    def _report(self, phase: str) -> None:
        now = self.clock.elapsed()
        if now - self.reported_at < 1.0:
            return
        self.reported_at = now
        price = self._total(self.best, self.left_out)
        self.on_progress(
            Progress(
                self.instance.session,
                phase,
                now,
                price,
                int((self.best.length > 0).sum()),
                len(self.left_out) + len(self.hopeless),
                self.clock.iterations,
            )
        )
        if price < self.reported_price - 0.005:
            self.reported_price = price
            self.on_better(self.finish())

    def finish(self) -> SessionPlan:
        """Return the best plan: of the search, or a start where the exact price says so."""
        plan = self.build_plan()
        if self.first is not None and self.first.objective < plan.objective:
            plan = replace(self.first, iterations=plan.iterations, seconds=plan.seconds)
        return plan

    def build_plan(self) -> SessionPlan:
        """Build the timed plan of the present best runs."""
        unassigned = tuple(self._alone(r) for r in sorted((*self.left_out, *self.hopeless)))
        kinds = [int(kind) for kind in self.best.kind[self.best.length > 0]]
        plan = build_session_plan(
            self.instance,
            self.matrix,
            self.a,
            list_runs(self.best),
            kinds,
            unassigned,
            self.timed,
        )
        return replace(
            plan,
            seed=self.clock.limits.seed,
            iterations=self.clock.iterations,
            seconds=self.clock.elapsed(),
        )


def _is_sound(run: IntArray, a: Arrays) -> bool:
    """C1, C12: nobody twice, each rider's school once and after them, no school for nobody."""
    nodes = [int(node) for node in run]
    riders = [node for node in nodes if node < len(a.rider_stop)]
    calls = [len(a.rider_stop) + int(a.rider_school[r]) for r in riders]
    return (
        len(set(nodes)) == len(nodes) == len(riders) + len(set(calls))
        and set(calls) <= set(nodes)
        and all(nodes.index(r) < nodes.index(c) for r, c in zip(riders, calls, strict=True))
    )


def _put(state: State, row: int, run: IntArray, a: Arrays) -> bool:
    return bool(len(run) <= state.table.shape[1] and set_run(state, row, run, a))


def _pad(
    groups: list[list[int]], left_out: Sequence[int], riders: int
) -> tuple[IntArray, IntArray]:
    """Groups as a (G, m) array padded with -1, and the group of each rider that is carried."""
    kept = [g for g in groups if not set(g) & set(left_out)]
    table = np.full((max(len(kept), 1), max((len(g) for g in kept), default=1)), -1, dtype=np.int64)
    group_of = np.full(riders, -1, dtype=np.int64)
    for i, group in enumerate(kept):
        table[i, : len(group)] = group
        group_of[group] = i
    return table, group_of
