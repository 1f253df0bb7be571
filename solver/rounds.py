"""Ruin and recreate in rounds: pieces side by side, and now and then the pool put together anew.

Annealing from hot to cold over the whole limit; where there is time for several, each later one
begins at the best plan, less hot. A round cuts the present runs into neighbouring pieces
(:mod:`solver.pieces`), improves each in a thread of its own and puts them together again; a session
that is small, for the time there is, is searched whole, twice over by different chances. From the
middle on, CP-SAT puts the runs seen so far together anew (:mod:`solver.pool`), and near the end the
search goes on from a better plan that this gives.

With a limit of iterations nothing here looks at the clock or at the number of processors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Event
from typing import Any

import numpy as np

from solver.arrays import Arrays, IntArray
from solver.insertion import keeps_together
from solver.kernel import keeps_every_weekday, price_run
from solver.limits import Clock, SearchLimits, work_in_slices
from solver.pieces import Piece, build_piece, cut_runs, merge_pieces
from solver.pool import Pool, recombine
from solver.search import improve, seed_search
from solver.state import State, build_state, copy_state, set_run

HOT = 0.35
"""First temperature, as a share of the mean price of a run."""
COLD, COLD_SMALL = 0.02, 0.04
"""Last temperature of an annealing, as a share of the first; in sessions that are never cut."""
AGAIN = 0.5
"""First temperature of a later annealing, as a share of the first's."""
ANNEALING_S, ANNEALING_STEPS = 0.66, 3_500
"""Seconds, or steps, a pupil that an annealing gets before there is another."""
THREADS = 2
ROUNDS = 40
ROUND_MOST_S = 3.0
STEPS = 100
ALONE_PUPILS, ALONE_MOST = 100, 250
"""Sessions smaller than this are not cut, nor up to the second number where there is time."""
ALONE_S, ALONE_STEPS = 0.3, 1_500
"""Seconds, or steps, a pupil from which on that is so."""
PIECE_PUPILS = 300
POOL_PUPILS = 200
POOL_FROM = 0.4
POOL_EVERY = 0.1
POOL_EFFORT = 0.2
"""CP-SAT's deterministic limit each time; ten times that found no more, and took half a minute."""
POOL_SHARE = 0.02
"""Share of the seconds that CP-SAT may take each time."""
JOIN_FROM = 0.85
"""From here on in an annealing a better plan from the pool is gone on from; before, it would end
it."""


