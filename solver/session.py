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
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from itertools import count
from threading import Event
from typing import Any

import numpy as np

from solver.arrays import Arrays, IntArray, build_arrays
from solver.domain import (
    Instance,
    InstanceError,
    Reason,
    Run,
    Session,
    SessionPlan,
    TravelMatrix,
    Unassigned,
)
from solver.hopeless import find_hopeless, price_alone
from solver.insertion import build_neighbours, insert_all, list_groups, order_groups
from solver.kernel import keeps_every_weekday, price_run
from solver.measure import RunPrice
from solver.pieces import Piece, build_piece, cut_runs
from solver.pool import Pool, recombine
from solver.routing import Limits, can_model, improve_runs
from solver.search import improve, seed_search
from solver.sequences import build_session_plan, to_sequence
from solver.state import MAX_NODES, State, build_state, copy_state, list_runs, put_run, set_run

UNLIMITED = 1_000_000
ROUTING_PUPILS = 100
ROUTING_SHARE = 0.15
"""Share of the time, or of the iterations, that OR-Tools routing may use."""
ROUTING_MOST_S = 20.0
ROUTING_MOST_SOLUTIONS = 200
HOT = 0.35
"""First temperature, as a share of the mean price of a run; the last is a hundredth of it."""
STEPS = 100
COLD = 0.01
THREADS = 2
ROUNDS = 40
ROUND_MOST_S = 3.0
SLICE_S = 0.1
ALONE_PUPILS = 100
PIECE_PUPILS = 300
POOL_PUPILS = 200
POOL_FROM = 0.4
POOL_EVERY = 0.1
POOL_EFFORT = 2.0
_NEAR_GBP = 5.0
_FIRST_STEPS = 10


