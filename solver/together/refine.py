"""Plans of both sessions bettered by what their routes cost, in rounds.

A session's own search charges each run half a vehicle day and prices everyone's week alike. Here a
vehicle that makes a second run is charged once, and a run made on some weekdays costs on those. A
vehicle out is charged half a day in each session, as if it made both: what one session saves alone
the other mostly can save as well, and to count the other's vehicles as they stand keeps each from
going first. Both sessions are improved side by side, large ones in pieces of neighbouring routes,
cut along another line each time. Annealing goes from warm to cold over the limit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from itertools import chain, zip_longest
from threading import Event

import numpy as np
from numpy.random import Generator

from solver.arrays import IntArray, build_arrays
from solver.domain import (
    SESSIONS,
    Instance,
    InstanceError,
    Policy,
    RateCard,
    Session,
    SessionPlan,
    TravelMatrix,
)
from solver.insertion import list_groups, order_groups
from solver.limits import Clock, SearchLimits
from solver.pieces import Piece, build_piece, cut_by_place, merge_pieces
from solver.search import seed_search
from solver.sequences import build_session_plan, to_sequence
from solver.state import State, list_runs
from solver.together.chains import Tariff
from solver.together.parcels import THREADS, Lender, Task, pack_tasks, set_runs, take_answer
from solver.together.search import weigh_state

PIECE_PUPILS = 300
UNLIMITED = 1_000_000
ROUNDS = 24
HOT, COLD = 0.05, 0.003
"""First and last temperature, as a share of the mean price of a run."""
_LEAST_GAIN = 0.005
CHUNK = 100
"""Steps at a time, where no clock counts."""
LENT_LESS_S, LENT_LEAST_S, LENT_MOST_S, LENT_LATE_S = 2.0, 3.0, 30.0, 3.0
"""Seconds by which a parcel's are fewer than its round's, for the way there and back; its least and
most; and how long an answer is waited for when the round is done here."""
MOST_ROUNDS_OFF = 8
"""Rounds until parcels are lent again, at most, when none came back: 2, 4, 8 after each loss."""
_POLL_S, _REPORT_S, _KEEP_S = 0.1, 0.5, 20.0


@dataclass(frozen=True, slots=True)
class Going:
    """How far the search of both sessions together is: runs of each and steps made in all.

    `plans` holds the best plans so far, now and then where they are better than those before.
    """

    runs: Mapping[Session, int]
    steps: int
    plans: Mapping[Session, SessionPlan] | None = None


def choose_together(
    instances: Mapping[Session, Instance],
    matrices: Mapping[Session, TravelMatrix],
    plans: Mapping[Session, SessionPlan],
    policy: Policy,
    rate_card: RateCard,
    limits: SearchLimits,
    *,
    on_progress: Callable[[Going], None] = lambda _: None,
    should_stop: Callable[[], bool] = lambda: False,
    lender: Lender | None = None,
) -> dict[Session, SessionPlan] | None:
    """Better both sessions' plans by what their routes cost.

    Parameters
    ----------
    limits
        `seconds`, or `iterations` of both sessions together, are for this alone.
    on_progress
        Called twice a second.
    lender
        Workers elsewhere, who are handed pieces of large councils.

    Returns
    -------
    dict or None
        Plans of both sessions, for the caller to join, check and cost: what is estimated here
        leaves out minimum charges, hours at the wheel and single schools' closed days. None where
        nothing cheaper was found, or no run may change.

    Raises
    ------
    InstanceError
        If a run that was found has no timetable: a defect.
    """
    clock = Clock(limits, should_stop)
    is_only = not all(plans[session].runs for session in SESSIONS)
    sides = {
        session: _Side(
            instances[session],
            matrices[session],
            plans[session],
            policy,
            rate_card,
            is_only=is_only,
        )
        for session in SESSIONS
    }
    rounds = _Rounds(sides, clock, on_progress, lender)
    rounds.make_all()
    return rounds.build_plans() if rounds.is_better else None


class _Side:
    """One session: its arrays and charges, who may move, and the runs that may not."""

    def __init__(
        self,
        instance: Instance,
        matrix: TravelMatrix,
        plan: SessionPlan,
        policy: Policy,
        rate_card: RateCard,
        *,
        is_only: bool,
    ) -> None:
        self.instance, self.matrix, self.plan = instance, matrix, plan
        self.a = build_arrays(instance, matrix)
        rates = [rate_card.get_rates(kind.code) for kind in instance.fleet]
        charges = [rate.half_day_charge if is_only else rate.day_charge / 2 for rate in rates]
        self.tariff = Tariff(np.array(charges, dtype=np.float64), policy.turnaround_s)
        self.fleet = np.array(
            [UNLIMITED if t.count is None else t.count for t in instance.fleet], dtype=np.int64
        )
        pinned = {r for run in instance.pinned for visit in run.visits for r in visit.riders}
        self.pinned = [run for run in plan.runs if pinned.intersection(run.riders)]
        free = [run for run in plan.runs if not pinned.intersection(run.riders)]
        for run in self.pinned:
            self.fleet[run.vehicle_type] -= 1
        carried = [r for run in free for r in run.riders]
        self.groups = order_groups(list_groups(instance, carried), self.a)
        runs = [to_sequence(instance, run) for run in free]
        kinds = np.array([run.vehicle_type for run in free], dtype=np.int64)
        start = set_runs(self.a, self.fleet, runs, kinds)
        if start is None:
            raise InstanceError("a run of the plan does not keep the rules; this is a defect")
        self.start = start

    def weigh(self, state: State) -> float:
        """What runs cost with second runs and vehicles, GBP on a mean weekday."""
        return weigh_state(state, self.tariff, self.a)[0]

    def build_plan(self, state: State) -> SessionPlan:
        """Build the timed plan of a state; the bound stays, for the instance is the same."""
        runs = list_runs(state)
        kinds = [int(kind) for kind in state.kind[state.length > 0]]
        plan = build_session_plan(
            self.instance,
            self.matrix,
            self.a,
            [*runs, *(to_sequence(self.instance, run) for run in self.pinned)],
            [*kinds, *(run.vehicle_type for run in self.pinned)],
            self.plan.unassigned,
        )
        return replace(
            plan,
            seed=self.plan.seed,
            iterations=self.plan.iterations,
            seconds=self.plan.seconds,
            bound=self.plan.bound,
        )

    def cut(self, state: State, rng: Generator) -> list[Piece]:
        """Cut runs along their chains into neighbouring pieces."""
        a = self.a
        chains = _list_chains(weigh_state(state, self.tariff, a)[1], state)
        if not chains:
            return []
        stops = [
            np.concatenate([a.node_stop[state.table[row, : state.length[row]]] for row in rows])
            for rows in chains
        ]
        pieces = -(-int((state.run_of >= 0).sum()) // PIECE_PUPILS)
        parts = cut_by_place(stops, [len(at) for at in stops], a, pieces, rng)
        free = np.maximum(state.free, 0)
        share = free // len(parts)
        cut = []
        for k, part in enumerate(parts):
            rows = [row for x in part for row in chains[x]]
            mine = share + (0 if k else free - share * len(parts))
            cut.append(build_piece(rows, state, a, self.groups, mine))
        return cut


class _Rounds:
    """The annealing of both sessions: their present runs and the best so far."""

    def __init__(
        self,
        sides: Mapping[Session, _Side],
        clock: Clock[SearchLimits],
        on_progress: Callable[[Going], None],
        lender: Lender | None,
    ) -> None:
        self.sides, self.clock, self.on_progress = sides, clock, on_progress
        self.lender = lender
        self.now = {session: side.start for session, side in sides.items()}
        self.best = dict(self.now)
        self.values = {session: side.weigh(side.start) for session, side in sides.items()}
        self.first = self.told = sum(self.values.values())
        runs = sum(int((state.length > 0).sum()) for state in self.now.values())
        price = sum(float(state.price.sum()) for state in self.now.values())
        self.mean = price / max(runs, 1)
        self.number = 0
        self.losses, self.lend_from = 0, 0
        self.should_end = Event()
        self.reported_at = self.kept_at = clock.elapsed()

    @property
    def is_better(self) -> bool:
        """Whether anything cheaper was found."""
        return sum(self.values.values()) < self.first - _LEAST_GAIN

    def build_plans(self) -> dict[Session, SessionPlan]:
        """Build the timed plans of the best runs."""
        return {s: side.build_plan(self.best[s]) for s, side in self.sides.items()}

    def make_all(self) -> None:
        """Make rounds until the limit."""
        with ThreadPoolExecutor(THREADS) as threads:
            try:
                while self.mean > 0.0 and not self.clock.is_over():
                    self.number += 1
                    self._make(threads)
            finally:
                self.should_end.set()

    def _make(self, threads: ThreadPoolExecutor) -> None:
        """Improve both sessions side by side for a while, and keep the best of what comes."""
        begin = self.clock.share()
        end = min(1.0, begin + 1.0 / ROUNDS)
        pieces = self._cut()
        tasks = [
            Task(piece, self.sides[session].tariff, self._heat(begin), self._seed(k))
            for k, (session, piece) in enumerate(pieces)
        ]
        parcels = self._share_out(tasks, end - begin)
        here = tasks[: len(tasks) - sum(len(parcel) for parcel in parcels)]
        futures = self._submit(threads, here, begin, end)
        lent = self._lend(parcels, end)
        self._wait(futures)
        self._collect(lent)
        self._gather(pieces)

    def _submit(
        self, threads: ThreadPoolExecutor, tasks: Sequence[Task], begin: float, end: float
    ) -> list[Future[int]]:
        """Have tasks done in turn within a part of the limit."""
        limits = self.clock.limits
        turns = -(-len(tasks) // THREADS)
        futures = []
        for k, task in enumerate(tasks):
            if limits.iterations is None:
                until = begin + (end - begin) * (k // THREADS + 1) / turns
                futures.append(threads.submit(self._work_until, task, until))
            else:
                most = max(1, round((end - begin) * limits.iterations / len(tasks)))
                futures.append(threads.submit(self._work_steps, task, most))
        return futures

    def _wait(self, futures: Sequence[Future[int]]) -> None:
        while wait(futures, timeout=_POLL_S).not_done:
            self._look_up()
        self.clock.iterations += sum(future.result() for future in futures)

    def _look_up(self) -> None:
        if self.clock.should_stop():
            self.should_end.set()
        self._report()

    # --- workers elsewhere ------------------------------------------------------------------------

    def _share_out(self, tasks: Sequence[Task], share: float) -> list[Sequence[Task]]:
        """The tasks for workers elsewhere that are free, in parcels, from the end of the list.

        With a limit of seconds only, in rounds long enough, where there are more pieces than
        threads; and for a while not, when answers were lost.
        """
        limits = self.clock.limits
        round_s = share * (limits.seconds or 0.0)
        if self.lender is None or limits.iterations is not None or len(tasks) <= THREADS:
            return []
        if round_s < LENT_LEAST_S + LENT_LESS_S or self.number < self.lend_from:
            return []
        free = self.lender.count_free()
        size = THREADS * -(-len(tasks) // (THREADS * (1 + free)))
        return [tasks[x : x + size] for x in range(size, len(tasks), size)]

    def _lend(
        self, parcels: Sequence[Sequence[Task]], end: float
    ) -> list[tuple[int, Sequence[Task]]]:
        """Hand parcels out, each for what is then left of the round; with the numbers given."""
        if self.lender is None or self.clock.limits.seconds is None:
            return []
        lent = []
        for tasks in parcels:
            left = (end - self.clock.share()) * self.clock.limits.seconds - LENT_LESS_S
            seconds = min(max(left, LENT_LEAST_S), LENT_MOST_S)
            lent.append((self.lender.lend(pack_tasks(tasks, seconds)), tasks))
        return lent

    def _collect(self, lent: Sequence[tuple[int, Sequence[Task]]]) -> None:
        """Put the answers into the pieces; what is not back in time stays as it was."""
        if self.lender is None or not lent:
            return
        until = self.clock.elapsed() + LENT_LATE_S
        made = 0
        for number, tasks in lent:
            answer = self.lender.collect(number)
            while answer is None and self.clock.elapsed() < until:
                if self.should_end.wait(_POLL_S):
                    break
                self._look_up()
                answer = self.lender.collect(number)
            self.lender.recall(number)
            if answer is not None:
                made += take_answer(tasks, answer)
        self.clock.iterations += made
        self.losses = 0 if made else self.losses + 1
        self.lend_from = self.number + min(2**self.losses, MOST_ROUNDS_OFF)

    def _cut(self) -> list[tuple[Session, Piece]]:
        """The pieces of both sessions in turn."""
        rng = np.random.default_rng(self._seed(1000))
        cut = [
            [(session, piece) for piece in side.cut(self.now[session], rng)]
            for session, side in self.sides.items()
        ]
        return [piece for piece in chain(*zip_longest(*cut)) if piece is not None]

    def _report(self) -> None:
        now = self.clock.elapsed()
        if now - self.reported_at < _REPORT_S:
            return
        self.reported_at = now
        plans = None
        value = sum(self.values.values())
        if now - self.kept_at >= _KEEP_S and value < self.told - _LEAST_GAIN:
            plans = self.build_plans()
            self.kept_at, self.told = self.clock.elapsed(), value
        runs = {
            session: int((self.best[session].length > 0).sum()) + len(side.pinned)
            for session, side in self.sides.items()
        }
        self.on_progress(Going(runs, self.clock.iterations, plans))

    def _work_until(self, task: Task, until: float) -> int:
        """Improve a piece until a share of the seconds is used up; returns the steps made."""
        return task.work(lambda: self.should_end.is_set() or self.clock.share() >= until)

    def _work_steps(self, task: Task, most: int) -> int:
        """Improve a piece by a number of steps."""
        seed_search(task.seed)
        made = 0
        while made < most and not self.should_end.is_set():
            steps = min(CHUNK, most - made)
            task.step(steps)
            made += steps
        return made

    def _gather(self, pieces: Sequence[tuple[Session, Piece]]) -> None:
        """Put each session's pieces together again, and keep what is best."""
        for session, side in self.sides.items():
            mine = [piece for other, piece in pieces if other == session]
            if not mine:
                continue
            riders = len(side.a.rider)
            best = merge_pieces(mine, [piece.best for piece in mine], side.fleet, riders)
            value = side.weigh(best)
            if value < self.values[session]:
                self.values[session], self.best[session] = value, best
            now = [piece.state for piece in mine]
            self.now[session] = merge_pieces(mine, now, side.fleet, riders)

    def _heat(self, share: float) -> float:
        """The temperature at a share of the limit, GBP."""
        return float(self.mean * HOT * (COLD / HOT) ** min(share, 1.0))

    def _seed(self, k: int) -> int:
        """A seed of the search's seed, the round and a number."""
        numbers = [abs(self.clock.limits.seed), self.number, k]
        return int(np.random.SeedSequence(numbers).generate_state(1)[0])


def _list_chains(following: IntArray, state: State) -> list[list[int]]:
    """The rows of each vehicle's runs, in order."""
    rows = [int(row) for row in np.flatnonzero(state.length)]
    chains = []
    for row in sorted(set(rows) - set(following[rows].tolist())):
        chain = [row]
        while following[chain[-1]] >= 0:
            chain.append(int(following[chain[-1]]))
        chains.append(chain)
    return chains
