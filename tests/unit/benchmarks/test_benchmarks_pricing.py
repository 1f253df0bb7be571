"""What a run costs and when it breaks a rule, by hand and by the referee."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.measuring import judge
from benchmarks.peers.pricing import price_run
from benchmarks.peers.problem import Answer, Problem, read_problem, write_answer

S0, S1 = 6, 7
"""Nodes of the two schools: six riders come before them."""


def price(problem: Problem, *nodes: int) -> tuple[float, int]:
    return price_run(np.array(nodes, dtype=np.int64), problem.t)


def test_a_run_costs_its_charge_kilometres_and_hours(street: Problem) -> None:
    # 4 km and 5 km along the street to the school at 6 km: 2 km; boarding 2 x 60 s, driving 200 s,
    # unloading 60 s = 380 s; 20 + 2 x 1.00 + 380/3600 x 18.00 = 23.90, in the car (type 0)
    assert price(street, 4, 5, S0) == (pytest.approx(23.90), 0)


def test_assistants_are_paid_by_the_hour_and_by_the_run(write_street: Any) -> None:
    problem = read_problem(write_street({4: {"pa": "shared"}, 5: {"pa": "one_to_one"}}))
    # two assistants: + 2 x (380/3600 x 12.00 + 5.00) = 12.533...
    assert price(problem, 4, 5, S0)[0] == pytest.approx(23.90 + 2 * (380 / 300 + 5))


def test_a_wheelchair_takes_the_vehicle_with_a_lift(write_street: Any) -> None:
    problem = read_problem(write_street({5: {"wheelchair": 1}}))
    assert price(problem, 4, 5, S0) == (pytest.approx(33.90), 1)


@pytest.mark.parametrize(
    ("pupils", "nodes"),
    [
        ({}, (1, 2, 3, 4, 5, S0)),  # five riders on four seats
        ({0: {"max_ride_s": 700}}, (0, 1, 2, S0)),  # 600 s of driving and 120 s of boarding
        ({1: {"solo": True}}, (1, 2, S0)),
        ({1: {"incompatible": ["P2"]}}, (1, 2, S0)),
        ({5: {"school": "S1"}}, (5, S0)),  # never set down
        ({4: {"wheelchair": 1}, 5: {"wheelchair": 1}}, (4, 5, S0)),  # two chairs, one bay
        ({i: {"pa": "one_to_one"} for i in (3, 4, 5)}, (3, 4, 5, S0)),  # six on four seats
    ],
)
def test_a_broken_rule_has_no_price(
    write_street: Any, pupils: dict[int, dict[str, Any]], nodes: tuple[int, ...]
) -> None:
    assert price(read_problem(write_street(pupils)), *nodes)[0] == math.inf


def test_a_seat_is_free_again_after_a_set_down(write_street: Any) -> None:
    schools = {i: {"school": "S0"} for i in range(4)} | {4: {"school": "S1"}}
    problem = read_problem(write_street(schools))
    assert price(problem, 0, 1, 2, 3, 4, S0, S1)[0] == math.inf
    assert math.isfinite(price(problem, 0, 1, 2, 3, S0, 4, S1)[0])


def test_the_referee_agrees_on_random_runs(shared: Path, tmp_path: Path) -> None:
    instance = shared / "reference" / "instances" / "walsall_60_s1.json"
    referee = shared / "reference" / "referee.py"
    problem = read_problem(instance)
    rng = np.random.default_rng(7)
    feasible = 0
    for number in range(150):
        riders = [int(r) for r in rng.choice(60, rng.integers(1, 5), replace=False)]
        calls = list(dict.fromkeys(problem.get_call(r) for r in riders))
        run = np.array([*riders, *calls], dtype=np.int64)
        cost, kind = price_run(run, problem.t)
        answer = Answer((run,), (max(kind, 0),), 0.0 if math.isinf(cost) else cost)
        plan = tmp_path / f"{number}.json"
        write_answer(plan, problem, answer, 0.0, 0)
        found = judge(referee, instance, plan)
        of_the_run = [text for text in found["violations"] if text.startswith("run 0")]
        if math.isinf(cost):
            # the run was written as the first type, so a refusal may name that type's layout
            assert of_the_run
        else:
            feasible += 1
            assert not of_the_run
            assert found["cost"] == pytest.approx(cost, abs=1e-6)
    assert feasible > 30
