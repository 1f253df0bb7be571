"""What pupils and rules cost, beside every plan that there is or the session planned again."""

from __future__ import annotations

import json
from dataclasses import replace
from math import isinf
from pathlib import Path

import numpy as np
import pytest

from solver.__main__ import main
from solver.bound import generation
from solver.bound.generation import bound_session
from solver.domain import Instance, Session
from solver.limits import SearchLimits, StopLimits
from solver.prices import list_changes, price_session
from tests.solver.builders import write_instance, write_line
from tests.solver.enumerator import find_least_objective
from tests.solver.random_cases import draw_instance

LIMITS = SearchLimits(iterations=60, seed=1, bound_seconds=60)


def _without(instance: Instance, gone: int) -> Instance:
    """The session without one rider."""

    def move(others: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(r - (r > gone) for r in others if r != gone)

    riders = tuple(
        replace(who, must_not_share=move(who.must_not_share), must_share=move(who.must_share))
        for r, who in enumerate(instance.riders)
        if r != gone
    )
    return replace(instance, riders=riders)


@pytest.mark.parametrize("by_labels", [False, True])
@pytest.mark.parametrize("session", ["AM", "PM"])
def test_a_rule_costs_what_all_plans_with_and_without_it_say(
    session: Session, by_labels: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plans made again are the best of all; the programme's prices have errors of rounding."""
    if by_labels:
        monkeypatch.setattr(generation, "MOST_RIDERS", 0)
    rng = np.random.default_rng(61 + (session == "PM"))
    seen = cheaper = dearer = 0
    errors = []
    for number in range(6):
        instance, matrix = draw_instance(
            rng, 4, session, schools=1 + number % 2, has_bases=False, is_limited=number % 2 == 0
        )
        best = find_least_objective(instance, matrix)
        if isinf(best):
            continue
        prices = price_session(instance, matrix, [], LIMITS)
        changes = {change.code: change for change in list_changes(instance)}
        assert [rule.code for rule in prices.rules] == list(changes)
        for rule in prices.rules:
            saved = best - find_least_objective(changes[rule.code].instance, matrix)
            if isinf(saved):
                continue
            assert rule.by_planning == pytest.approx(saved, abs=1e-3), f"{number} {rule.code}"
            assert rule.at_most >= saved - 1e-3, f"{number} {rule.code}"
            if not by_labels:
                assert rule.at_most == pytest.approx(saved, abs=1e-3), f"{number} {rule.code}"
            errors.append(abs(rule.by_prices - saved) / best)
            seen += 1
            cheaper += saved > 0.01
            dearer += saved < -0.01
    assert seen >= 15
    assert cheaper >= 4
    assert dearer >= 1
    assert np.mean(errors) < 0.03


def test_pupils_whom_nothing_carries_cost_a_vehicle_of_their_own() -> None:
    instance, matrix = draw_instance(np.random.default_rng(5), 4, "AM", schools=1)
    stuck = replace(
        instance, riders=tuple(replace(who, tags=("nobody has it",)) for who in instance.riders)
    )
    prices = price_session(stuck, matrix, [], LIMITS)
    assert len(prices.plan.unassigned) == 4
    assert sum(prices.riders) == pytest.approx(prices.plan.objective)
    assert min(prices.riders) > 0


def test_without_a_pupil_no_plan_is_cheaper_by_more_than_their_proven_price(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(generation, "MOST_RIDERS", 0)
    rng = np.random.default_rng(67)
    seen = 0
    for number in range(6):
        instance, matrix = draw_instance(rng, 5, "AM", schools=2, is_limited=number % 2 == 0)
        result = bound_session(instance, matrix, [], StopLimits(iterations=400))
        for gone in range(5):
            best = find_least_objective(_without(instance, gone), matrix)
            if not isinf(best):
                assert best >= result.value - result.duals[gone] - 1e-6, f"{number}, {gone}"
                seen += 1
    assert seen >= 15


def test_prices_of_a_larger_session_add_up_and_loosening_never_costs_more() -> None:
    instance, matrix = draw_instance(np.random.default_rng(71), 12, "AM", schools=3)
    limits = SearchLimits(iterations=100, seed=1, bound_seconds=12)
    prices = price_session(instance, matrix, [], limits)
    bound = prices.plan.bound
    assert bound is not None
    assert sum(prices.riders) == pytest.approx(bound.relaxed, abs=1e-6)
    assert bound.value - 1e-6 <= bound.relaxed <= prices.plan.objective + 1e-6
    looser = [rule for rule in prices.rules if rule.code != "schools_one"]
    assert len(looser) >= 3
    for rule in looser:
        assert rule.by_planning >= -1e-6, rule.words
    for rule in prices.rules:
        assert rule.by_planning <= rule.at_most + 1e-6, rule.words


def test_prices_need_a_bound() -> None:
    instance, matrix = draw_instance(np.random.default_rng(3), 4, "AM", schools=1)
    with pytest.raises(ValueError, match="bound_seconds"):
        price_session(instance, matrix, [], SearchLimits(iterations=10))


def test_the_command_writes_prices_and_names_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = write_instance(tmp_path, write_line(2))
    plan, out = tmp_path / "plan.json", tmp_path / "prices.json"
    assert main(["solve", str(written), "--iterations", "20", "--out", str(plan)]) == 0
    words = ["prices", str(written), str(plan), "--iterations", "20", "--bound-seconds"]
    assert main([*words, "5", "--out", str(out)]) == 0
    content = json.loads(out.read_text())
    assert content["cost"] == 27.8
    assert [pupil["pupil"] for pupil in content["pupils"]] == ["P0", "P1"]
    assert sum(pupil["gbp_a_day"] for pupil in content["pupils"]) == pytest.approx(27.8)
    assert {rule["change"] for rule in content["rules"]} == {"ride_longer", "ride_any"}
    said = capsys.readouterr().out
    assert "GBP 27.80 a day" in said
    assert "no limit on rides" in said
    plan.write_text(plan.read_text().replace("P1", "P7"))
    assert main([*words, "5", "--out", str(out)]) == 2
    said = capsys.readouterr().err
    assert "plan.json: is not a plan of made up: ('pickup', 'P7') is missing or unknown" in said
    with pytest.raises(SystemExit):
        main([*words, "0", "--out", str(out)])
    assert "--bound-seconds must be above 0" in capsys.readouterr().err
