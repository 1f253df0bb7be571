"""One session, from an instance to a plan: the whole recipe.

1. Riders that nothing could carry are set aside with their reasons (C17).
2. Starts: every plan handed in, repaired where it breaks this instance's rules, and a new plan by
   insertion at exact prices; the best of them goes on.
3. OR-Tools routing on neighbouring runs, some 100 pupils at a time (:mod:`solver.routing`).
4. Ruin and recreate at exact prices until the limit, in pieces side by side, with the pool of good
   runs put together anew from the middle on (:mod:`solver.rounds`).
5. Exact timetables by weekday and the final price (:mod:`solver.sequences`).
6. Where it is asked for, a lower bound (:mod:`solver.bound`), whose runs go into the pool as well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace

import numpy as np

from solver.arrays import Arrays, IntArray, build_arrays
from solver.bound.answer import BoundProgress
from solver.bound.generation import bound_session
from solver.domain import (
    Bound,
    Instance,
    InstanceError,
    Reason,
    Run,
    SessionPlan,
    TravelMatrix,
    Unassigned,
)
from solver.hopeless import find_hopeless, price_alone
from solver.insertion import (
    build_neighbours,
    insert_all,
    keeps_together,
    list_groups,
    order_groups,
)
from solver.kernel import keeps_every_weekday, price_run
from solver.limits import Clock, Progress, SearchLimits, StopLimits
from solver.measure import RunPrice
from solver.rounds import THREADS, Rounds
from solver.routing import Limits, can_model, improve_runs
from solver.sequences import build_session_plan, to_sequence
from solver.state import State, build_state, is_sound, list_runs, set_run

__all__ = ["Progress", "SearchLimits", "solve_session"]

UNLIMITED = 1_000_000
ROUTING_PUPILS = 100
ROUTING_SHARE = 0.05
"""Share of the time, or of the iterations, that OR-Tools routing may use."""
ROUTING_MOST_S = 10.0
ROUTING_MOST_SOLUTIONS = 200
JOIN_EFFORT = 2.0
"""CP-SAT's limit when it puts the runs that a bound found together with the others."""
JOIN_SHARE = 0.05
JOIN_MOST_S = 20.0
"""Share of a bound's seconds, and most of them, that this is given beside what the bound leaves."""
JOIN_LEAST_S = 2.0
"""With less, CP-SAT is not followed by branch and bound on the relaxation."""
_NEAR_GBP = 5.0


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
    clock = Clock(limits, should_stop)
    if began is not None:
        clock.began = began
    a = build_arrays(instance, matrix)
    pinned = {r for run in instance.pinned for visit in run.visits for r in visit.riders}
    free = [r for r in range(len(instance.riders)) if r not in pinned]
    hopeless = find_hopeless(instance, matrix, list_groups(instance, free))
    groups = order_groups(list_groups(instance, [r for r in free if r not in hopeless]), a)
    search = _Search(instance, matrix, a, groups, hopeless, clock, on_progress, on_better)
    search.start(starts)
    if groups:
        search.run_routing()
        search.run_ruin_and_recreate()
    plan = search.finish()
    return search.prove(plan) if limits.bound_seconds > 0 and groups else plan


