"""Seats as a price: whatever it is, neither proof ever says more than where seats are counted."""

from __future__ import annotations

from dataclasses import replace
from math import isinf

import numpy as np
import pytest

from solver.bound import generation, modes, stages
from solver.bound.filling import choose_price, draw_lines, tell_apart
from solver.bound.generation import bound_session
from solver.bound.labels import Pace, Priced, label_mode
from solver.bound.modes import PENNY_PARTS, Ground, Ints, Mode, round_duals
from solver.bound.walks import list_runs
from solver.certificate import proof, prove_bound
from solver.certificate.ahead import build_ahead
from solver.certificate.forward import grow_runs
from solver.certificate.ground import PARTS, list_modes, read_sketch, round_up
from solver.certificate.ground import Ground as Proven
from solver.certificate.seats import change_price, part_homes, read_seats
from solver.certificate.sets import Levels
from solver.domain import Instance, Layout, SeatPrice, Session, TravelMatrix
from solver.limits import StopLimits
from tests.solver.enumerator import find_least_objective
from tests.solver.random_cases import draw_instance
from tests.solver.test_bound import build_table, draw, draw_planned, remember
from tests.solver.test_certificate import draw_duals

PRICES_GBP = (0.0, 1.0, 4.0, 15.0)
HALT = np.zeros(1, dtype=np.int32)


def label(mode: Mode, dual: Ints) -> Priced:
    sets, ahead = build_table(mode, dual, 10_000_000)
    found = label_mode(mode, dual, sets, ahead, Pace(200_000, 200_000, False, False), HALT)
    assert found.is_whole
    return found


def test_a_price_of_seats_never_lifts_the_least_above_that_of_counted_seats() -> None:
    """At no price it is that of a vehicle that is never full; a good one finds most overfull runs.

    Small vehicles and pupils who take several seats, with odd features as in `draw`.
    """
    rng = np.random.default_rng(51)
    overfull = lifted = chosen = 0
    for number in range(24):
        instance, matrix = draw(rng, 6, "AM" if number % 2 else "PM", number)
        ground = Ground(instance, matrix, list(range(6)), 2 + 4 * (number % 3 > 0))
        if number % 4 < 3:
            remember(rng, ground)
        for key in ground.members:
            dual = round_duals(rng.uniform(5.0, 60.0, size=len(ground.members[key])))
            ground.counted.add(key)
            assert ground.find_capacity(key) is None
            counted = label(ground.build_mode(key), dual).least
            ground.counted.discard(key)
            plain, capacity = ground.build_mode(key), ground.find_capacity(key)
            assert capacity is not None
            endless = label(plain, dual)
            overfull += endless.least < counted
            leasts = []
            for price_gbp in PRICES_GBP:
                filling = tell_apart(plain, capacity, int(price_gbp * PENNY_PARTS))
                duals = dual[filling.origin[: len(filling.mode.homes)]]
                leasts.append(label(filling.mode, duals).least)
            assert leasts[0] == endless.least, f"instance {number}, {key}"
            assert max(leasts) <= counted, f"instance {number}, {key}"
            lifted += max(leasts) > endless.least
            filling = tell_apart(plain, capacity, 0)
            duals = dual[filling.origin[: len(filling.mode.homes)]]
            found = label(filling.mode, duals)
            lines = draw_lines(filling, capacity, duals, list_runs(found, 50), 0)
            assert lines[:, 0].min(initial=0) == found.least
            chosen += len(lines) > 0 and choose_price(lines, 0, capacity.room) > 0
    assert overfull >= 25
    assert lifted >= 25
    assert chosen >= 25


def test_a_price_is_chosen_where_the_least_of_the_walks_is_greatest() -> None:
    """A walk of -GBP 60 with 35 too many against one of GBP 58 with 14 empty seats: GBP 2.40."""
    lines = np.array([(-60 * PENNY_PARTS, 35), (58 * PENNY_PARTS, -14)], dtype=np.int64)
    assert choose_price(lines, 2 * PENNY_PARTS, 15) == pytest.approx(2.4 * PENNY_PARTS)
    assert choose_price(lines, 20 * PENNY_PARTS, 15) > 10 * PENNY_PARTS, "it moves step by step"


@pytest.fixture
def uncounted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let all vehicles have a price of seats, as large ones do."""
    monkeypatch.setattr(generation, "MOST_RIDERS", 0)
    monkeypatch.setattr(modes, "MOST_COUNTED", -1)
    monkeypatch.setattr(proof, "MOST_COUNTED", -1)


@pytest.mark.usefixtures("uncounted")
@pytest.mark.parametrize("session", ["AM", "PM"])
def test_with_a_price_of_seats_the_bound_never_passes_the_best_plan(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through small stages and in one; what it states is proven by the certificate."""
    small = [(4_000, 4), (8_000, 8), (30_000, 20), (1_000_000, 100_000)]
    rng = np.random.default_rng(53 + (session == "PM"))
    shares, priced = [], 0
    for number, instance, matrix, best in draw_planned(rng, 24, 4, 2, session):
        with monkeypatch.context() as patch:
            if number % 2:
                patch.setattr(generation, "STAGES", tuple(stages.Stage(*x) for x in small))
                patch.setattr(generation, "ROUNDS_A_STAGE", (0, 0, 0, 0))
            result = bound_session(instance, matrix, [], StopLimits(iterations=60))
        assert result.value <= best + 1e-6, f"instance {number}"
        shares.append(result.value / best)
        priced += any(seat.price > 0 for seat in result.seats)
        again = prove_bound(
            instance, matrix, result.duals, result.kind_duals, result.memory, result.seats
        )
        assert again.value <= best + 1e-6, f"instance {number}"
        assert again.value >= 0.98 * result.value, f"instance {number}"
    assert len(shares) >= 10
    assert np.mean(shares) > 0.7
    assert priced >= 3


