"""The second proof of the bound, by other code, never passes the best plan, whatever the duals."""

from __future__ import annotations

from dataclasses import replace
from math import isinf
from pathlib import Path

import numpy as np
import pytest

from solver.bound import generation
from solver.bound.generation import bound_session
from solver.certificate import CertificateError, Proof, proof, prove_bound
from solver.certificate.ahead import Ahead, build_ahead
from solver.certificate.forward import grow_runs
from solver.certificate.ground import (
    FAR,
    Ground,
    Ints,
    Mode,
    list_joint,
    list_modes,
    read_sketch,
    round_up,
    take_hints,
)
from solver.certificate.narrow import narrow
from solver.certificate.sets import Levels, Standing
from solver.domain import Bound, Instance, Remembered, Session, TravelMatrix
from solver.hopeless import find_hopeless, price_alone
from solver.limits import StopLimits
from solver.reference import read_certificate, read_instance, write_certificate
from tests.solver.enumerator import find_least_objective
from tests.solver.random_cases import draw_instance
from tests.solver.test_bound import draw, draw_planned


def draw_duals(rng: np.random.Generator, instance: Instance, best: float) -> list[float]:
    """Draw duals that add up to something between a third and three times the best plan."""
    shares = rng.dirichlet(np.ones(len(instance.riders)))
    return [float(x) for x in shares * best * rng.uniform(0.33, 3.0)]


@pytest.mark.parametrize("session", ["AM", "PM"])
def test_random_duals_never_prove_more_than_the_best_plan(session: Session) -> None:
    """Bases, part weeks, shared doors, limited fleets and odd roads included (see `draw`)."""
    rng = np.random.default_rng(71 + (session == "PM"))
    seen, shares = 0, []
    for number, instance, matrix, best in draw_planned(rng, 70, 3, 3, session):
        for _ in range(5):
            proof = prove_bound(instance, matrix, draw_duals(rng, instance, best))
            assert proof.value <= best + 1e-6, f"instance {number}"
            shares.append(proof.value / best)
            seen += 1
    assert seen >= 175, "most instances can be planned"
    assert max(shares) > 0.6, "and some of the duals prove a good part of the best plan"