class _Search:
    """The state of one session's search: the best runs so far and who is left out."""

    def __init__(
        self,
        instance: Instance,
        matrix: TravelMatrix,
        a: Arrays,
        groups: list[list[int]],
        hopeless: dict[int, tuple[Reason, ...]],
        clock: Clock[SearchLimits],
        on_progress: Callable[[Progress], None],
        on_better: Callable[[SessionPlan], None],
    ) -> None:
        self.instance, self.matrix, self.clock = instance, matrix, clock
        self.groups, self.hopeless = groups, hopeless
        self.on_progress, self.on_better = on_progress, on_better
        self.a = a
        self.neighbours = build_neighbours(self.a)
        self.rng = np.random.default_rng(clock.limits.seed)
        self.fleet = np.array(
            [UNLIMITED if t.count is None else t.count for t in instance.fleet], dtype=np.int64
        )
        self.pinned, self.pinned_price = self._hold_pinned()
        self.alone = {
            r: price_alone(instance, matrix, r, reasons) for r, reasons in hopeless.items()
        }
        self.best: State = build_state(self.a, self.fleet)
        self.left_out: list[int] = []
        self.first: SessionPlan | None = None
        self.timed: dict[bytes, tuple[Run, RunPrice]] = {}
        self.rounds = Rounds(self.a, self.fleet, clock)
        self.proven: float | None = None
        self.reported_at = -10.0
        self.reported_price = np.inf

    def _hold_pinned(self) -> tuple[list[tuple[int, IntArray]], float]:
        """C13: the pinned runs with their price, GBP; their vehicles are taken from the fleet."""
        held, total = [], 0.0
        for number, run in enumerate(self.instance.pinned):
            nodes = to_sequence(self.instance, Run(run.vehicle_type, 0, run.visits))
            only = np.zeros(len(self.fleet), dtype=np.int64)
            only[run.vehicle_type] = self.fleet[run.vehicle_type]
            cost, penalty, kind, _ = price_run(nodes, only, self.a)
            if kind < 0 or not is_sound(nodes, self.a) or not keeps_every_weekday(nodes, self.a):
                raise InstanceError(
                    f"pinned run {number + 1} of the {self.instance.session} session breaks a "
                    f"rule of this scenario, or its fleet has too few vehicles: unpin its route"
                )
            self.fleet[kind] -= 1
            held.append((kind, nodes))
            total += cost + penalty
        return held, total

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
        siblings = [group for group in self.groups if len(group) > 1]
        state = build_state(self.a, self.fleet)
        row = 0
        for run in runs:
            riders = [int(n) for n in run if n < len(self.a.rider)]
            is_new = allowed.issuperset(riders) and all(state.run_of[r] < 0 for r in riders)
            is_whole = keeps_together(riders, siblings)
            if is_whole and is_new and is_sound(run, self.a) and _put(state, row, run, self.a):
                row += 1
        missing = [g for g in self.groups if state.run_of[g[0]] < 0]
        left = insert_all(state, missing, self.neighbours, self.a)
        return state, [r for g in left for r in missing[g]]

    def _total(self, state: State, left_out: Sequence[int]) -> float:
        return (
            self.pinned_price
            + float(state.price.sum())
            + sum(self._alone(r).session_price for r in (*left_out, *self.hopeless))
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
        state, riders = self.best, len(self.a.rider)
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
        """Improve in rounds until the limit, and take back whom the fleet left out if it can."""
        rounds = self.rounds
        rounds.begin(self.best, self._list_carried())
        with ThreadPoolExecutor(THREADS) as threads:
            while not self.clock.is_over():
                rounds.make(threads, self._report)
                self.best = rounds.best
                if self.left_out and self._take_back():
                    rounds.go_on(self.best, self._list_carried())

    def _list_carried(self) -> list[list[int]]:
        return [group for group in self.groups if not set(group) & set(self.left_out)]

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
        """Hand over a better plan, then say how far the search is: a stop keeps what is told."""
        now = self.clock.elapsed()
        if now - self.reported_at < 1.0:
            return
        self.reported_at = now
        price = self._total(self.best, self.left_out)
        if price < self.reported_price - 0.005:
            self.reported_price = price
            self.on_better(self.finish())
        self.on_progress(
            Progress(
                self.instance.session,
                phase,
                now,
                price,
                int((self.best.length > 0).sum()) + len(self.pinned),
                len(self.left_out) + len(self.hopeless),
                self.clock.iterations,
                self.proven,
            )
        )

    def finish(self) -> SessionPlan:
        """Return the best plan: of the search, or a start where the exact price says so."""
        plan = self.build_plan()
        if self.first is not None and self.first.objective < plan.objective:
            plan = replace(self.first, iterations=plan.iterations, seconds=plan.seconds)
        return plan

    # --- the proof --------------------------------------------------------------------------------

    def prove(self, plan: SessionPlan) -> SessionPlan:
        """Add a lower bound to the plan; runs found on the way may make the plan cheaper."""
        limits = self.clock.limits
        kept_s = min(JOIN_SHARE * limits.bound_seconds, JOIN_MOST_S)
        on_top = (
            StopLimits(seconds=limits.bound_seconds - kept_s)
            if limits.iterations is None
            else StopLimits(iterations=max(1, round(limits.bound_seconds)))
        )
        self.on_better(plan)
        self.proven = 0.0
        with ThreadPoolExecutor(THREADS) as threads:
            task = threads.submit(
                bound_session,
                self.instance,
                self.matrix,
                [(run.price, run.nodes) for run in self.rounds.pool.runs.values()],
                on_top,
                on_progress=self._note_bound,
                should_stop=self.clock.should_stop,
            )
            while wait([task], timeout=0.2).not_done:
                self._report("proving")
            result = task.result()
            self.rounds.add_runs(result.columns)
            if self._join(threads, limits.bound_seconds - result.seconds):
                plan = self.finish()
        bound = Bound(
            result.value,
            result.duals,
            result.seconds,
            result.kind_duals,
            result.memory,
            result.seats,
            result.relaxed,
            result.prices,
        )
        return replace(plan, bound=bound)

    def _join(self, threads: ThreadPoolExecutor, left_s: float) -> bool:
        """Put the pooled runs together in the seconds left; whether that is better."""
        if self.clock.limits.iterations is not None:
            is_better = self.rounds.recombine(threads, self._report, JOIN_EFFORT)
        else:
            until = self.clock.elapsed() + min(max(left_s, 1.0), JOIN_MOST_S)
            is_better = self.rounds.recombine(
                threads, self._report, JOIN_EFFORT, max(left_s / 2, 1.0)
            )
            left_s = until - self.clock.elapsed()
            if left_s >= JOIN_LEAST_S and not self.clock.should_stop():
                is_better |= self.rounds.recombine(
                    threads, self._report, seconds=left_s, by_relaxation=True
                )
        if is_better:
            self.best = self.rounds.best
        return is_better

    def _note_bound(self, said: BoundProgress) -> None:
        self.proven = said.value

    def build_plan(self) -> SessionPlan:
        """Build the timed plan of the present best runs."""
        unassigned = tuple(self._alone(r) for r in sorted((*self.left_out, *self.hopeless)))
        kinds = [int(kind) for kind in self.best.kind[self.best.length > 0]]
        kinds += [kind for kind, _ in self.pinned]
        plan = build_session_plan(
            self.instance,
            self.matrix,
            self.a,
            [*list_runs(self.best), *(nodes for _, nodes in self.pinned)],
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


def _put(state: State, row: int, run: IntArray, a: Arrays) -> bool:
    return bool(len(run) <= state.table.shape[1] and set_run(state, row, run, a))
