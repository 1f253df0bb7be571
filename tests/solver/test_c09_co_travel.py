"""C9 co-travel: pairs kept apart, siblings together, solo pupils alone, mixing barred."""

from __future__ import annotations

import pytest

from solver.domain import Rider, Session
from tests.solver.builders import (
    build_line,
    build_rider,
    list_broken,
    list_partition,
    plan_by_hand,
    solve,
)

BOTH = pytest.mark.parametrize("session", ["AM", "PM"])


def _two(**changes: object) -> list[Rider]:
    return [build_rider(10, **changes), build_rider(10, reference="other")]


def _together(session: Session) -> list[str | int]:
    return [0, 1, "S0"] if session == "AM" else ["S0", 0, 1]


@BOTH
@pytest.mark.parametrize("change", [{"must_not_share": (1,)}, {"is_solo": True}])
def test_company_that_is_barred(session: Session, change: dict[str, object]) -> None:
    loose, matrix = build_line(_two(), [0], session=session)
    strict, _ = build_line(_two(**change), [0], session=session)
    together = plan_by_hand(loose, matrix, [_together(session)])
    assert list_broken(loose, matrix, together) == set()
    assert list_broken(strict, matrix, together) == {"C9"}
    assert list_partition(solve(loose, matrix)) == [[0, 1]]
    mended = solve(strict, matrix)
    assert list_broken(strict, matrix, mended) == set()
    assert list_partition(mended) == [[0], [1]]


@BOTH
def test_a_pair_is_kept_apart_whichever_record_says_so(session: Session) -> None:
    riders = [build_rider(10), build_rider(10, reference="other", must_not_share=(0,))]
    instance, matrix = build_line(riders, [0], session=session)
    assert list_partition(solve(instance, matrix)) == [[0], [1]]


@BOTH
@pytest.mark.parametrize("one_says_so", [0, 1])
def test_siblings_stay_together(session: Session, one_says_so: int) -> None:
    """Each alone would ride with a neighbour: cars of four, two doors far apart."""
    riders = [build_rider(10, reference=f"N{i}") for i in range(3)]
    riders += [build_rider(60, reference=f"F{i}", ride_cap_s=7200) for i in range(3)]
    first = build_rider(10, reference="near", must_share=(7,) if one_says_so == 0 else ())
    second = build_rider(
        60, reference="far", ride_cap_s=7200, must_share=(6,) if one_says_so == 1 else ()
    )
    loose = [
        *riders,
        build_rider(10, reference="near"),
        build_rider(60, reference="far", ride_cap_s=7200),
    ]
    free, matrix = build_line(loose, [0], session=session)
    apart = solve(free, matrix)
    assert list_partition(apart) == [[0, 1, 2, 6], [3, 4, 5, 7]]
    strict, _ = build_line([*riders, first, second], [0], session=session)
    assert list_broken(strict, matrix, apart) == {"C9"}
    mended = solve(strict, matrix)
    assert list_broken(strict, matrix, mended) == set()
    assert any({6, 7} <= set(run.riders) for run in mended.runs)


@BOTH
def test_siblings_of_two_schools_are_not_bound(session: Session) -> None:
    riders = [build_rider(10, 0, must_share=(1,)), build_rider(60, 1, reference="other")]
    instance, matrix = build_line(riders, [0, 70], session=session)
    plan = solve(instance, matrix)
    assert list_broken(instance, matrix, plan) == set()
    assert list_partition(plan) == [[0], [1]]


@BOTH
def test_a_sibling_whom_nothing_carries_does_not_keep_the_other_at_home(session: Session) -> None:
    riders = [build_rider(10, must_share=(1,)), build_rider(10, reference="b", tags=("oxygen",))]
    instance, matrix = build_line(riders, [0], session=session)
    plan = solve(instance, matrix)
    assert list_broken(instance, matrix, plan) == set()
    assert list_partition(plan) == [[0]]
    assert [item.rider for item in plan.unassigned] == [1]


@BOTH
def test_mixed_schools_may_be_barred(session: Session) -> None:
    def people(*, bars: bool) -> list[Rider]:
        return [build_rider(10, 0), build_rider(10, 1, reference="b", bars_mixed_schools=bars)]

    order: list[str | int] = [0, 1, "S1", "S0"] if session == "AM" else ["S0", "S1", 1, 0]
    loose, matrix = build_line(people(bars=False), [0, 1], session=session)
    strict, _ = build_line(people(bars=True), [0, 1], session=session)
    mixed = plan_by_hand(loose, matrix, [order])
    assert list_broken(loose, matrix, mixed) == set()
    assert list_broken(strict, matrix, mixed) == {"C9"}
    assert list_partition(solve(loose, matrix)) == [[0, 1]]
    assert list_partition(solve(strict, matrix)) == [[0], [1]]