class Rounds:
    """The annealing of one session: its present runs, the best so far and the pool."""

    def __init__(self, a: Arrays, fleet: IntArray, clock: Clock[SearchLimits]) -> None:
        self.a, self.fleet, self.clock = a, fleet, clock
        self.pool = Pool(len(a.rider))
        self.should_end = Event()
        self.groups: Sequence[Sequence[int]] = ()
        self.best = self.state = build_state(a, fleet)
        self.islands: list[Piece] = []
        self.number = 0
        self.next_pool = POOL_FROM
        self.first = 0.0
        self.hot = 0.0
        self.annealings = self.annealing = 1
        self.is_whole = True
        self.cold = COLD

    def begin(self, best: State, groups: Sequence[Sequence[int]]) -> None:
        """Start the annealing at a plan that carries `groups`, at the first temperature."""
        self.go_on(best, groups)
        runs = max(int((best.length > 0).sum()), 1)
        self.hot = max(HOT * float(best.price.sum()) / runs, 1e-3)
        self.first = self.clock.share()
        pupils = max(int((best.run_of >= 0).sum()), 1)
        self.annealings = max(1, int(self._count_times(pupils, ANNEALING_S, ANNEALING_STEPS)))
        has_time = self._count_times(pupils, ALONE_S, ALONE_STEPS) >= 1
        self.is_whole = pupils < (ALONE_MOST if has_time else ALONE_PUPILS)
        self.cold = COLD_SMALL if pupils < ALONE_PUPILS else COLD

    def _count_times(self, pupils: int, seconds: float, steps: int) -> float:
        """How many times so many seconds, or steps, a pupil the limit allows."""
        limits = self.clock.limits
        if limits.iterations is not None:
            return limits.iterations / (steps * pupils)
        return (limits.seconds or 0.0) / (seconds * pupils)

    def go_on(self, best: State, groups: Sequence[Sequence[int]]) -> None:
        """Go on from a plan, at the temperature of the moment."""
        self.best, self.groups = best, groups
        self.state = copy_state(best)
        self.islands = []

    def make(self, threads: ThreadPoolExecutor, report: Callable[[str], None]) -> None:
        """Make one round; `report` is called several times a second."""
        done = self._done(self.clock.share())
        self.number += 1
        annealing, _ = self._place(done)
        if annealing > self.annealing:
            self.annealing = annealing
            self.go_on(self.best, self.groups)
        self._improve(threads, report)
        if done >= self.next_pool and not self.clock.is_over():
            self.next_pool += POOL_EVERY
            self.recombine(threads, report)

    def _done(self, share: float) -> float:
        return (share - self.first) / max(1.0 - self.first, 1e-9)

    def _place(self, done: float) -> tuple[int, float]:
        """Which annealing a share of the limit is in, from 1 on, and how far on in it."""
        at = done * self.annealings
        before = min(int(at), self.annealings - 1)
        return before + 1, min(at - before, 1.0)

    def _heat(self, share: float) -> float:
        """The temperature at a share of the limit, GBP."""
        annealing, within = self._place(self._done(share))
        first = AGAIN if annealing > 1 else 1.0
        return float(self.hot * first * (self.cold / first) ** within)

    # --- a round ----------------------------------------------------------------------------------

    def _improve(self, threads: ThreadPoolExecutor, report: Callable[[str], None]) -> None:
        """Improve pieces side by side for a while and put them together again."""
        limits = self.clock.limits
        pieces = self._cut()
        begin = self.clock.share()
        end = min(1.0, begin + (1.0 - self.first) / ROUNDS)
        if limits.iterations is None:
            end = min(end, begin + ROUND_MOST_S / (limits.seconds or 1.0))
            turns = -(-len(pieces) // THREADS)
            untils = [
                begin + (end - begin) * (k // THREADS + 1) / turns for k in range(len(pieces))
            ]
            tasks = [
                threads.submit(self._work_until, piece, self._seed(k), until)
                for k, (piece, until) in enumerate(zip(pieces, untils, strict=True))
            ]
        else:
            left = max(1, round((end - begin) * limits.iterations))
            left = min(left, limits.iterations - self.clock.iterations)
            sizes = np.cumsum([0, *(len(piece.riders) for piece in pieces)])
            steps = np.diff(left * sizes // sizes[-1])
            tasks = [
                threads.submit(self._work_steps, piece, self._seed(k), int(most), begin, end)
                for k, (piece, most) in enumerate(zip(pieces, steps, strict=True))
            ]
        self._wait(tasks, "improving", report)
        self.clock.iterations += sum(task.result() for task in tasks)
        self._gather(pieces)

    def _work_until(self, piece: Piece, seed: int, until: float) -> int:
        """Improve a piece until a share of the seconds is used up; returns the steps made."""
        seed_search(seed)
        return work_in_slices(
            lambda steps: self._step(piece, steps, self.clock.share()),
            lambda: self.should_end.is_set() or self.clock.share() >= until,
        )

    def _work_steps(self, piece: Piece, seed: int, most: int, begin: float, end: float) -> int:
        """Improve a piece by a number of steps."""
        seed_search(seed)
        made = 0
        while made < most and not self.should_end.is_set():
            chunk = min(STEPS, most - made)
            self._step(piece, chunk, begin + (end - begin) * made / most)
            made += chunk
        return made

    def _step(self, piece: Piece, steps: int, share: float) -> None:
        heat = self._heat(share)
        improve(
            piece.state,
            piece.best,
            piece.groups,
            piece.group_of,
            piece.neighbours,
            steps,
            heat,
            piece.a,
        )
        piece.remember(piece.state)

    def _seed(self, k: int) -> int:
        """A seed of the search's seed, the round and a number."""
        numbers = [abs(self.clock.limits.seed), self.number, k]
        return int(np.random.SeedSequence(numbers).generate_state(1)[0])

    def _wait(
        self, tasks: Sequence[Future[Any]], phase: str, report: Callable[[str], None]
    ) -> None:
        """Report while the tasks run, and have them end when the search is asked to stop."""
        while wait(tasks, timeout=0.1).not_done:
            report(phase)
            if self.clock.should_stop():
                self.should_end.set()
        report(phase)

    def _cut(self) -> list[Piece]:
        """Cut the present runs into pieces, or take the whole session twice."""
        state, a = self.state, self.a
        carried = int((state.run_of >= 0).sum())
        if self.is_whole:
            if not self.islands:
                rows = [int(row) for row in np.flatnonzero(state.length)]
                self.islands = [
                    build_piece(rows, state, a, self.groups, state.free) for _ in range(THREADS)
                ]
            return self.islands
        rng = np.random.default_rng(self._seed(1000))
        wanted = THREADS * -(-carried // (THREADS * PIECE_PUPILS))
        parts = cut_runs(state, a, wanted, rng)
        free = np.maximum(state.free, 0)
        share = free // len(parts)
        rest = free - share * len(parts)
        return [
            build_piece(rows, state, a, self.groups, share + (0 if k else rest))
            for k, rows in enumerate(parts)
        ]

    def _gather(self, pieces: list[Piece]) -> None:
        """Put the pieces together again; keep the best plan, and remember the runs."""
        for piece in pieces:
            piece.remember(piece.best)
            for nodes, price, kind in piece.take_seen():
                self.pool.add(nodes, price, kind)
        whole = len(self.a.rider)
        if pieces is self.islands:
            least = min(pieces, key=lambda piece: float(piece.best.price.sum()))
            self._keep(merge_pieces([least], [least.best], self.fleet, whole))
            return
        self._keep(merge_pieces(pieces, [p.best for p in pieces], self.fleet, whole))
        self.state = merge_pieces(pieces, [p.state for p in pieces], self.fleet, whole)

    def _keep(self, state: State) -> bool:
        is_better = float(state.price.sum()) < float(self.best.price.sum()) - 1e-9
        if is_better:
            self.best = state
        return is_better

    # --- the pool ---------------------------------------------------------------------------------

    def _limit_pool(self) -> float | None:
        limits = self.clock.limits
        if limits.seconds is None or limits.iterations is not None:
            return None
        left = max(1.0, limits.seconds - self.clock.elapsed())
        return min(left, max(0.5, POOL_SHARE * limits.seconds))

    def add_runs(self, runs: Sequence[IntArray]) -> None:
        """Price runs from elsewhere and put those that the rules allow into the pool."""
        siblings = [group for group in self.groups if len(group) > 1]
        for nodes in runs:
            if not keeps_together(nodes.tolist(), siblings):
                continue
            cost, penalty, kind, _ = price_run(nodes, self.fleet, self.a)
            if kind >= 0 and keeps_every_weekday(nodes, self.a):
                self.pool.add(nodes, cost + penalty, kind)

    def recombine(
        self,
        threads: ThreadPoolExecutor,
        report: Callable[[str], None],
        effort: float = POOL_EFFORT,
        seconds: float | None = None,
        *,
        by_relaxation: bool = False,
    ) -> bool:
        """Put the pooled runs together piece by piece; whether that is better.

        By CP-SAT, or with more time by branch and bound on the linear relaxation; in so many
        `seconds` all in all, where they are given.
        """
        state, a = self.best, self.a
        carried = int((state.run_of >= 0).sum())
        if carried == 0:
            return False
        rng = np.random.default_rng(self._seed(1001))
        parts = cut_runs(state, a, -(-carried // POOL_PUPILS), rng)
        free = np.maximum(state.free, 0) // len(parts)
        each_s = self._limit_pool()
        if seconds is not None:
            each_s = seconds / -(-len(parts) // THREADS)
        tasks = []
        for rows in parts:
            runs = [state.table[row, : state.length[row]].copy() for row in rows]
            riders = np.sort(np.concatenate([run[run < len(a.rider)] for run in runs]))
            tasks.append(
                threads.submit(
                    recombine,
                    self.pool,
                    riders,
                    runs,
                    float(state.price[rows].sum()),
                    free + np.bincount(state.kind[rows], minlength=len(free)),
                    effort=effort,
                    seconds=each_s,
                    seed=self._seed(1002),
                    should_stop=self.should_end.is_set,
                    by_relaxation=by_relaxation,
                )
            )
        self._wait(tasks, "combining", report)
        runs = []
        for rows, task in zip(parts, tasks, strict=True):
            chosen = task.result()
            if chosen is None:
                runs += [state.table[row, : state.length[row]].copy() for row in rows]
            else:
                runs += [run.nodes for run in chosen]
        trial = build_state(a, self.fleet)
        fits = all(set_run(trial, row, run, a) for row, run in enumerate(runs))
        is_better = fits and self._keep(trial)
        if is_better and self._place(self._done(self.clock.share()))[1] >= JOIN_FROM:
            self.go_on(self.best, self.groups)
        return is_better
