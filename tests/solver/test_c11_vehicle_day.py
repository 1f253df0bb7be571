"""C11 vehicle day: turnaround, hours at the wheel, counts; runs joined to routes at least cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from solver.blocks import JoiningError
from solver.domain import Block, Instance, Plan, Route, Session, SessionPlan, TravelMatrix
from tests.solver.builders import (
    MONDAY,
    build_call,
    build_line,
    build_rider,
    build_type,
    clock,
    plan_by_hand,
)
from tests.solver.days import Day, build_card, build_rates

Planned = tuple[Instance, TravelMatrix, SessionPlan]


def _build_session(session: Session, opens: list[str], **type_changes: Any) -> Planned:
    """One pupil and one school a run: home 5 steps from school, window of a minute at `opens`.

    AM: home, 120 s, 300 s of drive, school 60 s: from 7 minutes before the window to 1 after.
    PM: school 60 s from the window on, 300 s, home 120 s: 8 minutes in all.
    """
    schools = [
        build_call(
            10 * i,
            session,
            urn=f"S{i}",
            window_from_s=clock(text),
            window_to_s=clock(text) + 60,
        )
        for i, text in enumerate(opens)
    ]
    riders = [build_rider(10 * i + 5, i, reference=f"P{i}") for i in range(len(opens))]
    stops = 10 * len(opens) + 10
    instance, matrix = build_line(
        riders, schools, [build_type(**type_changes)], session=session, stops=stops
    )
    runs: list[list[str | int]] = [
        [i, f"S{i}"] if session == "AM" else [f"S{i}", i] for i in range(len(opens))
    ]
    return instance, matrix, plan_by_hand(instance, matrix, runs)


def _shape(day: Day, routes: tuple[Route, ...]) -> list[tuple[list[int], list[int]]]:
    """Routes as school numbers of their AM and PM runs."""

    def schools(session: Session, block: Block | None) -> list[int]:
        runs = day.plans[session].runs
        return (
            [day.instances[session].riders[runs[n].riders[0]].school for n in block.runs]
            if block
            else []
        )

    return sorted((schools("AM", r.am), schools("PM", r.pm)) for r in routes)


def test_an_am_and_a_pm_run_become_one_route() -> None:
    day = Day(_build_session("AM", ["08:30"]), _build_session("PM", ["15:15"]))
    plan = day.join()
    assert _shape(day, plan.routes) == [([0], [0])]
    assert day.check(plan) == ()


# Run 0 ends at 08:31 at stop 0, run 1 begins at stop 15, 15 steps away, 7 minutes before its
# window: 08:31 + 15 min + turnaround 10 min = 08:56, so the window must be 09:03 or later.
@pytest.mark.parametrize(("opens", "routes"), [("09:03", 1), ("09:02", 2)])
def test_turnaround_and_the_drive_between(opens: str, routes: int) -> None:
    day = Day(
        _build_session("AM", ["08:30", opens]),
        _build_session("PM", []),
        build_card(build_rates(half_day_charge=40)),
    )
    plan = day.join()
    assert len(plan.routes) == routes
    assert day.check(plan) == ()
    joined = day.build_plan([Route("R1", 0, Block("AM", (0, 1)), None)])
    assert [v.rule for v in day.check(joined)] == ["C11"] * (5 if routes == 2 else 0)


def test_driving_between_runs_counts_to_the_hours_at_the_wheel() -> None:
    """Two runs of 300 s and a link of 15 steps, 900 s: 1,500 s at the wheel in all."""
    sessions = _build_session("AM", ["08:30", "09:10"]), _build_session("PM", [])
    card = build_card(build_rates(half_day_charge=40))
    assert len(Day(*sessions, card, max_driving_s=1500).join().routes) == 1
    strict = Day(*sessions, card, max_driving_s=1499)
    apart = strict.join()
    assert len(apart.routes) == 2
    assert strict.check(apart) == ()
    joined = strict.build_plan([Route("R1", 0, Block("AM", (0, 1)), None)])
    assert [v.rule for v in strict.check(joined)] == ["C11"] * 5


def test_hours_at_the_wheel_of_a_long_chain() -> None:
    """Four runs (1,200 s) with links of 900 s within each session: 3,000 s, 50 minutes."""
    sessions = _build_session("AM", ["08:30", "09:10"]), _build_session("PM", ["15:00", "15:40"])
    card = build_card(build_rates(half_day_charge=40, day_charge=70))
    # PM run 0 ends at stop 5 and run 1 begins at stop 10: a link of 300 s only
    whole = 4 * 300 + 900 + 300
    assert len(Day(*sessions, card, max_driving_s=whole).join().routes) == 1
    day = Day(*sessions, card, max_driving_s=whole - 1)
    plan = day.join()
    assert len(plan.routes) == 2
    assert day.check(plan) == ()


def test_a_dear_link_is_not_made() -> None:
    """The leg costs 15 km at GBP 1 and 39 - 7 - 1 = 31 min of gap at 0.60; a half day is 13."""
    day = Day(_build_session("AM", ["08:30", "09:10"]), _build_session("PM", []))
    assert len(day.join().routes) == 2


def test_equal_cost_takes_the_same_pupils() -> None:
    day = Day(_build_session("AM", ["08:30"] * 3), _build_session("PM", ["15:15"] * 3))
    assert _shape(day, day.join().routes) == [([0], [0]), ([1], [1]), ([2], [2])]


def test_runs_of_the_same_days_are_joined_first() -> None:
    """A Monday-only PM run saves a fifth of what an every-day run saves beside the AM run."""
    am = _build_session("AM", ["08:30"])
    instance, matrix, _ = _build_session("PM", ["15:15", "15:15"])
    riders = (replace(instance.riders[0], weekdays=MONDAY), instance.riders[1])
    instance = replace(instance, riders=riders)
    pm = instance, matrix, plan_by_hand(instance, matrix, [["S0", 0], ["S1", 1]])
    day = Day(am, pm)
    # pupil 0 is on the AM run too, yet the every-day PM run of pupil 1 is the cheaper partner
    assert _shape(day, day.join().routes) == [([], [0]), ([0], [1])]


def test_too_few_vehicles_are_named() -> None:
    am = _build_session("AM", ["08:30"] * 3, count=3)
    day = Day(am, _build_session("PM", ["15:15"] * 3, count=3))
    assert len(day.join().routes) == 3
    short = replace(day.instances["AM"], fleet=(build_type(count=2),))
    with pytest.raises(JoiningError, match="CAR"):
        Day((short, *am[1:]), _build_session("PM", ["15:15"] * 3, count=3)).join()


def test_a_limited_fleet_takes_dear_links() -> None:
    """One car: the two AM runs are joined although two half days would be cheaper."""
    am = _build_session("AM", ["08:30", "09:10"])
    short = replace(am[0], fleet=(build_type(count=1),))
    day = Day((short, *am[1:]), _build_session("PM", [], count=1))
    assert len(day.join().routes) == 1


def test_vehicles_over_the_count_are_found() -> None:
    day = Day(_build_session("AM", ["08:30"] * 2), _build_session("PM", ["15:15"] * 2))
    plan = day.join()
    short = replace(plan.am_instance, fleet=(build_type(count=1),))
    found = day.check(replace(plan, am_instance=short))
    assert {v.rule for v in found} == {"C11"}


def test_a_run_in_two_routes_and_in_none_are_found() -> None:
    day = Day(_build_session("AM", ["08:30"] * 2), _build_session("PM", ["15:15"]))
    plan = day.join()
    twice = replace(plan.routes[0], reference="R9", pm=None)
    assert {v.rule for v in day.check(replace(plan, routes=(*plan.routes, twice)))} == {"C11"}
    assert {v.rule for v in day.check(replace(plan, routes=plan.routes[:1]))} == {"C11"}


def test_a_route_of_another_type_is_found() -> None:
    day = Day(_build_session("AM", ["08:30"]), _build_session("PM", ["15:15"]))
    plan = day.join()
    fleet = (build_type(), build_type("VAN"))
    am, pm = (replace(day.instances[s], fleet=fleet) for s in ("AM", "PM"))
    wrong = replace(
        plan, am_instance=am, pm_instance=pm, routes=(replace(plan.routes[0], vehicle_type=1),)
    )
    assert {v.rule for v in day.check(wrong)} == {"C11"}


# --- every joining of small days ------------------------------------------------------------------


def _list_chains(nodes: list[tuple[Session, int]]) -> Iterator[list[list[tuple[Session, int]]]]:
    """Every way to cut runs into ordered chains, AM before PM."""
    if not nodes:
        yield []
        return
    first, rest = nodes[0], nodes[1:]
    for chains in _list_chains(rest):
        yield [[first], *chains]
        for i, chain in enumerate(chains):
            for place in range(len(chain) + 1):
                longer = [*chain[:place], first, *chain[place:]]
                if [s for s, _ in longer] == sorted(s for s, _ in longer):
                    yield [*chains[:i], longer, *chains[i + 1 :]]


def _to_routes(chains: list[list[tuple[Session, int]]]) -> list[Route]:
    routes = []
    for i, chain in enumerate(chains):
        am = tuple(n for s, n in chain if s == "AM")
        pm = tuple(n for s, n in chain if s == "PM")
        routes.append(
            Route(f"R{i}", 0, Block("AM", am) if am else None, Block("PM", pm) if pm else None)
        )
    return routes


def _has_blocks_of_like_days(plan: Plan) -> bool:
    """Runs of one block travel on the same weekdays: narrower than the rules, and said so."""
    blocks = [(s, b) for r in plan.routes for s, b in (("AM", r.am), ("PM", r.pm)) if b]
    return all(
        len({tuple(d.weekday for d in plan.get_session(s)[1].runs[n].days) for n in b.runs}) == 1
        for s, b in blocks
    )


def test_no_joining_is_cheaper() -> None:
    rng = np.random.default_rng(3)
    joined = is_least = 0
    for number in range(12):
        crew = str(rng.choice(["none", "shared"]))
        base = int(rng.integers(0, 30)) if number % 2 else None
        sessions = []
        for session, hour in (("AM", 8), ("PM", 15)):
            minutes = sorted(int(m) for m in rng.integers(0, 100, size=int(rng.integers(1, 4))))
            opens = [f"{hour + m // 60:02d}:{m % 60:02d}" for m in minutes]
            instance, matrix, _ = _build_session(session, opens, base=base)
            days = [31 if rng.random() < 0.7 else int(rng.integers(1, 32)) for _ in opens]
            riders = tuple(
                replace(r, assistant=crew, weekdays=d)
                for r, d in zip(instance.riders, days, strict=True)
            )
            instance = replace(instance, riders=riders)
            order = [[i, f"S{i}"] if session == "AM" else [f"S{i}", i] for i in range(len(opens))]
            sessions.append((instance, matrix, plan_by_hand(instance, matrix, order)))
        card = build_card(
            build_rates(
                half_day_charge=int(rng.integers(10, 60)), day_charge=int(rng.integers(20, 60))
            )
        )
        day = Day(sessions[0], sessions[1], card, max_driving_s=int(rng.integers(600, 4000)))
        plan = day.join()
        assert day.check(plan) == ()
        nodes: list[tuple[Session, int]] = [
            (s, n) for s in ("AM", "PM") for n in range(len(day.plans[s].runs))
        ]
        valid = [
            (day.price_week(candidate), _has_blocks_of_like_days(candidate))
            for candidate in (day.build_plan(_to_routes(c)) for c in _list_chains(nodes))
            if not day.check(candidate)
        ]
        price = day.price_week(plan)
        assert price <= min(cost for cost, is_like in valid if is_like) + 0.01
        assert price >= min(cost for cost, _ in valid) - 0.01
        is_least += price <= min(cost for cost, _ in valid) + 0.01
        joined += len(plan.routes) < len(nodes)
    assert joined >= 6
    assert is_least >= 11  # pairing weekdays first is not always the least of all joinings


def test_a_school_that_closes_early_on_fridays_needs_no_second_vehicle() -> None:
    # Monday to Thursday the school finishes at 15:15, on Fridays at 13:15: two runs for two records
    # of one pupil, on one vehicle in one route, and no half day is paid on any date.
    instance, matrix, _ = _build_session("PM", ["13:15", "15:15"])
    riders = tuple(
        replace(rider, reference="P0", weekdays=days)
        for rider, days in zip(instance.riders, (0b10000, 0b01111), strict=True)
    )
    pm = replace(instance, riders=riders)
    day = Day(
        _build_session("AM", ["08:30"]),
        (pm, matrix, plan_by_hand(pm, matrix, [["S0", 0], ["S1", 1]])),
    )
    plan = day.join()
    assert day.check(plan) == ()
    assert [route.list_runs("PM") for route in plan.routes] == [(0, 1)]


def test_the_vehicle_of_monday_to_thursday_makes_several_runs_on_fridays() -> None:
    # On Fridays three schools finish one after the other; from Monday to Thursday only the fourth.
    instance, matrix, _ = _build_session("PM", ["12:30", "13:15", "14:00", "15:15"])
    riders = tuple(
        replace(rider, weekdays=days)
        for rider, days in zip(instance.riders, (0b10000,) * 3 + (0b01111,), strict=True)
    )
    pm = replace(instance, riders=riders)
    day = Day(
        _build_session("AM", ["08:30"]),
        (pm, matrix, plan_by_hand(pm, matrix, [[f"S{i}", i] for i in range(4)])),
        build_card(build_rates(half_day_charge=40, day_charge=60)),
    )
    plan = day.join()
    assert day.check(plan) == ()
    assert [route.list_runs("PM") for route in plan.routes] == [(0, 1, 2, 3)]
