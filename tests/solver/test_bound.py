"""The lower bound never passes the cost of the best plan, on small instances with every feature."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import pairwise
from math import isinf
from typing import Any

import numpy as np
import pytest

from solver.bound import generation, stages
from solver.bound.ahead import Ahead, build_ahead, weigh_nodes
from solver.bound.answer import BoundResult
from solver.bound.generation import bound_session
from solver.bound.labels import Pace, label_mode
from solver.bound.master import Column, Master
from solver.bound.memories import count_memories
from solver.bound.modes import FAR, REACHABLE, Ground, Ints, Mode, round_duals
from solver.bound.near_schools import list_groupings
from solver.bound.open_sets import OpenSets, _list_grouped, keep_sets, list_sets
from solver.bound.stages import label_by_stages
from solver.bound.sweep import sweep
from solver.bound.walks import Walk, call_once, list_open, pick_walks
from solver.checker import check_session_plan
from solver.domain import Instance, Session, TravelMatrix
from solver.limits import Clock, StopLimits
from solver.session import SearchLimits, solve_session
from tests.solver.enumerator import find_least_objective
from tests.solver.random_cases import draw_instance, draw_sequence, fit_to_run

LIMITS = StopLimits(iterations=400)


@pytest.fixture
def by_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bound small instances as large ones are: not by going through all runs."""
    monkeypatch.setattr(generation, "MOST_RIDERS", 0)


def bound(instance: Instance, matrix: TravelMatrix) -> BoundResult:
    return bound_session(instance, matrix, [], LIMITS)


def draw(
    rng: np.random.Generator, riders: int, session: Session, number: int
) -> tuple[Instance, TravelMatrix]:
    """Every third with a limited fleet, every other with bases, some part-week, some not metric."""
    instance, matrix = draw_instance(
        rng,
        riders,
        session,
        schools=1 + number % 3,
        is_metric=number % 5 != 0,
        is_limited=number % 3 == 0,
        is_part_week=number % 4 == 1,
        has_bases=number % 2 == 0,
    )
    hidden = [int(r) for r in rng.choice(riders, size=3, replace=False)]
    return fit_to_run(rng, instance, matrix, draw_sequence(rng, instance, hidden)), matrix


def draw_planned(
    rng: np.random.Generator, some: int, riders: int, more: int, session: Session
) -> Iterator[tuple[int, Instance, TravelMatrix, float]]:
    """Draw instances of `riders` and up to so many more; those with a plan, and what it costs."""
    for number in range(some):
        instance, matrix = draw(rng, riders + number % more, session, number)
        best = find_least_objective(instance, matrix)
        if not isinf(best):
            yield number, instance, matrix, best


def price(mode: Mode, duals: list[float], entries: int, labels: int) -> tuple[int, bool, int]:
    """Label a mode; returns the least reduced cost, whether that is proven, and the labels."""
    rounded = round_duals(np.array(duals))
    halt = np.zeros(1, dtype=np.int32)
    sets, ahead = build_table(mode, rounded, entries)
    pace = Pace(labels, labels, is_greedy=labels % 2 == 1, is_quick=False)
    found = label_mode(mode, rounded, sets, ahead, pace, halt)
    return found.least, found.is_whole, len(found.value)


def build_table(
    mode: Mode, dual: Ints, entries: int, *, is_coarse: bool = False
) -> tuple[OpenSets, Ahead]:
    """The table of a mode with at most so many entries, over groups as small as they allow."""
    per_set = weigh_nodes(mode) * count_memories(mode.tabled)
    sets = list_sets(mode, per_set, entries) or list_sets(mode, per_set, 10**9)
    assert sets is not None
    halt = np.zeros(1, dtype=np.int32)
    return sets, build_ahead(mode, dual, entries, halt, sets, is_coarse=is_coarse)


def remember(rng: np.random.Generator, ground: Ground) -> None:
    """Let the table remember up to five riders at every node of every mode, two of them at once."""
    for key, members in ground.members.items():
        for node, kept in enumerate(ground.tabled[key]):
            others = [x for x in members if x != node]
            kept += [int(x) for x in rng.permutation(others)[: rng.integers(6)]]