def draw_dear(number: int) -> tuple[Instance, TravelMatrix]:
    """Four pupils of one school whom one vehicle can take, dear or roomy."""
    instance, matrix = draw_instance(
        np.random.default_rng(4 + number), 4, "AM", schools=1, has_bases=False, is_metric=True
    )
    people = tuple(
        replace(
            who,
            is_solo=False,
            must_not_share=(),
            must_share=(),
            tags=(),
            bays=0,
            seats=1,
            ride_cap_s=7_200,
        )
        for who in instance.riders
    )
    charge, seats = [(1_100.0, 16), (900.0, 16), (1_100.0, 6), (100.0, 2_000)][number % 4]
    layouts = (Layout(seats=seats, bays=0, folded_chairs=4),)
    kinds = tuple(
        replace(kind, session_charge=charge, layouts=layouts, count=None) for kind in instance.fleet
    )
    return replace(instance, riders=people, fleet=kinds), matrix


@pytest.mark.parametrize("number", range(12))
@pytest.mark.parametrize("price", [0.0, 5.0, 29.0])
def test_dear_vehicles_and_endless_rooms_prove_no_more_than_the_best_plan(
    number: int, price: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A charge above any that is told apart, and a room whose price no whole number would hold."""
    instance, matrix = draw_dear(number)
    best = find_least_objective(instance, matrix)
    assert not isinf(best)
    kinds = range(len(instance.fleet))
    prices = [SeatPrice(k, (s, o), price) for k in kinds for s in range(2) for o in range(4)]
    for dual in (10_000.0, best / 4, best / 8):
        proven = prove_bound(instance, matrix, [dual] * 4, (), (), prices)
        assert 0.0 < proven.value <= best + 1e-6
    monkeypatch.setattr(generation, "MOST_RIDERS", 0)
    result = bound_session(instance, matrix, [], StopLimits(iterations=60))
    assert 0.0 < result.value <= best + 1e-6


def price_ground(ground: Proven, price: int) -> Proven:
    return change_price(part_homes(ground), read_seats(ground), price)


def grow(ground: Proven, dual: Ints) -> int:
    levels = Levels(ground)
    standing = levels.number(len(levels.quarterings) - 1)
    assert standing is not None
    table = build_ahead(ground, dual, standing)  # none where two stops are too near for a grid
    found = grow_runs(ground, dual, 0, standing.sets, table, 400_000)
    assert found.is_whole
    return found.least


def test_in_the_certificate_no_price_lifts_the_least_above_that_of_counted_seats() -> None:
    rng = np.random.default_rng(57)
    overfull = lifted = 0
    for number in range(20):
        instance, matrix = draw(rng, 6, "PM" if number % 2 else "AM", number)
        for mode in list_modes(read_sketch(instance, matrix), list(range(6)), 2 + number % 5):
            dual = round_up(rng.uniform(5.0, 60.0, size=len(mode.riders)))
            ground = mode.ground
            counted = grow(ground, dual)
            none = np.zeros_like(ground.use)
            endless = grow(ground._replace(use=none, room=0, takes=none, seats=0), dual)
            parted = [price_ground(ground, int(price * PARTS)) for price in PRICES_GBP]
            leasts = [grow(one, dual[one.person]) for one in parted]
            assert leasts[0] == endless, f"instance {number}"
            assert max(leasts) <= counted, f"instance {number}"
            overfull += endless < counted
            lifted += max(leasts) > endless
    assert overfull >= 25
    assert lifted >= 25


def draw_prices(rng: np.random.Generator, instance: Instance) -> list[SeatPrice]:
    """Draw prices that are of use, and some that are not."""
    odd = (-1.0, 1e9, float("nan"), 0.0)
    return [
        SeatPrice(kind, (shared, own), float(rng.choice([*odd, *rng.uniform(0.0, 30.0, size=8)])))
        for kind in range(len(instance.fleet))
        for shared in range(2)
        for own in range(4)
    ]


@pytest.mark.usefixtures("uncounted")
@pytest.mark.parametrize("session", ["AM", "PM"])
def test_no_price_of_seats_makes_the_certificate_prove_too_much(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Random ones and odd ones; with small stages too, where they fall while ways are left out."""
    fallen = 0
    lower = proof._lower_price

    def count(*given: object) -> int:
        nonlocal fallen
        fall = lower(*given)  # type: ignore[arg-type]
        fallen += fall > 0
        return fall

    monkeypatch.setattr(proof, "_lower_price", count)
    rng = np.random.default_rng(61 + (session == "PM"))
    shares = []
    for number, instance, matrix, best in draw_planned(rng, 40, 3, 3, session):
        with monkeypatch.context() as patch:
            if number % 2:
                patch.setattr(proof, "STAGES", ((60, 0, 5), (60, 2, 20), (30, 7, 100_000)))
            for _ in range(3):
                duals, prices = draw_duals(rng, instance, best), draw_prices(rng, instance)
                shares.append(prove_bound(instance, matrix, duals, (), (), prices).value / best)
                assert shares[-1] <= 1 + 1e-9, f"instance {number}"
    assert len(shares) >= 60
    assert max(shares) > 0.6
    assert fallen >= 20
