"""Small instances on a line, so that the arithmetic of a test can be done by hand.

Stops are whole numbers on a line. One step takes 60 seconds and is 1,000 metres long, both ways.
The defaults: seats only, cars of four seats, GBP 10 a run, GBP 1 a kilometre, GBP 36 a driver hour
(a penny a second), GBP 18 an assistant's hour (half a penny a second) and GBP 5 for each
assistant; AM window 08:30 to 08:45 at school, PM loading 15:15 to 15:30.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from solver.arrays import build_arrays
from solver.checker import check_session_plan
from solver.domain import (
    EVERY_WEEKDAY,
    FleetType,
    Instance,
    Layout,
    Point,
    Rider,
    Rules,
    Run,
    SchoolCall,
    Session,
    SessionPlan,
    TravelMatrix,
)
from solver.hopeless import find_hopeless, price_alone
from solver.insertion import list_groups
from solver.kernel import find_layout
from solver.sequences import build_session_plan
from solver.session import SearchLimits, solve_session

STEP_S = 60
STEP_M = 1000
MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = (1 << day for day in range(5))


def clock(text: str) -> int:
    """Return seconds since midnight of `hh:mm` or `hh:mm:ss`."""
    parts = [int(part) for part in text.split(":")]
    return sum(part * unit for part, unit in zip(parts, (3600, 60, 1), strict=False))


def build_rider(stop: int, school: int = 0, **changes: Any) -> Rider:
    """Build a pupil on a seat without further needs."""
    base: dict[str, Any] = {
        "reference": f"P{stop}-{school}",
        "stop": stop,
        "school": school,
        "weekdays": EVERY_WEEKDAY,
        "seats": 1,
        "bays": 0,
        "folded_chairs": 0,
        "assistant": "none",
        "dwell_s": 120,
        "direct_s": 0,
        "ride_cap_s": 3600,
        "ride_target_s": 3600,
    }
    return Rider(**(base | changes))


def build_wheelchair(stop: int, school: int = 0, **changes: Any) -> Rider:
    """Build a pupil who stays in a wheelchair: a bay, no seat, a lift, ten minutes to board."""
    chair = {"seats": 0, "bays": 1, "needs_lift": True, "dwell_s": 600}
    return build_rider(stop, school, **(chair | changes))


def build_call(stop: int, session: Session = "AM", **changes: Any) -> SchoolCall:
    """Build a school call with the default window of the session."""
    window = ("08:30", "08:45") if session == "AM" else ("15:15", "15:30")
    base: dict[str, Any] = {
        "urn": f"S{stop}",
        "name": f"School {stop}",
        "stop": stop,
        "window_from_s": clock(window[0]),
        "window_to_s": clock(window[1]),
        "dwell_s": 60,
        "wheelchair_extra_s": 240,
    }
    return SchoolCall(**(base | changes))


def build_type(code: str = "CAR", **changes: Any) -> FleetType:
    """Build a car of four seats."""
    base: dict[str, Any] = {
        "code": code,
        "layouts": (Layout(4),),
        "has_lift": False,
        "tags": (),
        "count": None,
        "base": None,
        "session_charge": 10.0,
        "per_live_m": 0.001,
        "per_dead_m": 0.001,
        "per_driver_s": 0.01,
    }
    return FleetType(**(base | changes))


def build_lift_bus(code: str = "BUS", **changes: Any) -> FleetType:
    """Build a minibus with a lift: eight seats and a bay, or four seats and two bays; GBP 30."""
    bus = {"layouts": (Layout(8, 1, 2), Layout(4, 2, 2)), "has_lift": True, "session_charge": 30.0}
    return build_type(code, **(bus | changes))


def build_rules(**changes: Any) -> Rules:
    """Build rules: pick-ups from 07:00, home by 17:30, 30 s a further pupil at a door."""
    base: dict[str, Any] = {
        "earliest_s": clock("07:00"),
        "latest_s": clock("17:30"),
        "shared_door_extra_s": 30,
        "shared_pupils_per_assistant": None,
        "max_schools_per_run": 3,
        "ride_excess_gbp_per_min": 0.0,
    }
    return Rules(**(base | changes))


def build_line(
    riders: Sequence[Rider],
    schools: Sequence[SchoolCall] | Sequence[int],
    fleet: Sequence[FleetType] = (),
    *,
    session: Session = "AM",
    rules: Rules | None = None,
    stops: int = 0,
    pa_per_s: float = 0.005,
    pa_fixed: float = 5.0,
) -> tuple[Instance, TravelMatrix]:
    """Build an instance on the line with its matrix; schools may be given by stop alone."""
    calls = tuple(
        build_call(school, session) if isinstance(school, int) else school for school in schools
    )
    bases = [kind.base for kind in fleet if kind.base is not None]
    furthest = max([stops, *(r.stop for r in riders), *(c.stop for c in calls), *bases])
    instance = Instance(
        name="line",
        session=session,
        stops=tuple(Point(52.5, -2.0 + stop / 100) for stop in range(furthest + 1)),
        riders=tuple(riders),
        schools=calls,
        fleet=tuple(fleet) or (build_type(),),
        rules=rules or build_rules(),
        pa_per_s=pa_per_s,
        pa_fixed=pa_fixed,
    )
    return instance, build_line_matrix(furthest + 1)


def build_line_matrix(stops: int) -> TravelMatrix:
    """Build the matrix of `stops` stops on the line."""
    places = np.arange(stops)
    steps = np.abs(places[:, None] - places[None, :])
    return TravelMatrix((steps * STEP_S).astype(np.int32), (steps * STEP_M).astype(np.int32))


def plan_by_hand(
    instance: Instance,
    matrix: TravelMatrix,
    runs: Sequence[Sequence[str | int]],
    kinds: Sequence[int] | None = None,
) -> SessionPlan:
    """Build the timed, priced plan of runs written in order of travel: rider numbers, `"S0"`.

    An AM run ends with a school, a PM run begins with one. Riders on no run are unassigned, where
    they are hopeless with the reasons found.
    """
    total = len(instance.riders)
    sequences = []
    for run in runs:
        nodes = [total + int(x[1:]) if isinstance(x, str) else x for x in run]
        sequences.append(np.array(nodes if instance.session == "AM" else nodes[::-1]))
    carried = {int(node) for sequence in sequences for node in sequence}
    missing = [r for r in range(total) if r not in carried]
    hopeless = find_hopeless(instance, matrix, list_groups(instance, range(total)))
    return build_session_plan(
        instance,
        matrix,
        build_arrays(instance, matrix),
        sequences,
        kinds or [0] * len(runs),
        tuple(price_alone(instance, matrix, r, hopeless.get(r, ())) for r in missing),
    )


def find_layout_of(instance: Instance, matrix: TravelMatrix, riders: list[int], kind: int) -> int:
    """Return the layout that carries riders, all of one school and aboard at once, or -1."""
    call = len(instance.riders) + instance.riders[riders[0]].school
    return int(find_layout(np.array([*riders, call]), kind, build_arrays(instance, matrix)))


def solve(
    instance: Instance, matrix: TravelMatrix, *, iterations: int = 150, seed: int = 1
) -> SessionPlan:
    """Plan a session with a limit of iterations."""
    return solve_session(instance, matrix, SearchLimits(iterations=iterations, seed=seed))


def change_run(plan: SessionPlan, number: int, **changes: Any) -> SessionPlan:
    """Return the plan with fields of one run replaced."""
    runs = list(plan.runs)
    runs[number] = replace(runs[number], **changes)
    return replace(plan, runs=tuple(runs))


def change_days(run: Run, **changes: Any) -> Run:
    """Return the run with fields of every weekday's timetable replaced."""
    return replace(run, days=tuple(replace(day, **changes) for day in run.days))


