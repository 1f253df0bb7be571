"""Estimates of places are the exact price or below it; insertion takes the cheapest place."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.random import Generator

from solver.arrays import Arrays, IntArray, build_arrays
from solver.desk import build_desk, build_party
from solver.domain import Instance, Session, TravelMatrix
from solver.insertion import build_neighbours, insert_group, list_groups
from solver.kernel import INFEASIBLE, keeps_every_weekday, price_run
from solver.places import find_place
from solver.state import State, build_state, copy_state, set_run
from tests.solver.random_cases import draw_instance, draw_sequence, fit_to_run, make_wait

RIDERS = 9
UNLIMITED = 1_000_000
FAR_GBP = 1e6


def _draw_state(
    rng: Generator, session: Session, *, is_metric: bool, is_limited: bool
) -> tuple[Arrays, State, list[list[int]], Instance, TravelMatrix]:
    """A state with some random runs, and the groups of riders that are on none."""
    instance, matrix = draw_instance(
        rng,
        RIDERS,
        session,
        schools=3,
        is_metric=is_metric,
        is_limited=is_limited,
        is_part_week=rng.random() < 0.3,
        has_bases=rng.random() < 0.6,
    )
    groups = list_groups(instance, range(RIDERS))
    rng.shuffle(groups)
    cut = int(rng.integers(2, 5))
    first = [r for group in groups[:cut] for r in group]
    seq = draw_sequence(rng, instance, first)
    instance = fit_to_run(rng, instance, matrix, seq, tightness=0)
    if rng.random() < 0.3:
        instance = make_wait(instance, first[0])
    a = build_arrays(instance, matrix)
    fleet = np.array([UNLIMITED if t.count is None else t.count for t in instance.fleet])
    state = build_state(a, fleet)
    row = 0
    for riders in [first, *groups[cut + 1 : -1]]:
        run = seq if riders is first else draw_sequence(rng, instance, riders)
        row += bool(set_run(state, row, run, a))
    if is_limited and rng.random() < 0.5:  # a vehicle has come back since the runs were priced
        state.free[int(rng.integers(len(state.free)))] += 1
    waiting = [group for group in groups if state.run_of[group[0]] < 0]
    return a, state, waiting, instance, matrix


def _list_insertions(
    state: State, row: int, group: list[int], a: Arrays
) -> list[tuple[int, int, IntArray]]:
    """Every sequence that takes a group into a run, with its places as `bound_places` counts."""
    seq = state.table[row, : state.length[row]].tolist()
    call = len(a.rider) + int(a.rider[group[0]].school)
    n = len(seq)
    trials = []
    for home in range(n + 1):
        if call in seq:
            if home <= seq.index(call):
                trials.append((home, n + 1, np.array(seq[:home] + group + seq[home:])))
            continue
        for school in range(home, n + 1):
            nodes = seq[:home] + group + seq[home:school] + [call] + seq[school:]
            trials.append((home, school, np.array(nodes)))
    return trials


def _price(seq: IntArray, state: State, row: int, a: Arrays) -> float:
    free = state.free.copy()
    if row >= 0:
        free[state.kind[row]] += 1
    cost, penalty, kind, _ = price_run(seq, free, a)
    return cost + penalty if kind >= 0 and keeps_every_weekday(seq, a) else INFEASIBLE


@pytest.mark.parametrize("session", ["AM", "PM"])
def test_the_estimate_is_hardly_ever_above_the_price_and_mostly_equal(session: Session) -> None:
    rng = np.random.default_rng(5)
    compared = equal = above = 0
    for _ in range(220):
        a, state, waiting, _, _ = _draw_state(rng, session, is_metric=True, is_limited=False)
        desk = build_desk(len(a.type))
        for group in waiting:
            party = build_party(np.array(group), a)
            for row in np.flatnonzero(state.length):
                place = find_place(state, row, party, FAR_GBP, 0.0, desk, a)
                exact = min(
                    _price(trial, state, row, a) - state.price[row]
                    for _, _, trial in _list_insertions(state, row, group, a)
                )
                if exact == INFEASIBLE:
                    continue
                compared += 1
                # not looked at: several doors of which one is in the run already, and a door that
                # is called at twice with the party's school in between
                above += place.price > exact + 1e-6
                equal += abs(place.price - exact) < 1e-6
    assert compared > 300
    assert equal > 0.85 * compared
    assert above < 0.02 * compared


@pytest.mark.parametrize("is_limited", [False, True])
@pytest.mark.parametrize("is_metric", [False, True])
@pytest.mark.parametrize("session", ["AM", "PM"])
def test_insertion_takes_the_cheapest_place_of_all(
    session: Session, is_metric: bool, is_limited: bool
) -> None:
    rng = np.random.default_rng(6)
    inserted = refused = joined = missed = 0
    for _ in range(150):
        a, state, waiting, _, _ = _draw_state(
            rng, session, is_metric=is_metric, is_limited=is_limited
        )
        neighbours = build_neighbours(a)
        desk = build_desk(len(a.type))
        for stamp, group in enumerate(waiting):
            nodes = np.array([*group, len(a.rider) + a.rider[group[0]].school])
            best = _price(nodes, state, -1, a)
            for row in np.flatnonzero(state.length):
                for _, _, trial in _list_insertions(state, row, group, a):
                    best = min(best, _price(trial, state, row, a) - state.price[row])
            before = copy_state(state)
            checked = np.full(len(state.length), -1, dtype=np.int64)
            row = insert_group(state, np.array(group), neighbours, checked, stamp, 0.0, desk, a)
            assert (row >= 0) == (best < INFEASIBLE)
            assert (state.free >= 0).all()
            if row < 0:
                refused += 1
                assert state.run_of.tolist() == before.run_of.tolist()
                continue
            inserted += 1
            joined += (state.length > 0).sum() == (before.length > 0).sum()
            added = state.price.sum() - before.price.sum()
            assert added >= best - 1e-6
            missed += added > best + 1e-6
    assert inserted > 150
    assert joined > 0.2 * inserted
    assert refused > 0 or not is_limited
    # what prunes places reckons with the run's type, its rates and its base, and with no shortcuts;
    # the rates drawn here differ a hundredfold between types and between live and dead miles
    assert missed <= (0.04 if is_metric and not is_limited else 0.08) * inserted, missed
