"""What stored duals prove: the share of them that no run of any mode undercuts, and the bound.

Duals are at least 0. If no run costs less than a share of the duals of its riders (and of its
vehicle's), that share of their sum is a lower bound of every plan, however the riders are joined.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from threading import Event
from typing import NamedTuple

import numpy as np

from solver.certificate.ahead import build_ahead, fit_table
from solver.certificate.forward import Found, grow_runs
from solver.certificate.ground import (
    FAR,
    PARTS,
    Floats,
    Ground,
    Ints,
    Mode,
    Sketch,
    is_about,
    learn_cycle,
    list_joint,
    list_modes,
    read_sketch,
    round_up,
    take_hints,
)
from solver.certificate.narrow import narrow
from solver.certificate.seats import (
    Seats,
    change_price,
    count_aboard,
    limit_price,
    part_homes,
    read_seats,
)
from solver.certificate.sets import Levels, Standing
from solver.domain import (
    BY_RIDER,
    Instance,
    Remembered,
    SchoolrunError,
    SeatPrice,
    TravelMatrix,
)
from solver.hopeless import find_hopeless, price_alone

MEMORY = 12
"""So many near homes each node remembers (ng)."""
MOST_MEMORY = 20
"""So many homes at most each node remembers, after those that came twice in a run."""
STAGES = (
    (60, 0, 20_000),
    (60, 7, 20_000),
    (30, 7, 60_000),
    (30, 7, 400_000),
    (10, 7, 4_000_000),
)
"""A mode is tried with steps of the clock in seconds, homes that its table remembers, and labels.

