"""A session's lower bound: columns are generated, then their prices are proven mode by mode.

The master prices riders: its duals, GBP a rider. If no run of any mode costs less than a share of
the prices of its riders, that share of their sum is a valid bound. What labelling cannot exclude in
its limits becomes a column, so that the master lowers its prices just there, until all of them
hold. Share 0 holds from the start: the bound can stop at any time.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import numpy as np

from solver.arrays import IntArray
from solver.bound.answer import BoundProgress, BoundResult
from solver.bound.crews import Crews
from solver.bound.fixed import price_fixed
from solver.bound.master import Column, Master, Prices
from solver.bound.modes import PENNY_PARTS, Ground, Mode, ModeKey, cost_of, keep_near, round_duals
from solver.bound.pace import Pace
from solver.bound.stages import Labelled, Stage, label_by_stages, label_quickly
from solver.bound.tiny import MOST_RIDERS, solve_tiny
from solver.bound.walks import Walk, call_once, pick_walks, sort_runs
from solver.domain import BY_RIDER, Instance, Remembered, SeatPrice, TravelMatrix
from solver.limits import Clock, StopLimits

GENERATING_SHARE = 0.2
"""Share of the time after which duals are proven that quick labelling still finds runs for."""
QUICK_NEAR = 40
"""Homes that may follow a node in quick labelling: the nearest."""
STAGES = (
    Stage(150_000, 1_000),
    Stage(2_000_000, 5_000),
    Stage(10_000_000, 5_000),
    Stage(40_000_000, 20_000),
    Stage(80_000_000, 300_000),
)
"""What a proof may use of a mode; where one stage does not end it, the next."""
FIRST = 1
"""The stage that a mode begins with at the latest: what it leaves out the others need not hold."""
SAFE_TOP = 1
"""The stage up to which the duals are proven before the gap is closed."""
LARGE, LOW = 250, 0.25
"""Where there are more riders, so low a share of the prices is proven at first."""
FIRST_TOP = 3
"""The stage up to which the gap is closed first, then up to the later ones."""
ROUNDS_A_STAGE = (0, 20, 100, 400, 1600)
"""A bound with so many rounds at least, where they are counted, may use each stage."""
PER_MODE = 40
NEAR = 12
"""So many riders each node remembers at first (ng); cycles that are found add to them."""
DRY, MOST_DRY = 1e-5, 2
"""Quick labelling ends when so many rounds in turn lower the master by less than this share."""
NEARLY = 0.995
"""A mode of which so large a share of the prices holds rests for a while."""
CLOSED, CLOSED_EARLY = 0.002, 0.01
"""A stage is through when so small a share of the master's value is unproven: the last, others."""
MOST_COLUMNS = 4_000
"""So many runs at most are handed to the search."""
_NEGATIVE = 1e-6
LEAST_GAIN = 1e-5
"""A run that is not cheaper than its duals by this share of the master's value is left out."""
_SMOOTH = 0.5
_WATCH_S = 0.2
THREADS = 2


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
    if not job.ground.members:
        return job.finish()
    job.start(columns)
    if len(job.free) <= MOST_RIDERS and not should_stop():
        job.close(solve_tiny(instance, matrix, job.alone))
        return job.finish()
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
        self.fixed, self.alone = price_fixed(instance, matrix)
        self.free = sorted(self.alone)
        self.place = {rider: x for x, rider in enumerate(self.free)}
        self.ground = Ground(instance, matrix, self.free, NEAR)
        self.is_large = len(self.free) > LARGE
        self.pace = Pace(is_large=self.is_large)
        self.crews = Crews(self.ground, are_one=self.is_large)
        self.riders = len(instance.riders)
        self.runs: dict[tuple[int, ...], float] = {}
        self.stage = dict.fromkeys(self.ground.members, 0)
        self.rounds = 0
        self.value = 0.0
        nothing = Prices(np.zeros(len(self.free)), np.zeros(len(self.counts)))
        self.prices = self.tried = self.best = self.first = nothing
        self.best_value = self.relaxed = self.full_s = 0.0
        self.memory: tuple[Remembered, ...] = ()
        self.seats: tuple[SeatPrice, ...] = ()
        self.learns = False  # not before a first proof

    def watch(self, done: threading.Event) -> None:
        """End labelling under way when the time is over or a stop is asked for."""
        most_s = self.clock.limits.seconds
        while not done.wait(_WATCH_S):
            is_late = most_s is not None and self.clock.elapsed() >= most_s
            if is_late or self.clock.should_stop():
                self.halt[0] = 1

    def close(self, value: float) -> None:
        """Take the optimum of a very small session as the bound, shared evenly over its riders."""
        self._relax(1.0)
        self.value = self.best_value = value
        self.best = replace(self.best, riders=np.full(len(self.free), value / len(self.free)))

    def start(self, columns: Sequence[tuple[float, IntArray]]) -> None:
        """Build the master from each rider alone and from the plans' runs."""
        self.master = Master([self.alone[r] for r in self.free], self.counts)
        for cost, sequence in columns:
            members = tuple(self.place[int(n)] for n in sequence if int(n) in self.place)
            if members and len(members) == sum(int(n) < self.riders for n in sequence):
                self.master.add(Column(cost, members, -1))

    def work(self) -> None:
        """Add columns by quick labelling, then prove what their prices are worth."""
        self._relax(GENERATING_SHARE)
        last = len(self.stages) - 1
        self.learns = self.is_large
        if self.is_large:  # a low share first: more takes too long to begin with
            self.tried = self.best.mix(self.prices, 1 - LOW)
        began = self.clock.elapsed()
        _, share, _ = self._label_all(min(FIRST_TOP if self.is_large else SAFE_TOP, last))
        self._keep(share, self.clock.elapsed() - began)
        self._report("proof")
        self.learns = True
        for top in range(last if self.is_large else min(FIRST_TOP, last), last + 1):
            if self.clock.is_over():
                return
            self.master.drop_loose()
            self._close_gap(top)
            self._note_near()

    def _relax(self, share: float) -> None:
        """Generate columns, and keep the programme's value and prices before any proof."""
        self._generate_quickly(share)
        self.relaxed, self.first = self.value, self.prices

    def _solve_master(self) -> None:
        self.value, self.prices = self.master.solve()

    def _generate_quickly(self, share: float) -> None:
        """Add columns of all modes until that share of the time, or until there are none."""
        self._solve_master()
        self.tried, is_stale = self.prices, False
        resting = dict.fromkeys(self.crews.all, 0)
        for dry in self._solve_until_dry(share):
            is_first = self.rounds == 0 or is_stale
            self.tried = self.prices if is_first else self.tried.mix(self.prices, _SMOOTH)
            awake = [key for key in self.crews.all if resting[key] <= self.rounds]
            found = self._take_priced(awake, share)
            resting |= {key: self.rounds + 4 for key in awake if key not in found}
            if not found:
                if is_stale or dry or self.tried.is_near(self.prices):
                    return
                resting = dict.fromkeys(self.crews.all, 0)
            is_stale = not found

    def _follow_quickly(self, modes: list[ModeKey]) -> None:
        """Solve the master, and add columns of those modes that its prices have more of."""
        for _ in self._solve_until_dry(1.0):
            if not modes:
                return
            self.tried = self.prices
            modes = self._take_priced(modes, 1.0)

    def _solve_until_dry(self, share: float) -> Iterator[int]:
        """Solve the master again and again, until rounds in turn hardly lower it any more.

        Yields how many have not.
        """
        dry = 0
        before = math.inf
        while not self.clock.is_over(share):
            self._solve_master()
            dry = dry + 1 if before - self.value < DRY * self.value else 0
            if dry == MOST_DRY:
                return
            before = self.value
            yield dry

    def _take_priced(self, modes: list[ModeKey], share: float) -> list[ModeKey]:
        """Price modes quickly and take what they find; returns those that did."""
        with ThreadPoolExecutor(THREADS) as threads:
            priced = list(threads.map(partial(self._price, share, 0.0), modes))
        made = [self._take(key, walks) for key, walks in zip(modes, priced, strict=True)]
        self.rounds += 1
        self.clock.iterations += 1
        self._report("columns")
        return [key for key, new in zip(modes, made, strict=True) if new]

    def _note_near(self) -> None:
        """Note runs dearer than their prices by less than a rider's mean cost: plans need some."""
        self.tried = self.prices
        slack = self.value / len(self.free)
        with ThreadPoolExecutor(THREADS) as threads:
            for walks in threads.map(partial(self._price, 1.0, slack), self.crews.all):
                for walk in walks:
                    self._note(walk)

    def _price(self, share: float, slack: float, key: ModeKey) -> list[Walk]:
        """Price a mode quickly at the prices tried, as if its runs were cheaper by `slack`, GBP.

        Returns
        -------
        list
            What is negative at the master's prices then.
        """
        if self.clock.is_over(share):
            return []
        mode, saved = self._build_mode(key, slack)
        mode = keep_near(mode, QUICK_NEAR)._replace(tabled=np.zeros_like(mode.tabled))
        duals = round_duals(self.tried.riders[self._inside(mode)])
        walks = label_quickly(mode, duals, self.stages[-1], self.halt)
        return self._pick_walks(mode, walks, saved)

    def _build_mode(self, key: ModeKey, slack: float = 0.0) -> tuple[Mode, float]:
        """A mode whose runs also bear what one vehicle more of the type would save (dual <= 0).

        With `slack` they are all cheaper by so much, GBP. Returns that with it, GBP.
        """
        mode = self.ground.build_mode(key)
        saved = math.ceil((float(self.tried.kinds[key.vehicle_type]) + slack) * PENNY_PARTS)
        return mode._replace(first_cost=mode.first_cost - np.int32(saved)), saved / PENNY_PARTS

    def _inside(self, mode: Mode) -> list[int]:
        """The places in the master of a mode's homes."""
        return [self.place[int(rider)] for rider in mode.homes]

    def _pick_walks(self, mode: Mode, walks: Iterable[list[int]], saved: float) -> list[Walk]:
        """Walks that are negative at the master's prices."""
        inside = self._inside(mode)
        homes = len(inside)
        gain = self._least_gain()
        chosen = pick_walks(walks, mode, self.prices.riders[inside], PER_MODE, gain)
        return [
            Walk(
                cost + saved,
                cost_of(mode, call_once(walk, homes)) + saved,
                [inside[n] if n < homes else len(self.free) + n - homes for n in walk],
            )
            for cost, walk in chosen
        ]

    def _least_gain(self) -> float:
        """How much cheaper than its prices a run must be, GBP."""
        return max(_NEGATIVE, LEAST_GAIN * self.value)

    def _take(self, key: ModeKey, walks: list[Walk]) -> int:
        """Add walks as columns; those that call on a rider twice are remembered where they can be.

        Returns
        -------
        int
            How many columns are new, or cycles not to be found again.
        """
        new = 0
        for walk in walks:
            members = tuple(x for x in walk.places if x < len(self.free))
            once = tuple(x for x in self._note(walk) if x < len(self.free))
            if len(once) < len(members):
                new += self.master.add(Column(walk.once_cost, once, key.vehicle_type))
                if self.ground.remember_cycle(key, walk.places):
                    new += 1
                    continue
            elif self.ground.count_seats(key, walk.places):
                return new + 1
            new += self._add(key, walk)
        return new

    def _add(self, key: ModeKey, walk: Walk, *, is_loose: bool = False) -> int:
        """Make a column of a walk if it is negative at the master's prices; 1 if that is new."""
        members = tuple(x for x in walk.places if x < len(self.free))
        dual = self.prices.riders[list(members)].sum() + self.prices.kinds[key.vehicle_type]
        if walk.cost - float(dual) > -self._least_gain():
            return 0
        column = Column(walk.cost, members, key.vehicle_type, is_loose=is_loose)
        return int(self.master.add(column))

    def _note(self, walk: Walk) -> tuple[int, ...]:
        """Keep a walk for the search, without the riders that it calls on again; returns that."""
        places = tuple(call_once(walk.places, len(self.free)))
        self.runs[places] = min(walk.once_cost, self.runs.get(places, math.inf))
        return places

    def _close_gap(self, top: int) -> None:
        """Bring the master's prices and what is proven of them together, up to a stage.

        Each mode is labelled in full. Where the stage does not end that, the walks that it leaves
        open become columns as well: the prices fall just there, until labelling ends. The prices
        tried lie between the master's and the best that are proven: little is left open there that
        better prices would not leave open too. Modes that have found something go first, alone;
        once they rest the others are asked at the same prices.
        """
        awake = list(self.crews.asked)
        steady = self.pace.steady
        unproven = CLOSED if top == len(self.stages) - 1 else CLOSED_EARLY
        new = 0
        while not self.clock.is_over():
            self._follow_quickly(self.crews.list_apart(awake) if new else [])
            began = self.clock.elapsed()
            self.tried = self.best.mix(self.prices, steady)
            others = [key for key in self.crews.asked if key not in awake]
            new, share, found = self._label_all(top, awake)
            if not others or new == 0 or share >= NEARLY or self._is_last():
                also, least, more = self._label_all(top, others)
                new, share, found = new + also, min(share, least), found + more
                self.full_s = self.clock.elapsed() - began
                self._keep(share, self.full_s)
            self.rounds += 1
            self.clock.iterations += 1
            self._report("proof")
            if self.best_value >= (1 - unproven) * self.value:
                return
            if new == 0 and share < 1.0 and steady == 0.0:
                return
            # nothing that the master does not know: its own prices show what it does not
            if new == 0 and share < 1.0:
                steady = 0.0
            else:
                steady = self.pace.choose(steady, self._left_s(), has_held=share >= NEARLY)
            awake = found or list(self.crews.asked)

    def _is_last(self) -> bool:
        """Whether there is hardly time left but for asking all modes once."""
        if self.clock.limits.seconds is None:
            return self.clock.iterations + 1 >= (self.clock.limits.iterations or 0)
        return self._left_s() < 1.3 * self.full_s

    def _left_s(self) -> float:
        """The seconds left; endless where only rounds are counted."""
        most_s = self.clock.limits.seconds
        return math.inf if most_s is None else most_s - self.clock.elapsed()

    def _label_all(
        self, top: int, keys: Sequence[ModeKey] | None = None
    ) -> tuple[int, float, list[ModeKey]]:
        """Label modes side by side, all where none are given, and take what they find.

        A mode that stands for several crews and finds nothing is parted, and they are labelled.

        Returns
        -------
        int, float, list
            How many columns are new, the share of the prices that holds, and who found any.
        """
        keys = list(self.crews.asked) if keys is None else keys
        with ThreadPoolExecutor(THREADS) as threads:
            # the last vehicle types are the largest and take longest: they begin
            labelled = list(threads.map(partial(self._label, top), keys[::-1]))[::-1]
        new, share = 0, 1.0
        found: list[ModeKey] = []
        for key, answer in zip(keys, labelled, strict=True):
            made = self._take(key, answer.walks)
            made += sum(self._add(key, walk, is_loose=True) for walk in answer.loose)
            holds, some = answer.share, [key] if made or answer.share < NEARLY else []
            is_open = answer.share < 1.0 and not made and not self.clock.is_over()
            if is_open and key.dedicated == BY_RIDER:
                made, least, some = self._label_all(top, self.crews.part(key))
                holds = max(holds, least)  # what holds for all crews holds for each
            new, share, found = new + made, min(share, holds), found + some
        return new, share, found

    def _label(self, top: int, key: ModeKey) -> Labelled:
        """Label a mode in full at the prices tried, with more where less does not end it."""
        if self.clock.is_over():
            return Labelled(0.0, [], [], self.stage[key])
        mode, saved = self._build_mode(key)
        labelled = label_by_stages(
            self.ground,
            key,
            lambda: self._build_mode(key)[0],
            round_duals(self.tried.riders[self._inside(mode)]),
            self.stages[: top + 1],
            min(self.stage[key], FIRST),
            lambda mode, walks: self._pick_walks(mode, walks, saved),
            self.halt,
            learns=self.learns,
        )
        self.stage[key] = labelled.stage
        walks, loose = (self.crews.pay(key, some) for some in (labelled.walks, labelled.loose))
        return replace(labelled, walks=walks, loose=loose)

    def _keep(self, share: float, seconds: float) -> None:
        """Keep a share of the prices tried that holds, in so many seconds, if none was better."""
        limited = [
            (dual, most)
            for dual, most in zip(self.tried.kinds, self.counts, strict=True)
            if most is not None
        ]
        worth = float(self.tried.riders.sum()) + sum(float(dual) * most for dual, most in limited)
        value = share * worth
        if value > self.best_value:
            self.best_value = value
            self.best = Prices(share * self.tried.riders, share * self.tried.kinds)
            self.memory = tuple(self.ground.list_tabled())
            self.seats = tuple(self.ground.list_seat_prices())
            if share >= NEARLY:
                self.pace.note(value / self.value, seconds)

    def _report(self, phase: str) -> None:
        constant = sum(self.fixed.values())
        values = (constant + self.best_value, constant + self.value)
        self.on_progress(BoundProgress(phase, self.clock.elapsed(), *values))

    def finish(self) -> BoundResult:
        """Return the best that was proven."""
        constant = sum(self.fixed.values())
        return BoundResult(
            value=constant + self.best_value,
            duals=self._spread(self.best),
            kind_duals=tuple(self.best.kinds.tolist()),
            master=constant + self.value,
            seconds=self.clock.elapsed(),
            rounds=self.rounds,
            memory=self.memory,
            seats=self.seats,
            columns=tuple(self._list_runs()),
            relaxed=constant + self.relaxed,
            prices=self._spread(self.first),
        )

    def _spread(self, prices: Prices) -> tuple[float, ...]:
        """The price of every rider of the session, those that nothing can carry included."""
        spread = np.zeros(self.riders)
        spread[self.free] = prices.riders
        for rider, price in self.fixed.items():
            spread[rider] = price
        return tuple(spread.tolist())

    def _list_runs(self) -> list[IntArray]:
        """The runs of least reduced cost that were found, as nodes, homes before their schools."""
        calls = range(self.riders, self.riders + len(self.ground.instance.schools))
        nodes = np.array([*self.free, *calls])
        best = sort_runs(self.runs, self.prices.riders)[:MOST_COLUMNS]
        return [nodes[list(places)] for places in best]
