"""A session's lower bound: columns are generated, then their duals are proven mode by mode.

Duals are GBP a rider. If no run of any mode costs less than theta x the duals of its riders, then
theta x their sum is a valid bound; so every mode keeps the highest theta proven so far, and the
least of them counts. Theta 0 is proven from the start: the bound can stop at any time.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from solver.arrays import IntArray
from solver.bound.ahead import build_ahead
from solver.bound.answer import BoundProgress, BoundResult
from solver.bound.fixed import price_fixed
from solver.bound.labels import Pace, Priced, label_mode
from solver.bound.master import Column, Master
from solver.bound.modes import FAR, PENNY_PARTS, Ground, Mode, ModeKey, cost_of, round_duals
from solver.bound.tiny import MOST_RIDERS, solve_tiny
from solver.domain import Instance, TravelMatrix
from solver.limits import Clock, StopLimits

Duals = NDArray[np.float64]

SHARES = (0.6, 0.75, 0.85, 0.92, 0.96, 1.0)
"""Shares of the duals at which a mode is proven in turn; where one fails, halfway and so on."""
CLOSE = 0.01
GENERATING_SHARE = 0.5
"""Share of the time after which the duals of the columns so far are proven."""
SETTLING_SHARE = 0.8
"""Share of the time after which no more columns are looked for."""
SEARCHING_STAGE = 2
"""The last stage at which columns are looked for."""
QUICK = Pace(labels=30_000, runs=300, is_greedy=True, is_quick=True)
QUICK_ENTRIES = 2_000_000
STAGES = ((600_000, 5_000), (3_000_000, 50_000), (12_000_000, 200_000), (40_000_000, 3_000_000))
"""Entries of the table and labels that a proof may use; where a stage does not end, the next."""
ROUNDS_A_STAGE = (0, 100, 400, 1600)
"""A bound with so many rounds and proofs at least, where they are counted, may use each stage."""
PER_MODE = 40
NEAR = 12
"""So many riders each node remembers at first (ng); cycles that are found add to them."""
_HARD = 0.8
"""From this share of the duals on a mode is tried at the stage that it last needed."""
MOST_COLUMNS = 4_000
"""So many runs at most are handed to the search."""
_NEGATIVE = 1e-6
LEAST_GAIN = 1e-5
"""A run that is not cheaper than its duals by this share of the master's value is left out."""
_SMOOTH = 0.5
_WATCH_S = 0.2
_UNTRIED = 2.0
THREADS = 2


@dataclass(frozen=True, slots=True)
class _Walk:
    """A walk's cost, GBP, and its nodes: places among the free riders, and schools after them.

    `once_cost` is its cost where no rider is called on again.
    """

    cost: float
    once_cost: float
    places: list[int]


@dataclass(frozen=True, slots=True)
class _Labelled:
    """Whether labelling found the least, whether a run is negative, and walks for the master.

    Those are negative at the whole duals.
    """

    is_whole: bool
    is_negative: bool
    walks: list[_Walk]


@dataclass(slots=True)
class _Proof:
    """One mode: the share of the duals that is proven, and the least that could not be."""

    number: int
    key: ModeKey
    stage: int = 0
    theta: float = 0.0
    failed_at: float = _UNTRIED