def test_the_table_ends_labels_early_and_never_changes_the_least() -> None:
    """Tables with sets of one school, of two and of all; odd features as in `draw`.

    Nodes remember all riders, or few, so that walks may come back, and tables few of them or none.
    """
    rng = np.random.default_rng(23)
    seen = negative = 0
    with_table, without = 0, 0
    for number in range(24):
        instance, matrix = draw(rng, 6, "AM" if number % 2 else "PM", number)
        ground = Ground(instance, matrix, list(range(6)), 2 + 4 * (number % 3 > 0))
        if number % 4 < 3:
            remember(rng, ground)
        for key in ground.members:
            mode = ground.build_mode(key)
            duals = rng.uniform(5.0, 60.0, size=len(mode.homes)).tolist()
            least, is_whole, labels = price(mode, duals, 0, 200_000)
            if not is_whole:
                continue
            without += labels
            for entries in (60_000, 200_000, 10_000_000):
                answer, is_proven, few = price(mode, duals, entries, 200_000)
                assert (answer, is_proven) == (least, True), f"instance {number}, {key}"
            with_table += few
            seen += 1
            negative += least < 0
    assert seen >= 60
    assert negative >= seen // 4
    assert with_table < 0.9 * without


@pytest.mark.parametrize("above", [0, 120_000_000])
def test_a_sweep_leaves_out_much_and_never_changes_the_least(above: int) -> None:
    """Tables over what a coarser one without a memory leaves of a mode's sets and ways.

    With a vehicle that costs GBP 1,200 more and a pupil who pays for it: an honest dual of a
    vehicle type may be as high.
    """
    rng = np.random.default_rng(31)
    halt = np.zeros(1, dtype=np.int32)
    seen = negative = crowded = 0
    before = after = 0
    pace = Pace(200_000, 200_000, is_greedy=False, is_quick=False)
    for number in range(24 if above == 0 else 12):
        instance, matrix = draw(rng, 6, "AM" if number % 2 else "PM", number)
        ground = Ground(instance, matrix, list(range(6)), 2 + 4 * (number % 3 > 0))
        if number % 4 < 3:
            remember(rng, ground)
        for key in ground.members:
            mode = ground.build_mode(key)
            mode = mode._replace(first_cost=mode.first_cost + np.int32(above))
            dual = round_duals(rng.uniform(5.0, 60.0, size=len(mode.homes)))
            dual[0] += above
            plain = mode._replace(tabled=np.zeros_like(mode.tabled))
            for entries in (6_000, 20_000, 10_000_000):
                sets, ahead = build_table(plain, dual, entries, is_coarse=True)
                whole = label_mode(mode, dual, *build_table(mode, dual, entries), pace, halt)
                swept, left = sweep(plain, dual, sets, ahead, halt)
                swept = swept._replace(tabled=mode.tabled)
                finer = list_sets(swept, weigh_nodes(swept), 10_000_000, left)
                assert finer is not None
                assert finer.is_fine
                table = build_ahead(swept, dual, 10_000_000, halt, finer)
                answer = label_mode(swept, dual, finer, table, pace, halt)
                if not whole.is_whole:
                    continue
                assert (answer.least, answer.is_whole) == (whole.least, True), f"{number}, {key}"
                assert (left.place >= 0).sum() <= (sets.place >= 0).sum()
                before += int((mode.leg_time < REACHABLE).sum())
                after += int((swept.leg_time < REACHABLE).sum())
                seen += 1
                negative += answer.least < 0
                crowded += not sets.is_fine
    assert seen >= 50
    assert negative >= seen // 4
    assert crowded >= 5
    assert after < 0.7 * before


