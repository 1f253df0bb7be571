"""Plans of both sessions bettered by what their routes cost together, in rounds.

A session's own search charges each run half a vehicle day and everyone's week alike. Here a vehicle
that makes a second run is charged once, a run made on some weekdays costs on those, and vehicles go
at the day charge as far as the other session has as many out. In each round both sessions are
improved side by side, each against the vehicles that the other had out before; large ones in
pieces of neighbouring routes, cut along another line each time. Annealing goes from warm to cold
over the limit.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from threading import Event

import numpy as np
from numpy.random import Generator

from solver.arrays import IntArray, build_arrays
from solver.domain import (
    SESSIONS,
    Instance,
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
from solver.state import State, build_state, list_runs, set_run
from solver.together.chains import Tariff
from solver.together.search import chain_state, improve_together, value_state
from solver.together.weeks import WEEKDAYS, measure_week

THREADS = 2
PIECE_PUPILS = 300
UNLIMITED = 1_000_000
ROUNDS = 24
HOT, COLD = 0.05, 0.003
"""First and last temperature, as a share of the mean price of a run."""
CHUNK = 200
"""Steps between looks at the clock."""
_POLL_S, _REPORT_S = 0.1, 0.5


def choose_together(
    instances: Mapping[Session, Instance],
    matrices: Mapping[Session, TravelMatrix],
    plans: Mapping[Session, SessionPlan],
    policy: Policy,
    rate_card: RateCard,
    limits: SearchLimits,
    *,
    on_progress: Callable[[Mapping[Session, int], int], None] = lambda _runs, _steps: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> dict[Session, SessionPlan] | None:
    """Better both sessions' plans by what their routes cost.

    Parameters
    ----------
    limits
        `seconds`, or `iterations` of both sessions together, are for this alone.
    on_progress
        Called twice a second with the runs of each session and the steps made.

    Returns
    -------
    dict or None
        Plans of both sessions, for the caller to join and cost: what is estimated here leaves out
        minimum charges, hours at the wheel and single schools' closed days. None where nothing
        cheaper was found.
    """
    clock = Clock(limits, should_stop)
    sides = {
        session: _Side(instances[session], matrices[session], plans[session], policy, rate_card)
        for session in SESSIONS
    }
    if not all(side.is_ready for side in sides.values()):
        return None
    rounds = _Rounds(sides, clock, on_progress)
    rounds.make_all()
    if not rounds.is_better:
        return None
    return {session: side.build_plan(rounds.best[session]) for session, side in sides.items()}


class _Side:
    """One session: its arrays and charges, who may move, and the runs that may not."""

    def __init__(
        self,
        instance: Instance,
        matrix: TravelMatrix,
        plan: SessionPlan,
        policy: Policy,
        rate_card: RateCard,
    ) -> None:
        self.instance, self.matrix, self.plan = instance, matrix, plan
        self.a = build_arrays(instance, matrix)
        rates = [rate_card.get_rates(kind.code) for kind in instance.fleet]
        self.half = np.array([float(rate.half_day_charge) for rate in rates])
        self.saved = 2 * self.half - np.array([float(rate.day_charge) for rate in rates])
        self.turnaround_s = policy.turnaround_s
        self.fleet = np.array(
            [UNLIMITED if t.count is None else t.count for t in instance.fleet], dtype=np.int64
        )
        pinned = {r for run in instance.pinned for visit in run.visits for r in visit.riders}
        self.pinned = [run for run in plan.runs if pinned.intersection(run.riders)]
        free = [run for run in plan.runs if not pinned.intersection(run.riders)]
        self.fixed = np.zeros((len(self.fleet), WEEKDAYS), dtype=np.int64)
        """Vehicles out with runs that may not move, by type and weekday."""
        for run in self.pinned:
            self.fleet[run.vehicle_type] -= 1
            week = measure_week(to_sequence(instance, run), run.vehicle_type, self.a)
            self.fixed[run.vehicle_type] += week[:, 0] >= 0
        carried = [r for run in free for r in run.riders]
        self.groups = order_groups(list_groups(instance, carried), self.a)
        self.state = build_state(self.a, self.fleet)
        runs = [to_sequence(instance, run) for run in free]
        self.is_ready = bool(runs) and all(
            set_run(self.state, row, nodes, self.a) for row, nodes in enumerate(runs)
        )

    def build_tariff(self, beside: IntArray, out: IntArray, other: IntArray) -> Tariff:
        """Charges of runs beside which others are out; `out` and `other` by session as a whole.

        A second run saves the half-day charge on weekdays on which this session has more vehicles
        out than the other, and what it adds to a full day on others.
        """
        link = self.half - self.saved * (out <= other).mean(axis=1)
        return Tariff(self.half, self.saved, link, beside, other, self.turnaround_s)

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


class _Rounds:
    """The annealing of both sessions: their present runs and the best so far."""

    def __init__(
        self,
        sides: Mapping[Session, _Side],
        clock: Clock[SearchLimits],
        on_progress: Callable[[Mapping[Session, int], int], None],
    ) -> None:
        self.sides, self.clock, self.on_progress = sides, clock, on_progress
        self.states = {session: side.state for session, side in sides.items()}
        self.best = dict(self.states)
        none = np.zeros((len(sides["AM"].fleet), WEEKDAYS), dtype=np.int64)
        self.out = dict.fromkeys(SESSIONS, none)
        for _ in SESSIONS:  # what a second run saves hangs on the vehicles that are out
            self.out = self._count_out(self.states)
        self.record = self.first = self._value(self.states)
        runs = sum(int((state.length > 0).sum()) for state in self.states.values())
        price = sum(float(state.price.sum()) for state in self.states.values())
        self.mean = price / max(runs, 1)
        self.number = 0
        self.reported_at = 0.0
        self.should_end = Event()

    @property
    def is_better(self) -> bool:
        """Whether anything cheaper was found."""
        return self.record < self.first - 0.005

    def make_all(self) -> None:
        """Make rounds until the limit."""
        with ThreadPoolExecutor(THREADS) as threads:
            while not self.clock.is_over():
                self.number += 1
                self._make(threads)

    def _other(self, session: Session) -> IntArray:
        return self.out["PM" if session == "AM" else "AM"]

    def _tariff(self, session: Session, beside: IntArray) -> Tariff:
        return self.sides[session].build_tariff(beside, self.out[session], self._other(session))

    def _chain(self, session: Session, state: State) -> tuple[IntArray, IntArray]:
        """By row the run that follows, and the vehicles out, pinned runs' too."""
        side = self.sides[session]
        following, out = chain_state(state, self._tariff(session, side.fixed), side.a)
        return following, out + side.fixed

    def _count_out(self, states: Mapping[Session, State]) -> dict[Session, IntArray]:
        return {session: self._chain(session, states[session])[1] for session in SESSIONS}

    def _value(self, states: Mapping[Session, State]) -> float:
        """What both sessions cost, GBP a day but for runs that may not move."""
        total = 0.0
        out = self._count_out(states)
        for session, side in self.sides.items():
            nobody = np.zeros_like(side.fixed)
            tariff = self._tariff(session, side.fixed)._replace(other=nobody)
            total += value_state(states[session], tariff, side.a)
        both = np.minimum(out["AM"], out["PM"]).sum(axis=1)
        return total - float(self.sides["AM"].saved @ both) / WEEKDAYS

    def _make(self, threads: ThreadPoolExecutor) -> None:
        """Improve both sessions side by side for a while, and keep the best of what comes."""
        rng = np.random.default_rng(self._seed(1000))
        pieces: list[tuple[Session, Piece, Tariff]] = []
        for session in SESSIONS:
            pieces += [(session, *piece) for piece in self._cut(session, rng)]
        begin = self.clock.share()
        end = min(1.0, begin + 1.0 / ROUNDS)
        turns = -(-len(pieces) // THREADS)
        limits = self.clock.limits
        tasks = []
        for k, (_, piece, tariff) in enumerate(pieces):
            until = begin + (end - begin) * (k // THREADS + 1) / turns
            most = None
            if limits.iterations is not None:
                most = max(1, round((end - begin) * limits.iterations / len(pieces)))
            given = piece, tariff, self._heat(begin), until, most, self._seed(k)
            tasks.append(threads.submit(self._work, *given))
        while wait(tasks, timeout=_POLL_S).not_done:
            if self.clock.should_stop():
                self.should_end.set()
            self._report()
        self.clock.iterations += sum(task.result() for task in tasks)
        self._gather(pieces)

    def _report(self) -> None:
        now = time.perf_counter()
        if now - self.reported_at >= _REPORT_S:
            self.reported_at = now
            runs = {s: int((state.length > 0).sum()) for s, state in self.best.items()}
            self.on_progress(runs, self.clock.iterations)

    def _work(
        self, piece: Piece, tariff: Tariff, heat: float, until: float, most: int | None, seed: int
    ) -> int:
        """Improve a piece by so many steps, or until a share of the seconds is used up."""
        seed_search(seed)
        made = 0
        while not self.should_end.is_set():
            steps = CHUNK if most is None else min(CHUNK, most - made)
            if steps <= 0 or (most is None and self.clock.share() >= until):
                break
            improve_together(
                piece.state,
                piece.best,
                piece.groups,
                piece.group_of,
                piece.neighbours,
                steps,
                heat,
                tariff,
                piece.a,
            )
            made += steps
        return made

    def _gather(self, pieces: Sequence[tuple[Session, Piece, Tariff]]) -> None:
        """Put the pieces together again; keep the best, of both sessions or of one."""
        least: dict[Session, State] = {}
        now: dict[Session, State] = {}
        for session, side in self.sides.items():
            mine = [piece for other, piece, _ in pieces if other == session]
            riders = len(side.a.rider)
            least[session] = merge_pieces(mine, [p.best for p in mine], side.fleet, riders)
            now[session] = merge_pieces(mine, [p.state for p in mine], side.fleet, riders)
        value, trial = self._choose(self.best, least)
        if value < self.record - 1e-6:
            self.record, self.best = value, trial
        _, self.states = self._choose(self.states, now)
        self.out = self._count_out(self.states)

    def _choose(
        self, before: Mapping[Session, State], after: Mapping[Session, State]
    ) -> tuple[float, dict[Session, State]]:
        """The cheapest of both sessions' new states and either beside the other's old one.

        Each was improved against the vehicles that the other had out before: what both count on
        may be there once only.
        """
        trials = [dict(after)]
        trials += [{**before, session: after[session]} for session in SESSIONS]
        return min(((self._value(trial), trial) for trial in trials), key=lambda pair: pair[0])

    def _heat(self, share: float) -> float:
        """The temperature at a share of the limit, GBP."""
        return float(self.mean * HOT * (COLD / HOT) ** min(share, 1.0))

    def _seed(self, k: int) -> int:
        numbers = [abs(self.clock.limits.seed), self.number, k]
        return int(np.random.SeedSequence(numbers).generate_state(1)[0])

    # --- pieces -----------------------------------------------------------------------------------

    def _cut(self, session: Session, rng: Generator) -> list[tuple[Piece, Tariff]]:
        """Cut a session along its chains into neighbouring pieces, each with its charges."""
        side, state = self.sides[session], self.states[session]
        following, _ = self._chain(session, state)
        chains = _list_chains(following, state)
        stops = [
            np.concatenate([side.a.node_stop[state.table[r, : state.length[r]]] for r in chain])
            for chain in chains
        ]
        carried = int((state.run_of >= 0).sum())
        sizes = [len(at) for at in stops]
        parts = cut_by_place(stops, sizes, side.a, -(-carried // PIECE_PUPILS), rng)
        free = np.maximum(state.free, 0)
        share = free // len(parts)
        pieces = []
        for k, part in enumerate(parts):
            rows = [row for x in part for row in chains[x]]
            mine = share + (0 if k else free - share * len(parts))
            piece = build_piece(rows, state, side.a, side.groups, mine)
            tariff = self._tariff(session, side.fixed)
            _, out = chain_state(piece.state, tariff, piece.a)
            pieces.append((piece, tariff._replace(beside=self.out[session] - out)))
        return pieces


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