Measured: a better table ends a mode sooner than more labels do."""
MOST_COUNTED = 8
"""In vehicles with more room seats are counted only where a run is found without that."""
MOST_VEHICLE = 1_000_000_000
"""A vehicle more counts as no dearer, in whole parts: so that costs fit their numbers."""
MOST_SEAT_PRICE = 30.0
"""A hint of a dearer seat, GBP, is no use."""
STEP_DOWN = 0.95
"""Where a mode has too many labels, the share of the duals that is tried next."""
LEAST_SHARE = 0.05
THREADS = 2
"""So many crews are proven side by side; with another number the shares tried may differ."""
_EXACT_SIBLINGS = 5
_HALVINGS = 8
_CLOSE = 0.9995


class CertificateError(SchoolrunError):
    """The stored duals do not fit the instance, or are not numbers: the message says which."""


@dataclass(frozen=True, slots=True)
class ModeProof:
    """A vehicle type with its crew: the least reduced cost first found, GBP, and the share held.

    `own` is :data:`~solver.domain.BY_RIDER` where all crews were proven as one.
    """

    vehicle_type: int
    shared: int
    own: int
    least: float
    theta: float
    labels: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Proof:
    """What the duals prove: `value` GBP a day, with the share `theta` of them that holds."""

    value: float
    theta: float
    seconds: float
    modes: tuple[ModeProof, ...]


def prove_bound(
    instance: Instance,
    matrix: TravelMatrix,
    duals: Sequence[float],
    kind_duals: Sequence[float] = (),
    memory: Sequence[Remembered] = (),
    seats: Sequence[SeatPrice] = (),
    *,
    on_progress: Callable[[int, int, float], None] = lambda *_: None,
) -> Proof:
    """Prove a lower bound of a session's objective from stored duals.

    Parameters
    ----------
    duals
        GBP, one a rider; negative ones count as 0, others at most as a vehicle of the rider's own.
    kind_duals
        GBP, one a vehicle type, at most 0 and 0 where its number is not limited; none where empty.
    memory
        Hints whom nodes are to remember: whatever they are, what is proven holds.
    seats
        Hints what a seat of a large vehicle may cost, likewise; 0 where there is none.
    on_progress
        Called with the modes proven, their number and the share of the duals that holds so far.

    Raises
    ------
    CertificateError
        If there are not as many duals as riders or vehicle types, or one is not a number.
    """
    began = time.perf_counter()
    given, kinds = _read_duals(instance, duals, kind_duals)
    sketch = read_sketch(instance, matrix)
    constants, free = _set_apart(sketch, instance, matrix)
    kept = np.zeros(len(given))
    for rider, price in free.items():
        kept[rider] = max(0.0, min(float(given[rider]), price))
    crews = _list_crews(sketch, sorted(free), memory, seats)
    prove = partial(_prove_crews, kept=kept, kinds=kinds, seats=seats)
    total = sum(len(each.modes) for each in crews)
    theta, done = 1.0, 0
    proofs: list[ModeProof] = []
    for each, found in zip(crews, _prove_in_turn(crews, prove), strict=True):
        proofs += found
        theta = min(theta, *(proof.theta for proof in found))
        done += len(each.modes)
        on_progress(done, total, theta)
    limited = sum(
        float(dual) * kind.count
        for dual, kind in zip(kinds, instance.fleet, strict=True)
        if kind.count is not None
    )
    value = sum(constants.values()) + max(0.0, theta * (float(kept.sum()) + limited))
    return Proof(value, theta, time.perf_counter() - began, tuple(proofs))


class _Crews(NamedTuple):
    """Modes that differ by assistants of riders' own alone, and all of them as one mode.

    None where the hints do not name that one.
    """

    modes: list[Mode]
    joint: Mode | None


def _list_crews(
    sketch: Sketch, riders: list[int], memory: Sequence[Remembered], seats: Sequence[SeatPrice]
) -> list[_Crews]:
    """List the crews of each vehicle type, without and with an assistant for shared riders."""
    joint = {
        (mode.vehicle_type, mode.shared): take_hints(sketch, mode, memory)
        for mode in list_joint(sketch, riders, MEMORY)
        if _is_named(mode, memory, seats)
    }
    crews: dict[tuple[int, int], list[Mode]] = {}
    for mode in list_modes(sketch, riders, MEMORY):
        told = take_hints(sketch, mode, memory)
        crews.setdefault((mode.vehicle_type, mode.shared), []).append(told)
    return [_Crews(modes, joint.get(key)) for key, modes in crews.items()]


def _prove_in_turn(
    crews: list[_Crews], prove: Callable[[_Crews, float, Event], list[ModeProof]]
) -> Iterator[list[ModeProof]]:
    """Prove crews side by side, each at the share that held for all but the one before it.

    So that what is proven does not depend on which ends first.
    """
    share = 1.0
    halt = Event()
    pending: deque[Future[list[ModeProof]]] = deque()
    with ThreadPoolExecutor(THREADS) as threads:
        try:
            for each in [*crews, *[None] * THREADS]:
                if len(pending) == THREADS or (each is None and pending):
                    found = pending.popleft().result()
                    share = min(share, *(proof.theta for proof in found))
                    yield found
                if each is not None:
                    pending.append(threads.submit(prove, each, share, halt))
        finally:
            halt.set()  # after an interruption nothing goes on for minutes


def _prove_crews(
    crews: _Crews,
    share: float,
    halt: Event,
    *,
    kept: Floats,
    kinds: Floats,
    seats: Sequence[SeatPrice],
) -> list[ModeProof]:
    """Prove modes as one where that holds, otherwise one by one."""
    dual = float(kinds[crews.modes[0].vehicle_type])
    if crews.joint is not None:
        grounds = _Grounds(crews.joint, seats, halt)
        proof = _prove_joint(crews.joint, grounds, kept, dual, share)
        if proof is not None:
            return [proof]
    proofs: list[ModeProof] = []
    for mode in crews.modes:
        proofs.append(_prove_mode(mode, _Grounds(mode, seats, halt), kept, dual, share))
        share = min(share, proofs[-1].theta)
    return proofs


def _is_named(mode: Mode, memory: Sequence[Remembered], seats: Sequence[SeatPrice]) -> bool:
    """Whether all crews of a mode are to be proven as one: hints name some so, and none of its own.

    Whoever proved the bound so may have found a run that the one undercuts and no crew does; then
    the hints name the crews.
    """
    hints: list[Remembered | SeatPrice] = [*memory, *seats]
    crews = {(hint.vehicle_type, *hint.crew) for hint in hints}
    ours = {
        own for kind, shared, own in crews if (kind, shared) == (mode.vehicle_type, mode.shared)
    }
    return any(own == BY_RIDER for _, _, own in crews) and ours <= {BY_RIDER}


def _read_price(mode: Mode, seats: Sequence[SeatPrice]) -> float:
    """What the hints say of a mode's seats, GBP; 0 where nothing that can be used."""
    ours = [one for one in seats if is_about(one, mode)]
    given = [one.price for one in ours if one.crew[1] == mode.own] or [one.price for one in ours]
    return given[0] if given and 0 <= given[0] <= MOST_SEAT_PRICE else 0.0