@pytest.mark.parametrize("session", ["AM", "PM"])
def test_through_many_small_stages_no_more_is_proven_than_the_best_plan(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stages so small that what leads nowhere is left out and tables are built again, as in large
    sessions; with duals of vehicle types and memories drawn too.
    """
    monkeypatch.setattr(proof, "STAGES", ((60, 0, 5), (60, 2, 20), (30, 7, 100_000)))
    narrowed = 0

    def count(
        ground: Ground, dual: Ints, vehicle: int, standing: Standing, ahead: Ahead
    ) -> tuple[Ground, Standing]:
        nonlocal narrowed
        narrowed += 1
        return narrow(ground, dual, vehicle, standing, ahead)

    monkeypatch.setattr(proof, "narrow", count)
    rng = np.random.default_rng(91 + (session == "PM"))
    shares = []
    for number, instance, matrix, best in draw_planned(rng, 30, 4, 2, session):
        hints = tuple(
            Remembered(kind, (shared, own), node, tuple(rng.permutation(4)[:3].tolist()))
            for kind in range(len(instance.fleet))
            for shared in range(2)
            for own in range(3)
            for node in range(4)
        )
        for _ in range(3):
            kinds = (-rng.uniform(0.0, 60.0, size=len(instance.fleet))).tolist()
            duals = draw_duals(rng, instance, best)
            shares.append(prove_bound(instance, matrix, duals, kinds, hints).value / best)
            assert shares[-1] <= 1 + 1e-9, f"instance {number}"
    assert len(shares) >= 36
    assert max(shares) > 0.5
    assert narrowed >= 200


@pytest.mark.parametrize("session", ["AM", "PM"])
def test_the_duals_of_a_bound_prove_its_value(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generation, "MOST_RIDERS", 0)
    rng = np.random.default_rng(29 + (session == "PM"))
    seen = 0
    for number in range(1, 20):
        if number % 5 == 0:
            continue  # roads where a detour is quicker: a pupil is hopeless only on the direct way
        instance, matrix = draw(rng, 4, session, number)
        best = find_least_objective(instance, matrix)
        if isinf(best):
            continue
        seen += 1
        result = bound_session(instance, matrix, [], StopLimits(iterations=400))
        proof = prove_bound(instance, matrix, result.duals, result.kind_duals)
        assert proof.value <= best + 1e-6
        assert proof.value == pytest.approx(result.value, abs=0.01), f"instance {number}"
    assert seen >= 8


def test_a_pupil_whom_only_a_detour_brings_in_time_is_no_constant() -> None:
    """Their price alone would prove more than the best plan, which takes the detour."""
    instance, matrix = draw(np.random.default_rng(29), 4, "AM", 0)
    best = find_least_objective(instance, matrix)
    assert find_hopeless(instance, matrix, [[r] for r in range(4)])
    assert best < sum(price_alone(instance, matrix, r, ()).session_price for r in range(4))
    proof = prove_bound(instance, matrix, [best] * 4)
    assert 0.5 * best < proof.value <= best + 1e-6


def _prove(instance: Instance, matrix: TravelMatrix, dual: float) -> Proof:
    return prove_bound(instance, matrix, [dual] * len(instance.riders))


def _draw_plain(riders: int) -> tuple[Instance, TravelMatrix]:
    return draw_instance(np.random.default_rng(4), riders, "AM", schools=2, has_bases=False)


def test_forged_duals_prove_less_than_they_add_up_to() -> None:
    instance, matrix = _draw_plain(5)
    best = find_least_objective(instance, matrix)
    assert not isinf(best)
    forged = prove_bound(instance, matrix, [2.0 * best] * 5)
    assert forged.theta < 1.0
    assert forged.value <= best + 1e-6


def test_negative_duals_count_as_nought_and_none_prove_nothing_but_constants() -> None:
    instance, matrix = _draw_plain(4)
    instance = replace(instance, riders=tuple(replace(r, is_solo=False) for r in instance.riders))
    assert _prove(instance, matrix, -5.0).value == _prove(instance, matrix, 0.0).value
    assert _prove(instance, matrix, 1.0).value == pytest.approx(4.0)


def test_a_solo_pupil_is_a_constant() -> None:
    instance, matrix = _draw_plain(4)
    free = replace(instance, riders=tuple(replace(r, is_solo=False) for r in instance.riders))
    solo = replace(free, riders=(replace(free.riders[0], is_solo=True), *free.riders[1:]))
    constant = _prove(solo, matrix, 0.0).value - _prove(free, matrix, 0.0).value
    assert 10.0 < constant <= find_least_objective(solo, matrix) + 1e-6


def test_the_table_of_what_may_follow_changes_no_answer() -> None:
    """Pruned by the table or grown without it: the same least reduced cost, run for run.

    So with a table that leaves out what the first has shown to lead nowhere, and whatever homes
    tables remember. Where growing ends early what it says is never above that.
    """
    rng = np.random.default_rng(3)
    negative = stopped = crowded = dropped = 0
    for number in range(12):
        instance, matrix = draw_instance(
            rng, 7, "PM" if number % 2 else "AM", schools=3, has_bases=number % 3 == 0
        )
        instance = replace(
            instance, riders=tuple(replace(r, dwell_s=r.dwell_s + 60) for r in instance.riders)
        )
        sketch = read_sketch(instance, matrix)
        for plain_mode in list_modes(sketch, list(range(7)), 10):
            mode = take_hints(sketch, plain_mode, _draw_hints(rng, plain_mode, 7 + 3))
            dual = round_up(rng.uniform(0.0, 40.0, size=len(mode.riders)))
            above = 120_000_000 * (number % 2)  # a vehicle's dual, and a pupil who pays for it
            dual[0] += above
            levels = Levels(mode.ground)
            standing = levels.number(number % len(levels.quarterings))
            assert standing is not None
            sets, ahead = standing.sets, build_ahead(mode.ground, dual, standing)
            assert ahead.is_filled
            crowded += not sets.is_fine
            plain = ahead._replace(is_filled=False)
            ground, left = narrow(mode.ground, dual, above, standing, ahead)
            dropped += int((ground.leg_s != mode.ground.leg_s).sum())
            finer = left if sets.is_fine else levels.number(len(levels.quarterings) - 1, left)
            assert finer is not None
            again = build_ahead(ground, dual, finer, 10)
            assert again.is_filled
            narrowed = grow_runs(ground, dual, above, finer.sets, again, 400_000)
            least = [
                grow_runs(mode.ground, dual, above, sets, table, 400_000)
                for table in (ahead, plain)
            ]
            assert all(found.is_whole for found in least)
            assert least[0].least == least[1].least == narrowed.least
            assert narrowed.is_whole
            assert least[0].labels <= least[1].labels
            negative += least[0].least < 0
            for most in (7, 20, 60):
                early = grow_runs(mode.ground, dual, above, sets, ahead, most)
                assert early.least <= least[0].least
                stopped += not early.is_whole and early.least > -FAR
    assert negative >= 20
    assert crowded >= 20
    assert dropped >= 500
    assert stopped >= 20, "what was not grown is bounded by the table"


def test_pupils_worth_over_a_thousand_pounds_are_proven_with_a_table() -> None:
    """Gains are so great that the table clamps some; where it could not hold them there is none."""
    rng = np.random.default_rng(11)
    negative = 0
    for number in range(8):
        instance, matrix = draw_instance(rng, 6, "AM", schools=2, has_bases=number % 2 == 0)
        for mode in list_modes(read_sketch(instance, matrix), list(range(6)), 10):
            standing = Levels(mode.ground).number(0)
            assert standing is not None
            dual = rng.integers(1_000_000, 139_000_000, len(mode.riders), dtype=np.int32)
            ahead = build_ahead(mode.ground, dual, standing)
            assert ahead.is_filled or ahead.width_s < 8
            tables = (ahead, ahead._replace(is_filled=False))
            with_table, plain = (
                grow_runs(mode.ground, dual, 0, standing.sets, table, 100_000) for table in tables
            )
            assert with_table.least == plain.least
            negative += plain.least < -FAR
            dual[0] = 141_000_000
            assert not build_ahead(mode.ground, dual, standing).is_filled
    assert negative >= 10


def test_a_large_reference_instance_has_tables_for_all_its_modes(shared: Path) -> None:
    path = shared / "reference" / "instances" / "walsall_500_s1.json"
    instance, matrix = read_instance(path)
    sketch = read_sketch(instance, matrix)
    riders = list(range(len(instance.riders)))
    for mode in [*list_modes(sketch, riders, 12), *list_joint(sketch, riders, 12)]:
        dual = np.full(len(mode.riders), 1_400_000, np.int32)
        standing = Levels(mode.ground).number(0)
        assert standing is not None
        assert build_ahead(mode.ground, dual, standing).is_filled


def _draw_hints(rng: np.random.Generator, mode: Mode, nodes: int) -> list[Remembered]:
    """Up to five riders for each node."""
    crew = (mode.shared, mode.own)
    return [
        Remembered(mode.vehicle_type, crew, node, tuple(riders[: rng.integers(6)]))
        for node in range(nodes)
        for riders in [rng.permutation(list(mode.riders)).tolist()]
    ]


def test_no_hint_makes_it_prove_too_much(tmp_path: Path) -> None:
    """Random hints, several for a node, of riders and nodes that are not there, of own homes."""
    rng = np.random.default_rng(47)
    seen = 0
    for number in range(10):
        instance, matrix = draw(rng, 5, "AM" if number % 2 else "PM", number)
        best = find_least_objective(instance, matrix)
        if isinf(best):
            continue
        seen += 1
        hints = tuple(
            Remembered(
                int(rng.integers(-1, len(instance.fleet) + 1)),
                (int(rng.integers(0, 2)), int(rng.integers(0, 3))),
                int(rng.integers(-1, 9)),
                tuple(int(x) for x in rng.integers(-1, 6, size=rng.integers(0, 12))),
            )
            for _ in range(200)
        )
        duals = tuple(float(x) for x in rng.uniform(0.0, 60.0, size=5))
        plan = tmp_path / f"plan{number}.json"
        plan.write_text('{"cost": 1.0, "lower_bound": 1.0}', encoding="utf-8")
        write_certificate(plan, instance, matrix, Bound(1.0, duals, 0.0, (), hints))
        bound, _, _ = read_certificate(plan, instance, matrix)
        assert bound.memory == hints
        proof = prove_bound(instance, matrix, duals, (), bound.memory)
        assert 0.0 < proof.value <= best + 1e-6
    assert seen >= 5


def test_progress_is_told_until_all_modes_are_through() -> None:
    instance, matrix = _draw_plain(4)
    told: list[tuple[int, int, float]] = []
    proof = prove_bound(
        instance,
        matrix,
        [1.0] * 4,
        on_progress=lambda done, of, share: told.append((done, of, share)),
    )
    assert [done for done, _, _ in told] == sorted({done for done, _, _ in told})
    assert len(told) > 1, "not only at the end"
    assert told[-1] == (len(proof.modes), len(proof.modes), proof.theta)


@pytest.mark.parametrize(
    ("duals", "kinds", "words"),
    [
        ([1.0, 2.0], [], "belongs to another"),
        ([1.0] * 4, [0.0], "belongs to another"),
        ([float("nan")] * 4, [], "not numbers"),
        ([1.0] * 4, [0.0, float("inf"), 0.0], "not numbers"),
    ],
)
def test_a_certificate_that_does_not_fit_is_refused(
    duals: list[float], kinds: list[float], words: str
) -> None:
    instance, matrix = _draw_plain(4)
    with pytest.raises(CertificateError, match=words):
        prove_bound(instance, matrix, duals, kinds)


def list_standing(standing: Standing) -> set[tuple[int, frozenset[int]]]:
    """Every node with each set that can stand there, as the schools whose quarters it has."""
    return {
        (int(i), frozenset(np.flatnonzero(standing.sets.has[g]).tolist()))
        for g, i in zip(*np.nonzero(standing.at), strict=True)
    }


def test_smaller_quarters_have_all_sets_of_what_was_kept_over_larger_ones_and_no_other() -> None:
    """Whatever is kept: single sets whose parts are not, all, or nothing."""
    rng = np.random.default_rng(43)
    seen = 0
    for number in range(12):
        instance, matrix = draw_instance(rng, 9, "PM", schools=4, is_metric=number % 3 > 0)
        modes = list_modes(read_sketch(instance, matrix), list(range(9)), 4)
        levels = Levels(max(modes, key=lambda mode: len(mode.riders)).ground)
        last = len(levels.quarterings) - 1
        whole = levels.number(last)
        assert whole is not None
        for level in range(last):
            large = levels.number(level)
            assert large is not None
            at = large.at & (rng.random(large.at.shape) < (0.0, 0.3, 1.0)[number % 3])
            fine = levels.number(last, Standing(large.sets, at))
            assert fine is not None
            quarter = large.sets.quarter
            held = list_standing(Standing(large.sets, at))
            wanted = {
                (i, schools)
                for i, schools in list_standing(whole)
                if not schools
                or (i, frozenset(np.flatnonzero(np.isin(quarter, quarter[list(schools)])).tolist()))
                in held
            }
            assert list_standing(fine) == wanted, f"instance {number}, {quarter}"
            assert number % 3 < 2 or wanted == list_standing(whole)
            seen += len(wanted)
    assert seen >= 100