def list_partition(plan: SessionPlan) -> list[list[int]]:
    """List the riders of each run, sorted."""
    return sorted(sorted(run.riders) for run in plan.runs)


def list_broken(instance: Instance, matrix: TravelMatrix, plan: SessionPlan) -> set[str]:
    """List the labels of the rules that the checker finds broken."""
    return {violation.rule for violation in check_session_plan(instance, matrix, plan)}


def write_line(pupils: int = 2) -> dict[str, Any]:
    """A reference instance: homes at 5 and 10 on the line, the school at 0."""
    return {
        "name": "made up",
        "points": [[52.5, -2.0 + stop / 100] for stop in range(11)],
        "time": "time.npy",
        "dist": "dist.npy",
        "pupils": [
            {
                "id": f"P{i}",
                "point": 5 * (i + 1),
                "school": "S",
                "wheelchair": 0,
                "pa": "none",
                "solo": False,
                "board_s": 60,
                "max_ride_s": 3600,
                "needs_lift": False,
                "incompatible": [],
            }
            for i in range(pupils)
        ],
        "schools": [
            {"id": "S", "point": 0, "arrive_from": 30_000, "arrive_to": 31_000, "unload_s": 60}
        ],
        "vehicle_types": [
            {
                "id": "car",
                "layouts": [[4, 0]],
                "lift": False,
                "fixed": 10.0,
                "per_km": 1.0,
                "per_hour": 36.0,
                "count": None,
                "depot": None,
            }
        ],
        "pa_per_hour": 12.0,
        "pa_fixed": 5.0,
    }


def write_instance(folder: Path, raw: Any, time_s: Any = None, dist_m: Any = None) -> Path:
    """Write a reference instance, or what is to pass for one, with its matrix of the line."""
    matrix = build_line_matrix(11)
    np.save(folder / "time.npy", matrix.time_s if time_s is None else time_s)
    np.save(folder / "dist.npy", matrix.dist_m if dist_m is None else dist_m)
    path = folder / "instance.json"
    path.write_text(raw if isinstance(raw, str) else json.dumps(raw))
    return path
