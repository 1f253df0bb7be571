"""Both sessions joined to routes: C11 and C16."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import pairwise

from solver.checker.session import check_session_plan
from solver.domain import (
    SESSIONS,
    Plan,
    Policy,
    Route,
    Session,
    TravelMatrix,
    Violation,
)


def check_plan(
    plan: Plan, matrices: Mapping[Session, TravelMatrix], policy: Policy
) -> tuple[Violation, ...]:
    """Check both sessions and the joining of runs to routes (C11, C16)."""
    found: list[Violation] = []
    for session in SESSIONS:
        instance, session_plan = plan.get_session(session)
        found += check_session_plan(
            instance, matrices[session], session_plan, is_as_is=plan.is_as_is
        )
    if found and not plan.is_as_is:
        return tuple(found)
    found += _check_routes(plan, matrices, policy)
    return tuple(found)


def _check_routes(
    plan: Plan, matrices: Mapping[Session, TravelMatrix], policy: Policy
) -> Iterator[Violation]:
    """C11, C16: each run in one route, one type a route, time between runs, driving, counts."""
    for session in SESSIONS:
        _, session_plan = plan.get_session(session)
        used = Counter(number for route in plan.routes for number in route.list_runs(session))
        for number in range(len(session_plan.runs)):
            if used[number] != 1:
                text = f"the run is in {used[number]} routes"
                yield Violation("C11", session, number, text)
    for route in plan.routes:
        yield from _check_route_day(plan, matrices, policy, route)
    if plan.is_as_is:
        return
    vehicles = Counter(route.vehicle_type for route in plan.routes)
    for kind, count in vehicles.items():
        most = plan.am_instance.fleet[kind].count
        if most is not None and count > most:
            code = plan.am_instance.fleet[kind].code
            yield Violation("C11", "day", None, f"{count} routes by {code}, there are {most}")


def _check_route_day(
    plan: Plan, matrices: Mapping[Session, TravelMatrix], policy: Policy, route: Route
) -> Iterator[Violation]:
    for weekday in range(5):
        driving = 0
        before: tuple[Session, int, int] | None = None
        for session in SESSIONS:
            _, session_plan = plan.get_session(session)
            matrix = matrices[session]
            for number in route.list_runs(session):
                run = session_plan.runs[number]
                if run.vehicle_type != route.vehicle_type:
                    yield Violation("C11", session, number, "a run of another vehicle type")
                day = next((d for d in run.days if d.weekday == weekday), None)
                if day is None:
                    continue
                made = [i for i, t in enumerate(day.depart_s) if t >= 0]
                stops = [run.visits[i].stop for i in made]
                driving += sum(int(matrix.time_s[a, b]) for a, b in pairwise(stops))
                if before is not None:
                    last_session, last_stop, last_end = before
                    drive = int(matrix.time_s[last_stop, stops[0]])
                    gap = day.start_s[made[0]] - last_end
                    if last_session == session:
                        driving += drive
                    needed = policy.turnaround_s + (drive if last_session == session else 0)
                    if gap < needed and not plan.is_as_is:
                        yield Violation(
                            "C11",
                            session,
                            number,
                            f"{gap} s after the vehicle's last run, {needed} s are needed",
                        )
                before = (session, stops[-1], day.depart_s[made[-1]])
        if driving > policy.max_driving_s:
            yield Violation(
                "C11",
                "day",
                None,
                f"route {route.reference}: {driving / 3600:.1f} hours at the wheel",
            )