@dataclass(frozen=True, slots=True)
class SearchLimits:
    """When a search stops: after `seconds` of wall time or `iterations`, whichever is given.

    `bound_seconds` is the wall time of the lower bound on top; 0 asks for none.
    """

    seconds: float | None = None
    iterations: int | None = None
    seed: int = 0
    bound_seconds: float = 0.0

    def __post_init__(self) -> None:
        if self.seconds is None and self.iterations is None:
            raise ValueError("a search needs a limit: give seconds or iterations")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a search is. `objective` and `bound` are GBP a day for this session."""

    session: Session
    phase: str
    seconds: float
    objective: float
    runs: int
    unassigned: int
    iterations: int
    bound: float | None = None


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
    pinned = {r for run in instance.pinned for visit in run.visits for r in visit.riders}
    free = [r for r in range(len(instance.riders)) if r not in pinned]
    hopeless = find_hopeless(instance, matrix, list_groups(instance, free))
    groups = order_groups(list_groups(instance, [r for r in free if r not in hopeless]), a)
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
        self.pinned, self.pinned_price = self._hold_pinned()
        self.alone = {
            r: price_alone(instance, matrix, r, reasons) for r, reasons in hopeless.items()
        }
        self.best: State = build_state(self.a, self.fleet)
        self.left_out: list[int] = []
        self.first: SessionPlan | None = None
        self.timed: dict[bytes, tuple[Run, RunPrice]] = {}
        self.pool = Pool(len(self.a.rider))
        self.state = self.best
        self.islands: list[Piece] = []
        self.should_end = Event()
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
            if kind < 0 or not _is_sound(nodes, self.a) or not keeps_every_weekday(nodes, self.a):
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
        state = build_state(self.a, self.fleet)
        row = 0
        for run in runs:
            riders = [int(n) for n in run if n < len(self.a.rider)]
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
        """Improve until the limit; the temperature falls with the share of it used up.

        Rounds of ruin and recreate on pieces side by side, and every tenth of the way the pool of
        runs is put together anew.
        """
        clock = self.clock
        self.state = copy_state(self.best)
        runs = max(int((self.state.length > 0).sum()), 1)
        hot = max(HOT * float(self.state.price.sum()) / runs, 1e-3)
        first = clock.share()
        next_pool = POOL_FROM
        with ThreadPoolExecutor(THREADS) as threads:
            for number in count():
                if clock.is_over():
                    break
                done = (clock.share() - first) / max(1.0 - first, 1e-9)
                self._run_round(threads, number, first, hot)
                if done >= next_pool and self._is_time_for_pool():
                    next_pool += POOL_EVERY
                    self._recombine(threads, number)
                if self.left_out and self._take_back():
                    self._go_on_from_best()

    def _run_round(
        self, threads: ThreadPoolExecutor, number: int, first: float, hot: float
    ) -> None:
        """Improve pieces side by side for a while and put them together again."""
        clock, limits = self.clock, self.clock.limits
        pieces = self._cut(number)
        begin = clock.share()
        end = min(1.0, begin + (1.0 - first) / ROUNDS)
        if limits.iterations is None:
            end = min(end, begin + ROUND_MOST_S / (limits.seconds or 1.0))
        sizes = np.cumsum([0, *(len(piece.riders) for piece in pieces)])
        left = 0
        if limits.iterations is not None:
            left = max(1, round((end - begin) * limits.iterations))
            left = min(left, limits.iterations - clock.iterations)
        steps = np.diff(left * sizes // sizes[-1])

        def work(k: int) -> int:
            piece = pieces[k]
            seed_search(_mix(limits.seed, number, k))
            most = int(steps[k]) if limits.iterations is not None else None
            chunk = STEPS if most is not None else _FIRST_STEPS
            # where there are more pieces than threads, each has its part of the time
            turns = -(-len(pieces) // THREADS)
            turn = k // THREADS
            until = begin + (end - begin) * (turn + 1) / turns
            made = 0
            while not self.should_end.is_set():
                now = clock.share() if most is None else begin + (end - begin) * made / max(most, 1)
                if (most is None and now >= until) or (most is not None and made >= most):
                    break
                if most is not None:
                    chunk = min(STEPS, most - made)
                heat = hot * COLD ** ((now - first) / max(1.0 - first, 1e-9))
                began = time.perf_counter()
                improve(
                    piece.state,
                    piece.best,
                    piece.groups,
                    piece.group_of,
                    piece.neighbours,
                    chunk,
                    heat,
                    piece.a,
                )
                made += chunk
                if most is None:
                    took = time.perf_counter() - began
                    chunk = int(min(max(chunk * SLICE_S / max(took, 1e-6), 10), 2 * chunk))
            return made

        tasks = [threads.submit(work, k) for k in range(len(pieces))]
        self._wait(tasks, "improving")
        clock.iterations += sum(task.result() for task in tasks)
        self._gather(pieces)

    def _wait(self, tasks: Sequence[Future[Any]], phase: str) -> None:
        """Report while the tasks run, and have them end when the search is asked to stop."""
        while wait(tasks, timeout=0.1).not_done:
            self._report(phase)
            if self.clock.should_stop():
                self.should_end.set()
        self._report(phase)

    def _cut(self, number: int) -> list[Piece]:
        """Cut the present runs into pieces; a small session is searched twice over instead."""
        state, a = self.state, self.a
        rng = np.random.default_rng(_mix(self.clock.limits.seed, number, 77))
        carried = int((state.run_of >= 0).sum())
        groups = [g for g in self.groups if state.run_of[g[0]] >= 0]
        if carried < ALONE_PUPILS:
            rows = [int(row) for row in np.flatnonzero(state.length)]
            if not self.islands:
                self.islands = [
                    build_piece(rows, state, a, groups, state.free) for _ in range(THREADS)
                ]
            return self.islands
        wanted = max(THREADS, -(-carried // PIECE_PUPILS))
        parts = cut_runs(state, a, wanted, rng)
        free = np.maximum(state.free, 0)
        share = free // len(parts)
        return [
            build_piece(rows, state, a, groups, share if k else share + free - share * len(parts))
            for k, rows in enumerate(parts)
        ]

    def _gather(self, pieces: Sequence[Piece]) -> None:
        """Put the pieces together again; keep the best plan, and remember the runs."""
        for piece in pieces:
            for state in (piece.state, piece.best):
                rows = np.flatnonzero(state.length)
                for row, nodes in zip(rows, piece.list_runs(state), strict=True):
                    self.pool.add(nodes, float(state.price[row]), int(state.kind[row]))
        if pieces is self.islands:
            least = min(pieces, key=lambda piece: float(piece.best.price.sum()))
            self._keep(_merge([least], [least.best], self.fleet, len(self.a.rider)))
            return
        self._keep(_merge(pieces, [p.best for p in pieces], self.fleet, len(self.a.rider)))
        self.state = _merge(pieces, [p.state for p in pieces], self.fleet, len(self.a.rider))

    def _keep(self, state: State) -> None:
        if float(state.price.sum()) < float(self.best.price.sum()) - 1e-9:
            self.best = state

    def _is_time_for_pool(self) -> bool:
        return not self.clock.is_over() and bool((self.best.run_of >= 0).any())

    def _recombine(self, threads: ThreadPoolExecutor, number: int) -> None:
        """Put the pooled runs together to a better plan, piece by piece, by CP-SAT."""
        state, a = self.best, self.a
        rng = np.random.default_rng(_mix(self.clock.limits.seed, number, 78))
        carried = int((state.run_of >= 0).sum())
        parts = cut_runs(state, a, max(1, -(-carried // POOL_PUPILS)), rng)
        free = np.maximum(state.free, 0) // len(parts)
        effort = POOL_EFFORT
        tasks = []
        for rows in parts:
            runs = [state.table[row, : state.length[row]].copy() for row in rows]
            riders = np.sort(np.concatenate([run[run < len(a.rider)] for run in runs]))
            counts = free.copy()
            for row in rows:
                counts[state.kind[row]] += 1
            tasks.append(
                threads.submit(
                    recombine,
                    self.pool,
                    riders,
                    runs,
                    float(state.price[rows].sum()),
                    counts,
                    effort=effort,
                    seconds=None
                    if self.clock.limits.iterations is not None
                    else max(0.1, (self.clock.limits.seconds or 0.0) - self.clock.elapsed()),
                    seed=_mix(self.clock.limits.seed, number, 79),
                    should_stop=self.should_end.is_set,
                )
            )
        self._wait(tasks, "combining")
        runs = []
        is_better = False
        for rows, task in zip(parts, tasks, strict=True):
            chosen = task.result()
            if chosen is None:
                runs += [state.table[row, : state.length[row]].copy() for row in rows]
            else:
                is_better = True
                runs += [run.nodes for run in chosen]
        if is_better:
            trial, left_out = self._repair(runs)
            if set(left_out) == set(self.left_out):
                self._keep(trial)
                self._go_on_from_best()

    def _go_on_from_best(self) -> None:
        self.islands = []
        self.state = copy_state(self.best)

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
                int((self.best.length > 0).sum()) + len(self.pinned),
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


def _is_sound(run: IntArray, a: Arrays) -> bool:
    """C1, C12: nobody twice, each rider's school once and after them, no school for nobody."""
    nodes = [int(node) for node in run]
    riders = [node for node in nodes if node < len(a.rider)]
    calls = [len(a.rider) + int(a.rider[r].school) for r in riders]
    return (
        len(set(nodes)) == len(nodes) == len(riders) + len(set(calls))
        and set(calls) <= set(nodes)
        and all(nodes.index(r) < nodes.index(c) for r, c in zip(riders, calls, strict=True))
    )


def _put(state: State, row: int, run: IntArray, a: Arrays) -> bool:
    return bool(len(run) <= state.table.shape[1] and set_run(state, row, run, a))


def _merge(pieces: Sequence[Piece], states: Sequence[State], fleet: IntArray, riders: int) -> State:
    """Put states of pieces together to a state of the whole session."""
    rows = riders + 1
    whole = State(
        table=np.full((rows, MAX_NODES), -1, dtype=np.int64),
        length=np.zeros(rows, dtype=np.int64),
        price=np.zeros(rows, dtype=np.float64),
        kind=np.full(rows, -1, dtype=np.int64),
        crew=np.zeros(rows, dtype=np.int64),
        wait=np.zeros(rows, dtype=np.int64),
        run_of=np.full(riders, -1, dtype=np.int64),
        free=fleet.copy(),
    )
    row = 0
    for piece, state in zip(pieces, states, strict=True):
        for like, nodes in zip(np.flatnonzero(state.length), piece.list_runs(state), strict=True):
            put_run(whole, row, nodes, state, int(like), riders)
            row += 1
    return whole


def _mix(*numbers: int) -> int:
    """One seed of several numbers."""
    return int(np.random.SeedSequence([abs(n) for n in numbers]).generate_state(1)[0])