def bound_session(
    instance: Instance,
    matrix: TravelMatrix,
    columns: Sequence[tuple[float, IntArray]],
    limits: StopLimits,
    *,
    on_progress: Callable[[BoundProgress], None] = lambda _: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> BoundResult:
    """Prove a lower bound of the session's objective.

    Parameters
    ----------
    columns
        Runs of plans, each with its cost and penalty in GBP: they start the master.
    """
    job = _Job(instance, matrix, Clock(limits, should_stop), on_progress)
    if not job.proofs:
        return job.finish()
    if len(job.free) <= MOST_RIDERS and not should_stop():
        job.close(solve_tiny(instance, matrix, job.prices))
        return job.finish()
    job.start(columns)
    done = threading.Event()
    watch = threading.Thread(target=job.watch, args=(done,), daemon=True)
    watch.start()
    try:
        job.work()
    finally:
        done.set()
        watch.join()
    return job.finish()


class _Job:
    """The state of one bound: the master, the modes and the best that is proven."""

    def __init__(
        self,
        instance: Instance,
        matrix: TravelMatrix,
        clock: Clock[StopLimits],
        on_progress: Callable[[BoundProgress], None],
    ) -> None:
        self.clock = clock
        self.halt = np.zeros(1, dtype=np.int32)
        self.on_progress = on_progress
        rounds = clock.limits.iterations
        self.stages = [
            stage
            for stage, least in zip(STAGES, ROUNDS_A_STAGE, strict=True)
            if rounds is None or rounds >= least
        ]
        self.counts = [kind.count for kind in instance.fleet]
        self.fixed, self.prices = price_fixed(instance, matrix)
        self.free = sorted(self.prices)
        self.place = {rider: x for x, rider in enumerate(self.free)}
        self.ground = Ground(instance, matrix, self.free, NEAR)
        self.proofs = [_Proof(number, key) for number, key in enumerate(self.ground.members)]
        self.riders = len(instance.riders)
        self.runs: dict[tuple[int, ...], float] = {}
        self.rounds = 0
        self.is_converged = False
        self.duals: Duals = np.zeros(len(self.free))
        self.kinds: Duals = np.zeros(len(self.counts))
        self.best_value = 0.0
        self.best_duals: Duals = np.zeros(len(self.free))
        self.best_kinds: Duals = np.zeros(len(self.counts))
        self.value = 0.0

    def watch(self, done: threading.Event) -> None:
        """End labelling under way when the time is over or a stop is asked for."""
        most_s = self.clock.limits.seconds
        while not done.wait(_WATCH_S):
            is_late = most_s is not None and self.clock.elapsed() >= most_s
            if is_late or self.clock.should_stop():
                self.halt[0] = 1

    def close(self, value: float) -> None:
        """Take the optimum of a very small session as the bound, shared evenly over its riders."""
        self.value = self.best_value = value
        self.best_duals = np.full(len(self.free), value / len(self.free))
        self.is_converged = True

    def start(self, columns: Sequence[tuple[float, IntArray]]) -> None:
        """Build the master from each rider alone and from the plans' runs."""
        self.master = Master([self.prices[r] for r in self.free], self.counts)
        for cost, sequence in columns:
            members = tuple(self.place[int(n)] for n in sequence if int(n) in self.place)
            if members and len(members) == sum(int(n) < self.riders for n in sequence):
                self.master.add(Column(cost, members, -1))

    def work(self) -> None:
        """Add columns and prove their duals, in turn, as long as proving finds more runs."""
        self._generate_quickly(GENERATING_SHARE)
        self._settle(GENERATING_SHARE)
        while self._prove() and not self.clock.is_over(SETTLING_SHARE):
            self._settle(SETTLING_SHARE)
        self.is_converged = all(proof.theta == 1.0 for proof in self.proofs)

    def _settle(self, share: float) -> None:
        """Add columns by fuller labelling of one mode after the other until none has any left.

        Ends earlier when the share of the limit is used. What takes the most labels is left open.
        """
        waiting = deque(self.proofs)
        while waiting and not self.clock.is_over(share):
            self._solve_master()
            priced = [waiting.popleft() for _ in range(min(THREADS, len(waiting)))]
            with ThreadPoolExecutor(THREADS) as threads:
                found = list(threads.map(partial(self._search, share), priced))
            new = [p for p, walks in zip(priced, found, strict=True) if self._take(p, walks)]
            self.clock.iterations += 1
            if new:
                rest = [p for p in self.proofs if p not in new and p not in waiting]
                waiting.extendleft(new)
                waiting.extend(rest)
            self._keep(min(proof.theta for proof in self.proofs))
            self._report("columns")
        self._solve_master()

    def _solve_master(self) -> None:
        """Take new duals; what was proven of others says nothing of them."""
        self.value, duals, kinds = self.master.solve()
        if (duals != self.duals).any() or (kinds != self.kinds).any():
            self.duals, self.kinds = duals, kinds
            for proof in self.proofs:
                proof.theta, proof.failed_at = 0.0, _UNTRIED

    def _search(self, share: float, proof: _Proof) -> list[_Walk]:
        """Find runs of a mode at the whole duals, with more labels where few do not end it."""
        last = min(SEARCHING_STAGE, len(self.stages) - 1)
        while True:
            stage = min(proof.stage, last)
            labelled = self._label(1.0, stage, share, proof, is_searching=True)
            if labelled.is_whole or labelled.walks or stage == last:
                return labelled.walks
            proof.stage = stage + 1

    def _generate_quickly(self, share: float) -> None:
        centre: Duals | None = None
        is_stale = False
        resting = np.zeros(len(self.proofs), dtype=np.int64)
        while not self.clock.is_over(share):
            self._solve_master()
            centre = self.duals if centre is None or is_stale else centre
            centre = _SMOOTH * centre + (1 - _SMOOTH) * self.duals
            new = 0
            awake = [p for p in self.proofs if resting[p.number] <= self.rounds]
            with ThreadPoolExecutor(THREADS) as threads:
                priced = list(threads.map(partial(self._price, centre, share), awake))
            for proof, walks in zip(awake, priced, strict=True):
                made = self._take(proof, walks)
                new += made
                if not made:
                    resting[proof.number] = self.rounds + 4
            self.rounds += 1
            self.clock.iterations += 1
            self._report("columns")
            if new == 0:
                if is_stale or float(np.abs(centre - self.duals).max()) < _NEGATIVE:
                    return
                is_stale = True
                resting[:] = 0
            else:
                is_stale = False

    def _price(self, centre: Duals, share: float, proof: _Proof) -> list[_Walk]:
        """Price a mode quickly at the smoothed duals; keep what is negative at the master's own."""
        if self.clock.is_over(share):
            return []
        mode, saved = self._build_mode(proof, 1.0)
        duals = round_duals(centre[self._inside(mode)])
        entries, labels = self.stages[-1]
        sets, ahead = build_ahead(mode, duals, min(QUICK_ENTRIES, entries))
        priced = label_mode(mode, duals, sets, ahead, _quicken(labels), self.halt)
        return self._pick_walks(mode, priced, saved)

    def _build_mode(self, proof: _Proof, theta: float) -> tuple[Mode, float]:
        """A mode whose runs also bear what one vehicle more of the type would save (dual <= 0)."""
        mode = self.ground.build_mode(proof.key)
        saved = math.ceil(theta * float(self.kinds[proof.key.vehicle_type]) * PENNY_PARTS)
        return mode._replace(first_cost=mode.first_cost - np.int32(saved)), saved / PENNY_PARTS

    def _inside(self, mode: Mode) -> list[int]:
        """The places in the master of a mode's homes."""
        return [self.place[int(rider)] for rider in mode.homes]

    def _pick_walks(self, mode: Mode, priced: Priced, saved: float) -> list[_Walk]:
        """Walks that are negative at the master's duals."""
        inside = self._inside(mode)
        homes = len(inside)
        least = max(_NEGATIVE, LEAST_GAIN * self.value)
        chosen = pick_walks(priced, mode, self.duals[inside], PER_MODE, least)
        return [
            _Walk(
                cost + saved,
                cost_of(mode, list(dict.fromkeys(walk))) + saved,
                [inside[n] if n < homes else len(self.free) + n - homes for n in walk],
            )
            for cost, walk in chosen
        ]

    def _take(self, proof: _Proof, walks: list[_Walk]) -> int:
        """Add walks as columns; those that call on a rider twice are remembered where they can be.

        Returns
        -------
        int
            How many columns are new, or cycles not to be found again.
        """
        new = 0
        kind = proof.key.vehicle_type
        for walk in walks:
            members = tuple(x for x in walk.places if x < len(self.free))
            once = tuple(dict.fromkeys(members))
            if len(once) < len(members):
                new += self.master.add(Column(walk.once_cost, once, kind))
                if self.ground.remember_cycle(proof.key, walk.places):
                    new += 1
                    continue
            elif self.ground.count_seats(proof.key, walk.places):
                return new + 1
            else:
                self.runs[tuple(walk.places)] = walk.cost
            new += self.master.add(Column(walk.cost, members, kind))
        return new

    def _prove(self) -> int:
        """Raise what is proven, the modes proven least first; keep the best bound.

        Returns
        -------
        int
            How many runs were found that are new columns.
        """
        new = 0
        while not self.clock.is_over():
            left = [p for p in self.proofs if min(1.0, p.failed_at) - p.theta > CLOSE]
            if not left:
                break
            worst = sorted(left, key=lambda proof: proof.theta)[:THREADS]
            with ThreadPoolExecutor(THREADS) as threads:
                found = list(threads.map(self._try_share, worst))
            new += sum(self._take(p, walks) for p, walks in zip(worst, found, strict=True))
            self.clock.iterations += 1
            self._keep(min(proof.theta for proof in self.proofs))
            self._report("proof")
        return new

    def _try_share(self, proof: _Proof) -> list[_Walk]:
        """Prove a mode at the next share of the duals; where a run is cheaper, at what remains."""
        theta = next(share for share in SHARES if share > proof.theta)
        if theta >= proof.failed_at:
            theta = (proof.theta + proof.failed_at) / 2
        walks = []
        for stage in range(proof.stage if theta > _HARD else 0, len(self.stages)):
            labelled = self._label(theta, stage, 1.0, proof)
            walks += labelled.walks
            if labelled.is_whole or labelled.is_negative:
                break
            if theta > _HARD:
                proof.stage = min(stage + 1, len(self.stages) - 1)
        if proof.theta < theta or theta == 1.0:
            proof.failed_at = theta
        return walks

    def _label(
        self, theta: float, stage: int, share: float, proof: _Proof, *, is_searching: bool = False
    ) -> _Labelled:
        """Label a mode in full at a share of the duals, as far as a stage goes.

        Searching for runs, it does so only where quick labelling finds none.
        """
        if self.clock.is_over(share):
            return _Labelled(False, False, [])
        mode, saved = self._build_mode(proof, theta)
        duals = round_duals(theta * self.duals[self._inside(mode)])
        entries, labels = self.stages[stage]
        sets, ahead = build_ahead(mode, duals, entries)
        if is_searching:
            priced = label_mode(mode, duals, sets, ahead, _quicken(labels), self.halt)
            walks = self._pick_walks(mode, priced, saved)
            if walks:
                return _Labelled(False, True, walks)
        pace = Pace(labels, labels, is_greedy=stage == 0, is_quick=False)
        priced = label_mode(mode, duals, sets, ahead, pace, self.halt)
        if priced.least > -FAR:
            held = scale_to_hold(mode.least_cost, priced.least / PENNY_PARTS)
            proof.theta = max(proof.theta, theta * held)
        least_run = int(priced.value.min(initial=0))
        is_whole = priced.is_whole and priced.least == least_run
        return _Labelled(is_whole, least_run < 0, self._pick_walks(mode, priced, saved))

    def _keep(self, theta: float) -> None:
        """Keep a proven bound where it is the best so far."""
        limited = [(k, c) for k, c in zip(self.kinds, self.counts, strict=True) if c is not None]
        value = theta * (float(self.duals.sum()) + sum(float(k) * c for k, c in limited))
        if value > self.best_value:
            self.best_value = value
            self.best_duals = theta * self.duals
            self.best_kinds = theta * self.kinds

    def _report(self, phase: str) -> None:
        constant = sum(self.fixed.values())
        self.on_progress(
            BoundProgress(
                phase, self.clock.elapsed(), constant + self.best_value, constant + self.value
            )
        )

    def finish(self) -> BoundResult:
        """Return the best that was proven."""
        duals = np.zeros(self.riders)
        duals[self.free] = self.best_duals
        for rider, price in self.fixed.items():
            duals[rider] = price
        constant = sum(self.fixed.values())
        return BoundResult(
            value=constant + self.best_value,
            duals=tuple(duals.tolist()),
            kind_duals=tuple(self.best_kinds.tolist()),
            master=constant + self.value,
            seconds=self.clock.elapsed(),
            rounds=self.rounds,
            is_converged=self.is_converged,
            columns=tuple(self._list_runs()),
        )

    def _list_runs(self) -> list[IntArray]:
        """The runs of least reduced cost that were found, as nodes, homes before their schools."""
        homes = len(self.free)
        nodes = np.array(
            [*self.free, *range(self.riders, self.riders + len(self.ground.instance.schools))]
        )

        def reduce(places: tuple[int, ...]) -> float:
            return self.runs[places] - float(sum(self.duals[x] for x in places if x < homes))

        return [nodes[list(places)] for places in sorted(self.runs, key=reduce)[:MOST_COLUMNS]]


def _quicken(labels: int) -> Pace:
    """Quick labelling with at most so many labels."""
    return QUICK._replace(labels=min(QUICK.labels, labels))


def scale_to_hold(least_cost: float, least: float) -> float:
    """The share of the duals that holds where a run may be `least` (<= 0) cheaper than its riders.

    Farley: a run costs c >= least_cost and its riders' duals are at most c - least, so a share of
    c / (c - least), least at the least c, of the duals never passes c.
    """
    return least_cost / (least_cost - least) if least < 0 else 1.0


def pick_walks(
    priced: Priced, mode: Mode, duals: Duals, most: int, least: float
) -> list[tuple[float, list[int]]]:
    """Pick walks that are cheaper than `duals` by at least so much, with their cost, both in GBP.

    The cheapest first, and none whose riders are all in three walks already.
    """
    homes = len(mode.homes)
    order = np.argsort(priced.value, kind="stable")[: 50 * most]
    used = np.zeros(homes, dtype=np.int64)
    walks: list[tuple[float, list[int]]] = []
    for label in order:
        if priced.value[label] >= 0 or len(walks) == most:
            break
        nodes = []
        at = int(label)
        while at >= 0:
            nodes.append(int(priced.node[at]))
            at = int(priced.back[at])
        nodes.reverse()
        inside = [n for n in nodes if n < homes]
        if used[inside].min() >= 3:
            continue
        cost = cost_of(mode, nodes)
        if cost - float(duals[inside].sum()) > -least:
            continue
        used[inside] += 1
        walks.append((cost, nodes))
    return walks