def _read_duals(
    instance: Instance, duals: Sequence[float], kind_duals: Sequence[float]
) -> tuple[Floats, Floats]:
    if len(duals) != len(instance.riders):
        raise CertificateError(
            f"the certificate has {len(duals)} duals and the instance {len(instance.riders)} "
            f"pupils: it belongs to another instance"
        )
    if len(kind_duals) not in (0, len(instance.fleet)):
        raise CertificateError(
            f"the certificate has {len(kind_duals)} duals of vehicle types and the instance "
            f"{len(instance.fleet)} types: it belongs to another instance"
        )
    given = np.array(duals, dtype=np.float64)
    kinds = np.array(kind_duals if len(kind_duals) else [0.0] * len(instance.fleet))
    if not (np.isfinite(given).all() and np.isfinite(kinds).all()):
        raise CertificateError("the certificate holds duals that are not numbers: store it again")
    counted = np.array([kind.count is not None for kind in instance.fleet], dtype=bool)
    return given, np.where(counted, np.minimum(kinds.astype(np.float64), 0.0), 0.0)


def _set_apart(
    sketch: Sketch, instance: Instance, matrix: TravelMatrix
) -> tuple[dict[int, float], dict[int, float]]:
    """Riders whose price is known whatever the plan, and the most that each other one can cost.

    Nothing carries a hopeless rider, and a solo rider shares with nobody. Where a detour can be
    quicker than the way itself, the verdict on time is not relied on: they stay among the others.
    """
    hopeless = find_hopeless(instance, matrix, _list_siblings(instance))
    constants, free = {}, {}
    for rider, who in enumerate(instance.riders):
        price = price_alone(instance, matrix, rider, hopeless.get(rider, ())).session_price
        if rider in hopeless and sketch.is_metric:
            constants[rider] = price
        elif who.is_solo:
            runs = [_price_only_run(mode) for mode in list_modes(sketch, [rider], 1)]
            constants[rider] = min([price, *runs])
        else:
            free[rider] = price
    return constants, free


def _price_only_run(mode: Mode) -> float:
    """The price of the run that a mode's one rider has alone, GBP."""
    ground = mode.ground
    return float(int(ground.first_cost[0]) + ground.live[0, 1] + ground.last_cost[0]) / PARTS


def _list_siblings(instance: Instance) -> list[list[int]]:
    """Riders who must share a run, in groups; those too many for every order one by one."""
    groups = [{rider} for rider in range(len(instance.riders))]
    for rider, who in enumerate(instance.riders):
        for other in who.must_share:
            if who.school == instance.riders[other].school and other not in groups[rider]:
                joint = groups[rider] | groups[other]
                for member in joint:
                    groups[member] = joint
    listed: list[list[int]] = []
    for rider, group in enumerate(groups):
        if len(group) > _EXACT_SIBLINGS:
            listed.append([rider])
        elif rider == min(group):
            listed.append(sorted(group))
    return listed


class _Grounds:
    """A mode's ground with its levels, and the same as if the vehicle were never full."""

    def __init__(self, mode: Mode, seats: Sequence[SeatPrice], halt: Event) -> None:
        self.counted, self.levels = mode.ground, Levels(mode.ground)
        self.halt = halt
        self.seats: Seats | None = None
        if mode.ground.room > MOST_COUNTED:
            self.seats = read_seats(mode.ground)
            self.price = limit_price(int(_read_price(mode, seats) * PARTS), self.seats.room)
            self.endless = part_homes(mode.ground)
            self.endless_levels = Levels(self.endless)

    def try_share(self, dual: Ints, vehicle: int, *, is_quick: bool = False) -> Found:
        """Grow the runs of a mode; those of a large vehicle first as if it were never full.

        And only so where it `is_quick`.
        """
        least = -FAR
        if self.seats is not None:
            priced = change_price(self.endless, self.seats, self.price)
            at_homes, levels = dual[self.endless.person], self.endless_levels
            found = _try_stages(
                priced, at_homes, vehicle, levels, self.halt, self.seats, self.price
            )
            if found.least >= 0 or is_quick:
                return found
            least = found.least
        found = _try_stages(self.counted, dual, vehicle, self.levels, self.halt)
        return found._replace(least=max(least, found.least))  # both are about the same runs


