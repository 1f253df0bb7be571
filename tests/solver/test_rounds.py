"""The annealing's plan of a limit: how hot, how often, and whether the session is cut."""

from __future__ import annotations

import numpy as np
import pytest

from solver.arrays import build_arrays
from solver.domain import Instance, TravelMatrix
from solver.insertion import build_neighbours, insert_all, list_groups, order_groups
from solver.limits import Clock, SearchLimits
from solver.rounds import AGAIN, ALONE_PUPILS, ANNEALING_STEPS, COLD, COLD_SMALL, Rounds
from solver.session import solve_session
from solver.state import State, build_state
from tests.solver.random_cases import draw_instance


def begin(
    instance: Instance, matrix: TravelMatrix, limits: SearchLimits
) -> tuple[Rounds, State, int]:
    """Rounds that begin at a plan by insertion, that plan and how many it carries."""
    a = build_arrays(instance, matrix)
    fleet = np.full(len(instance.fleet), 1_000, dtype=np.int64)
    groups = order_groups(list_groups(instance, range(len(instance.riders))), a)
    state = build_state(a, fleet)
    left = insert_all(state, groups, build_neighbours(a), a)
    carried = [group for number, group in enumerate(groups) if number not in left]
    rounds = Rounds(a, fleet, Clock(limits, lambda: False))
    rounds.begin(state, carried)
    return rounds, state, sum(map(len, carried))


@pytest.mark.parametrize(
    ("riders", "times", "cold"),
    [(12, 1, COLD_SMALL), (12, 3, COLD_SMALL), (ALONE_PUPILS + 20, 2, COLD)],
)
def test_a_longer_limit_has_more_annealings_each_from_hot_to_cold(
    riders: int, times: int, cold: float
) -> None:
    instance, matrix = draw_instance(np.random.default_rng(5), riders, "AM", schools=2)
    steps = times * ANNEALING_STEPS * riders
    rounds, _, pupils = begin(instance, matrix, SearchLimits(iterations=steps, seed=1))
    assert pupils <= riders
    count = rounds.annealings
    assert count >= times
    ends = [rounds._heat((k + 1) / count - 1e-9) for k in range(count)]
    starts = [rounds._heat(k / count) for k in range(count)]
    assert starts[0] == pytest.approx(rounds.hot)
    assert starts[1:] == pytest.approx([AGAIN * rounds.hot] * (count - 1))
    assert ends == pytest.approx([cold * rounds.hot] * count, rel=1e-3)
    assert rounds._heat(1.0) == pytest.approx(cold * rounds.hot)


def test_a_middling_session_is_searched_whole_only_where_there_is_time() -> None:
    instance, matrix = draw_instance(np.random.default_rng(6), ALONE_PUPILS + 40, "AM", schools=4)
    short, state, pupils = begin(instance, matrix, SearchLimits(iterations=2_000, seed=1))
    assert pupils > ALONE_PUPILS
    parts = [len(piece.riders) for piece in short._cut()]
    assert sum(parts) == pupils
    assert len(parts) == 2
    long, _, _ = begin(instance, matrix, SearchLimits(iterations=2_000 * pupils, seed=1))
    assert [len(piece.riders) for piece in long._cut()] == [pupils, pupils]
    assert float(long.state.price.sum()) == pytest.approx(float(state.price.sum()))


def test_a_later_annealing_never_loses_the_best_plan() -> None:
    """A session so small that its limit has several annealings: more of them cost no more."""
    instance, matrix = draw_instance(np.random.default_rng(7), 6, "PM", schools=2)
    one = solve_session(instance, matrix, SearchLimits(iterations=ANNEALING_STEPS, seed=3))
    many = solve_session(instance, matrix, SearchLimits(iterations=8 * ANNEALING_STEPS, seed=3))
    again = solve_session(instance, matrix, SearchLimits(iterations=8 * ANNEALING_STEPS, seed=3))
    assert many.objective <= one.objective + 1e-6
    assert many.runs == again.runs