@pytest.mark.usefixtures("by_labels")
@pytest.mark.parametrize("session", ["AM", "PM"])
def test_through_many_small_stages_the_bound_never_passes_the_best_plan(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stages so small that tables are swept, taught and built again, as those of large sessions."""
    small = [(4_000, 4), (8_000, 8), (30_000, 20), (1_000_000, 100_000)]
    monkeypatch.setattr(generation, "STAGES", tuple(stages.Stage(*stage) for stage in small))
    monkeypatch.setattr(generation, "ROUNDS_A_STAGE", (0, 0, 0, 0))
    swept = 0

    def count(mode: Mode, dual: Ints, sets: OpenSets, ahead: Ahead, halt: Ints) -> Any:
        nonlocal swept
        swept += 1
        return sweep(mode, dual, sets, ahead, halt)

    monkeypatch.setattr(stages, "sweep", count)
    rng = np.random.default_rng(83 + (session == "PM"))
    shares = []
    for number, instance, matrix, best in draw_planned(rng, 20, 4, 2, session):
        result = bound_session(instance, matrix, [], StopLimits(iterations=60))
        assert result.value <= best + 1e-6, f"instance {number}"
        shares.append(result.value / best)
    assert len(shares) >= 8
    assert np.mean(shares) > 0.7
    assert swept >= 50


def test_labelling_that_is_stopped_still_bounds_the_least() -> None:
    rng = np.random.default_rng(29)
    stopped = 0
    for number in range(12):
        instance, matrix = draw(rng, 6, "AM", number)
        ground = Ground(instance, matrix, list(range(6)), 6)
        for key in ground.members:
            mode = ground.build_mode(key)
            duals = rng.uniform(10.0, 60.0, size=len(mode.homes)).tolist()
            least, is_whole, _ = price(mode, duals, 10_000_000, 200_000)
            assert is_whole
            for labels in (7, 20, 50):
                answer, is_proven, _ = price(mode, duals, 10_000_000, labels)
                assert answer <= least
                stopped += not is_proven and answer > -FAR
    assert stopped >= 10


@pytest.mark.usefixtures("by_labels")
@pytest.mark.parametrize("session", ["AM", "PM"])
def test_the_bound_never_passes_the_best_plan(session: Session) -> None:
    rng = np.random.default_rng(17 + (session == "PM"))
    shares = []
    for number, instance, matrix, best in draw_planned(rng, 40, 3, 3, session):
        result = bound(instance, matrix)
        assert result.value <= best + 1e-6, f"instance {number}"
        assert sum(result.duals) >= result.value - 1e-6
        shares.append(result.value / best)
    assert len(shares) >= 20, "most instances can be planned"
    assert np.mean(shares) > 0.8, "and the bound is worth having"


@pytest.mark.parametrize("session", ["AM", "PM"])
def test_up_to_seven_pupils_the_bound_is_the_best_plan(session: Session) -> None:
    rng = np.random.default_rng(41 + (session == "PM"))
    seen = 0
    for number in range(12):
        riders = 4 + number % 3 if number < 11 else 7
        instance, matrix = draw_instance(
            rng, riders, session, schools=1 + number % 2, has_bases=False, is_part_week=number > 6
        )
        best = find_least_objective(instance, matrix)
        if isinf(best):
            continue
        seen += 1
        assert bound(instance, matrix).value == pytest.approx(best, abs=1e-4), f"{number}"
    assert seen >= 6


@pytest.mark.usefixtures("by_labels")
def test_loosening_a_cap_never_costs_more_in_the_proof() -> None:
    rng = np.random.default_rng(5)
    for number in range(15):
        instance, matrix = draw(rng, 4, "AM", 3 * number + 1)
        looser = replace(
            instance,
            riders=tuple(replace(r, ride_cap_s=r.ride_cap_s + 900) for r in instance.riders),
        )
        assert bound(looser, matrix).master <= bound(instance, matrix).master + 1e-3


@pytest.mark.usefixtures("by_labels")
def test_the_same_iterations_give_the_same_bound() -> None:
    instance, matrix = draw(np.random.default_rng(8), 5, "AM", 2)
    one, other = bound(instance, matrix), bound(instance, matrix)
    assert (one.value, one.duals) == (other.value, other.duals)


@pytest.mark.usefixtures("by_labels")
def test_a_bound_stopped_at_once_is_nought_and_valid() -> None:
    instance, matrix = draw(np.random.default_rng(8), 5, "AM", 2)
    result = bound_session(instance, matrix, [], LIMITS, should_stop=lambda: True)
    assert 0.0 <= result.value <= find_least_objective(instance, matrix)


def test_runs_found_on_the_way_make_a_hasty_plan_cheaper() -> None:
    """A search of one step, with and without a bound after it; every plan checked on its own."""
    rng = np.random.default_rng(31)
    cheaper = 0
    for number in range(8):
        session: Session = "PM" if number % 2 else "AM"
        instance, matrix = draw_instance(rng, 10, session, schools=2, has_bases=number % 3 == 0)
        hasty = SearchLimits(iterations=1, seed=number)
        alone = solve_session(instance, matrix, hasty)
        proven = solve_session(instance, matrix, replace(hasty, bound_seconds=60.0))
        assert check_session_plan(instance, matrix, proven) == ()
        assert proven.objective <= alone.objective + 1e-6
        assert proven.bound is not None
        assert proven.bound.value <= proven.objective + 1e-6
        cheaper += proven.objective < alone.objective - 0.01
    assert cheaper >= 3


def test_walks_left_open_cost_what_the_table_says() -> None:
    """The least of an early end is that of a walk, which homes and calls make node by node."""
    rng = np.random.default_rng(37)
    followed = 0
    for number in range(16):
        instance, matrix = draw(rng, 6, "AM" if number % 2 else "PM", number)
        ground = Ground(instance, matrix, list(range(6)), 6)
        if number % 2:
            remember(rng, ground)
        for key in ground.members:
            mode = ground.build_mode(key)
            duals = round_duals(rng.uniform(10.0, 60.0, size=len(mode.homes)))
            for entries in (60_000, 10_000_000):
                halt = np.zeros(1, dtype=np.int32)
                sets, ahead = build_table(mode, duals, entries)
                found = label_mode(mode, duals, sets, ahead, Pace(20, 20, False, False), halt)
                costs = [reduce_cost(mode, duals, walk) for walk in list_open(found)]
                if not costs or found.least <= -FAR:
                    continue  # walks that gain so much are longer than what is written
                done = found.value[found.value < 0].min(initial=0)
                assert min(*costs, done) == found.least, f"instance {number}, {key}, {entries}"
                followed += 1
    assert followed >= 40


def reduce_cost(mode: Mode, duals: Ints, walk: list[int]) -> int:
    """A walk's cost less the duals of its riders, each time it calls on them; whole parts."""
    homes = len(mode.homes)
    steps = sum(int(mode.step_cost[i, j]) for i, j in pairwise(walk))
    ends = int(mode.first_cost[walk[0]]) + int(mode.last_cost[walk[-1] - homes])
    return steps + ends - sum(int(duals[node]) for node in walk if node < homes)


def test_a_table_that_was_stopped_proves_nothing() -> None:
    instance, matrix = draw(np.random.default_rng(8), 6, "AM", 0)
    job = generation._Job(instance, matrix, Clock(LIMITS, lambda: False), lambda _: None)
    job.start([])
    job._solve_master()
    job.tried = job.prices
    assert all(job._label(0, key).share > 0.0 for key in job.crews.all)
    job.halt[0] = 1
    assert all(job._label(0, key).share == 0.0 for key in job.crews.all)


def test_a_cycle_that_is_remembered_is_known_from_then_on() -> None:
    instance, matrix = draw(np.random.default_rng(8), 6, "AM", 0)
    ground = Ground(instance, matrix, list(range(6)), 1)
    key = next(iter(ground.members))
    walk = [0, 1, 2, 0, 6]
    assert ground.remember_cycle(key, walk)
    assert all(0 in ground.memory[key][node] for node in (1, 2))
    before = [list(kept) for kept in ground.memory[key]]
    assert ground.remember_cycle(key, walk), "no column is made of it either"
    assert ground.memory[key] == before
    assert ground.table_cycle(key, walk)
    assert not ground.table_cycle(key, walk), "the table has learned nothing new"


def test_loose_walks_lower_the_master_until_they_are_dropped() -> None:
    master = Master([30.0, 40.0], [None])
    assert master.solve()[0] == pytest.approx(70.0)
    assert master.add(Column(20.0, (0, 1, 0), 0, is_loose=True))
    assert not master.add(Column(20.0, (0, 1, 0), 0, is_loose=True)), "the same is no news"
    value, prices = master.solve()
    assert value == pytest.approx(20.0)
    assert 2 * prices.riders[0] + prices.riders[1] <= 20.0 + 1e-6
    master.drop_loose()
    assert master.solve()[0] == pytest.approx(70.0)


def test_a_master_that_fails_keeps_its_prices(monkeypatch: pytest.MonkeyPatch) -> None:
    master = Master([30.0, 40.0], [None])
    before = master.solve()
    monkeypatch.setattr(master._solver, "Solve", lambda: master._solver.ABNORMAL)
    assert master.solve() is before


def list_standing(sets: OpenSets) -> set[tuple[int, frozenset[int]]]:
    """Every node with each of its sets, as the schools whose groups it has."""
    return {
        (int(i), frozenset(np.flatnonzero(sets.has[g][sets.group]).tolist()))
        for i, g in zip(*np.nonzero(sets.place >= 0), strict=True)
    }


def test_smaller_groups_have_all_sets_of_what_was_kept_over_larger_ones_and_no_other() -> None:
    """Whatever is kept: single sets whose parts are not, all, or nothing but the empty one."""
    rng = np.random.default_rng(41)
    seen = 0
    for number in range(12):
        instance, matrix = draw_instance(rng, 9, "AM", schools=4, is_metric=number % 3 > 0)
        ground = Ground(instance, matrix, list(range(9)), 4)
        mode = max(map(ground.build_mode, ground.members), key=lambda m: len(m.homes))
        weight = weigh_nodes(mode)
        whole = list_sets(mode, weight, 10**9)
        assert whole is not None
        assert whole.is_fine
        for group in list_groupings(mode)[:-1]:
            large = _list_grouped(mode, group, weight, 10**9, None)
            assert large is not None
            kept = keep_sets(large, rng.random(large.place.shape) < (0.0, 0.3, 1.0)[number % 3])
            fine = list_sets(mode, weight, 10**9, kept)
            assert fine is not None
            held = list_standing(kept)
            wanted = {
                (i, schools)
                for i, schools in list_standing(whole)
                if (i, frozenset(np.flatnonzero(np.isin(group, group[list(schools)])).tolist()))
                in held
            }
            assert list_standing(fine) == wanted, f"instance {number}, {group}"
            assert number % 3 < 2 or wanted == list_standing(whole)
            seen += len(wanted)
    assert seen >= 100


def test_schools_that_no_road_joins_are_grouped_last() -> None:
    instance, matrix = draw_instance(np.random.default_rng(3), 6, "AM", schools=4)
    ground = Ground(instance, matrix, list(range(6)), 4)
    mode = ground.build_mode(next(iter(ground.members)))
    apart = mode.short_time.copy()
    homes = len(mode.homes)
    apart[homes:, homes + 3] = apart[homes + 3, homes:] = FAR
    groupings = list_groupings(mode._replace(short_time=apart))
    assert [int(group.max()) + 1 for group in groupings] == [1, 2, 4]
    assert (groupings[1] == groupings[1][3]).sum() == 1


def test_walks_that_come_back_teach_the_labels_and_are_not_handed_on() -> None:
    """Where nodes remember hardly anybody a mode is asked again until a run is among its walks."""
    rng = np.random.default_rng(41)
    handed_on = taught = 0
    for number in range(12):
        instance, matrix = draw(rng, 6, "AM" if number % 2 else "PM", number)
        ground = Ground(instance, matrix, list(range(6)), 1)
        for key, members in ground.members.items():
            places = [*members, *range(6, len(ground.stops))]
            homes = len(members)
            duals = rng.uniform(20.0, 80.0, size=homes)

            def pick(
                mode: Mode, walks: Iterable[list[int]], duals: Any = duals, places: Any = places
            ) -> list[Walk]:
                chosen = pick_walks(walks, mode, duals, 10, 0.01)
                return [Walk(cost, cost, [places[n] for n in walk]) for cost, walk in chosen]

            before = [len(kept) for kept in ground.memory[key]]
            found = label_by_stages(
                ground,
                key,
                partial(ground.build_mode, key),
                round_duals(duals),
                [stages.Stage(10_000_000, 100_000)],
                0,
                pick,
                np.zeros(1, dtype=np.int32),
                learns=True,
            )
            if found.walks:
                handed_on += 1
                once = [call_once(walk.places, 6) == walk.places for walk in found.walks]
                assert any(once), f"instance {number}, {key}"
            taught += before != [len(kept) for kept in ground.memory[key]]
    assert handed_on >= 20
    assert taught >= 10