def _try_stages(
    ground: Ground,
    dual: Ints,
    vehicle: int,
    levels: Levels,
    halt: Event,
    seats: Seats | None = None,
    price: int = 0,
) -> Found:
    """Grow runs, with a better table and more labels where few do not end it.

    Each stage leaves out what the table of the one before has shown to lead nowhere, and comes
    again as long as there is room for smaller quarters then. Where a run undercuts only by what its
    empty `seats` give back, their `price` falls to what it bears; where it is too full, labels
    count from then on.
    """
    found = Found(-FAR, False, 0, 0, np.empty(0, np.int32))
    most_proven = -FAR
    kept: Standing | None = None
    stage, finest = 0, -1
    while stage < len(STAGES):
        if halt.is_set():
            raise CertificateError("the proof was stopped: nothing is proven")
        step_s, most_tabled, most = STAGES[stage]
        within, standing, width_s = fit_table(ground, levels, kept, step_s, most_tabled)
        is_finer = levels.find(standing.sets) > finest
        finest = levels.find(standing.sets)
        ahead = build_ahead(within, dual, standing, width_s)  # whatever homes are remembered
        while True:
            found = grow_runs(within, dual, vehicle, standing.sets, ahead, most)
            learned = learn_cycle(within, found.way, MOST_MEMORY) if found.run < 0 else None
            if learned is None:
                break
            within = learned
        most_proven = max(most_proven, found.least)
        fall = _lower_price(found, seats, price)
        fills = seats is not None and found.run < 0 and seats.count_empty(found.way) < 0
        fills = fills and ground.seats == 0  # a run too full: labels count from now on
        is_over = fall == 0 and not fills
        is_settled = found.is_whole and found.least == found.run
        if is_over and (is_settled or found.run < -PARTS):
            break  # a pound below nought: this share does not hold, and a smaller one is cheaper
        if is_over and stage + 1 == len(STAGES) and (standing.sets.is_fine or not is_finer):
            break
        within, kept = narrow(within, dual, vehicle, standing, ahead)
        ground = within._replace(tabled=ground.tabled)
        if seats is not None and not is_over:
            price, ground = price - fall, change_price(ground, seats, -fall)
            ground = count_aboard(ground, seats) if fills else ground
        else:
            stage += standing.sets.is_fine or not is_finer
    return found._replace(least=most_proven)


def _lower_price(found: Found, seats: Seats | None, price: int) -> int:
    """By how much the price of a seat must fall for the run found not to undercut; 0 if it does."""
    empty = 0 if seats is None or found.run >= 0 else seats.count_empty(found.way)
    if empty <= 0 or found.run + price * empty < 0:
        return 0
    return price - (found.run + price * empty) // empty


def _prove_joint(
    mode: Mode, grounds: _Grounds, kept: Floats, kind_dual: float, share: float
) -> ModeProof | None:
    """Show that no run of any crew undercuts a share of the duals, or hardly; None where not so."""
    began = time.perf_counter()
    dual = round_up(share * kept[list(mode.riders)])
    vehicle = _price_vehicle(share * kind_dual)
    found = grounds.try_share(dual, vehicle, is_quick=True)
    least = min(found.least, 0) / PARTS
    held = share * mode.least_cost / (mode.least_cost - least) if least < 0 else share
    if found.least <= -FAR or held < share * _CLOSE:
        return None
    seconds = time.perf_counter() - began
    return ModeProof(mode.vehicle_type, mode.shared, mode.own, least, held, found.labels, seconds)


def _price_vehicle(kind_dual: float) -> int:
    """What one vehicle more costs beyond its charge, whole parts; less where it is very much."""
    return int(min(np.floor(-kind_dual * PARTS), MOST_VEHICLE))


def _prove_mode(
    mode: Mode, grounds: _Grounds, kept: Floats, kind_dual: float, most_share: float
) -> ModeProof:
    """Find the share of the duals, at most `most_share`, that no run of a mode undercuts.

    A run that costs c and undercuts its duals by d leaves c / (c + d) of them; between that share,
    for the least that a run may cost, and the one undercut, halving finds a better one.
    """
    began = time.perf_counter()
    inside = kept[list(mode.riders)]
    if kind_dual == 0.0 and not inside.any() and mode.least_cost >= 0.0:  # nothing is undercut
        return ModeProof(mode.vehicle_type, mode.shared, mode.own, 0.0, most_share, 0, 0.0)
    share, held, labels, worst = most_share, 0.0, 0, -np.inf
    undercut, turns = most_share, 0
    while share > LEAST_SHARE and turns < _HALVINGS:
        dual = round_up(share * inside)
        found = grounds.try_share(dual, _price_vehicle(share * kind_dual))
        labels = max(labels, found.labels)
        if found.least <= -FAR:
            undercut = share
            share = share * STEP_DOWN if held == 0.0 else (held + share) / 2
            turns += held > 0.0
            continue
        least = found.least / PARTS
        worst = least if worst == -np.inf else worst
        if least < 0:
            undercut = share
            held = max(held, share * mode.least_cost / (mode.least_cost - least))
        else:
            held = share
        if held >= undercut * _CLOSE or held >= most_share:
            break
        share = (held + undercut) / 2
        turns += 1
    seconds = time.perf_counter() - began
    return ModeProof(mode.vehicle_type, mode.shared, mode.own, worst, held, labels, seconds)
