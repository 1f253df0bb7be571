"""Random small instances with everything in them, and random runs on them.

Most runs drawn here keep the rules: caps and windows are built around the run or left wide, so that
a test says something about plans and not only about refusals; each test asserts the share.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.random import Generator

from solver.arrays import IntArray
from solver.domain import (
    EVERY_WEEKDAY,
    FleetType,
    Instance,
    Layout,
    Point,
    Rider,
    Rules,
    SchoolCall,
    Session,
    TravelMatrix,
)
from solver.schedule import dwell_of
from solver.sequences import to_visits
from tests.solver.builders import build_call, build_rider, build_rules, build_wheelchair


def draw_matrix(rng: Generator, stops: int, *, is_metric: bool = True) -> TravelMatrix:
    """Draw a one-way matrix; metric: no detour is quicker than the way itself (metres may be)."""
    place = rng.integers(0, 3000, size=(stops, 2))
    apart = np.abs(place[:, None] - place[None]).sum(axis=2) / 4.0
    time_s = np.ceil(apart * rng.uniform(0.8, 1.4, size=apart.shape)).astype(np.int64)
    np.fill_diagonal(time_s, 0)
    if is_metric:
        for via in range(stops):
            time_s = np.minimum(time_s, time_s[:, via, None] + time_s[None, via, :])
    dist_m = np.rint(time_s * rng.uniform(6.0, 16.0, size=apart.shape))
    return TravelMatrix(time_s.astype(np.int32), dist_m.astype(np.int32))


def draw_fleet(rng: Generator, bases: list[int], *, is_limited: bool) -> tuple[FleetType, ...]:
    """Draw a car, an accessible car and a bus of two layouts; rates, bases and counts vary."""

    def draw(code: str, layouts: tuple[Layout, ...], charge: float, most: int) -> FleetType:
        return FleetType(
            code=code,
            layouts=layouts,
            has_lift=code != "CAR",
            tags=("harness", "oxygen") if code == "BUS" else ("harness",),
            count=int(rng.integers(1, most + 1)) if is_limited else None,
            base=int(rng.choice(bases)) if bases and rng.random() < 0.7 else None,
            session_charge=charge * rng.uniform(0.5, 1.5),
            per_live_m=rng.uniform(0.0, 0.002),
            per_dead_m=rng.uniform(0.0, 0.002),
            per_driver_s=rng.uniform(0.002, 0.008),
        )

    return (
        draw("CAR", (Layout(4),), 12.0, 3),
        draw("WAV", (Layout(4, 1, 1), Layout(2, 2, 1)), 20.0, 3),
        draw("BUS", (Layout(8, 1, 2), Layout(4, 3, 2)), 30.0, 3),
    )


def draw_rider(rng: Generator, stop: int, school: int, *, is_part_week: bool) -> Rider:
    """Draw a pupil: one in five in a wheelchair, two in five with an assistant, few with tags."""
    build = build_wheelchair if rng.random() < 0.2 else build_rider
    assistant = str(rng.choice(["none", "none", "none", "shared", "dedicated"]))
    rider = build(stop, school, assistant=assistant)
    if rider.bays == 0 and rng.random() < 0.1:
        rider = replace(rider, folded_chairs=1, dwell_s=300)
    if rng.random() < 0.15:
        rider = replace(rider, tags=(str(rng.choice(["harness", "oxygen"])),))
    if rng.random() < 0.1:
        rider = replace(rider, dwell_s=int(rng.integers(0, 60)))
    days = int(rng.integers(1, 32)) if is_part_week and rng.random() < 0.4 else EVERY_WEEKDAY
    return replace(rider, weekdays=days, bars_mixed_schools=bool(rng.random() < 0.05))


def draw_instance(
    rng: Generator,
    riders: int,
    session: Session,
    *,
    schools: int = 2,
    is_metric: bool = True,
    is_limited: bool = False,
    is_part_week: bool = False,
    has_bases: bool = True,
    rules: Rules | None = None,
) -> tuple[Instance, TravelMatrix]:
    """Draw an instance; homes are fewer than pupils, so that some share a door."""
    homes = max(1, int(riders * 0.8))
    stops = homes + schools + 2
    bases = [stops - 2, stops - 1] if has_bases else []
    people = [
        draw_rider(
            rng, int(rng.integers(homes)), int(rng.integers(schools)), is_part_week=is_part_week
        )
        for _ in range(riders)
    ]
    people = [replace(r, reference=f"P{i}") for i, r in enumerate(people)]
    matrix = draw_matrix(rng, stops, is_metric=is_metric)
    people = [_cap(rng, r, matrix, homes + r.school, session) for r in people]
    if riders > 3 and rng.random() < 0.5:
        people[0] = replace(people[0], must_not_share=(1,))
    if riders > 4 and rng.random() < 0.2:
        people[2] = replace(people[2], is_solo=True)
    if riders > 5 and rng.random() < 0.4:
        people[4] = replace(people[4], stop=people[3].stop, school=people[3].school)
        people[4] = _cap(rng, people[4], matrix, homes + people[4].school, session)
        people[3] = replace(people[3], must_share=(4,))
    instance = Instance(
        name="random",
        session=session,
        stops=tuple(Point(52.5, -2.0) for _ in range(stops)),
        riders=tuple(people),
        schools=tuple(_draw_call(rng, homes + s, session) for s in range(schools)),
        fleet=draw_fleet(rng, bases, is_limited=is_limited),
        rules=rules or build_rules(shared_door_extra_s=None if rng.random() < 0.2 else 30),
        pa_per_s=0.003,
        pa_fixed=5.0,
    )
    return instance, matrix


def _cap(rng: Generator, r: Rider, matrix: TravelMatrix, school: int, session: Session) -> Rider:
    legs = (r.stop, school) if session == "AM" else (school, r.stop)
    direct = int(matrix.time_s[legs])
    cap = max(int(direct * 1.5), direct + int(rng.integers(300, 2400)))
    return replace(r, direct_s=direct, ride_cap_s=cap, ride_target_s=cap)


def _draw_call(rng: Generator, stop: int, session: Session) -> SchoolCall:
    call = build_call(stop, session)
    shift = int(rng.integers(-900, 900))
    return replace(
        call,
        window_from_s=call.window_from_s + shift,
        window_to_s=call.window_to_s + shift + int(rng.integers(0, 600)),
    )


def draw_sequence(rng: Generator, instance: Instance, riders: list[int]) -> IntArray:
    """Draw an order of homes and then schools for riders, in the search's orientation."""
    nodes: list[int] = [int(r) for r in rng.permutation(riders)]
    if rng.random() < 0.5:  # neighbours at one door board together
        doors = [instance.riders[n].stop for n in nodes]
        nodes = [n for _, n in sorted(zip(map(doors.index, doors), nodes, strict=True))]
    total = len(instance.riders)
    for school in rng.permutation(sorted({instance.riders[r].school for r in riders})):
        last = max(
            i for i, n in enumerate(nodes) if n < total and instance.riders[n].school == school
        )
        place = len(nodes) if rng.random() < 0.6 else int(rng.integers(last + 1, len(nodes) + 1))
        nodes.insert(place, total + int(school))
    return np.array(nodes, dtype=np.int64)


def fit_to_run(
    rng: Generator, instance: Instance, matrix: TravelMatrix, seq: IntArray, *, tightness: int = 120
) -> Instance:
    """Move windows and caps around a run without waits, so that it mostly can be timed.

    `tightness` is how many seconds too tight a cap or window may be drawn; 0 keeps the run whole.
    """
    riders, total = list(instance.riders), len(instance.riders)
    visits = to_visits(instance, seq)
    aboard = frozenset(int(n) for n in seq if n < total)
    begin, clock_s = [], 8 * 3600 if instance.session == "AM" else 15 * 3600 + 900
    for i, visit in enumerate(visits):
        if i:
            clock_s += int(matrix.time_s[visits[i - 1].stop, visit.stop])
        begin.append(clock_s)
        clock_s += dwell_of(instance, visit, aboard)
    calls = list(instance.schools)
    start_of: dict[int, int] = {}
    for t, visit in zip(begin, visits, strict=True):
        boards = (visit.school is None) == (instance.session == "AM")
        for r in visit.riders:
            if boards:
                start_of[r] = t + dwell_of(instance, visit, aboard)
            else:
                cap = max(t - start_of[r] + int(rng.integers(-tightness, 900)), 60)
                riders[r] = replace(riders[r], ride_cap_s=cap, ride_target_s=cap)
        if visit.school is not None:
            early, late = (int(x) for x in rng.integers(-tightness, 600, size=2))
            calls[visit.school] = replace(
                calls[visit.school],
                window_from_s=t - max(early, -late),
                window_to_s=t + late,
            )
    return replace(instance, riders=tuple(riders), schools=tuple(calls))


def make_wait(instance: Instance, rider: int) -> Instance:
    """Open a rider's school later than a run without waits would be there, and widen the caps."""
    calls, school = list(instance.schools), instance.riders[rider].school
    opens = calls[school].window_to_s + 300
    calls[school] = replace(calls[school], window_from_s=opens, window_to_s=opens + 600)
    riders = tuple(replace(r, ride_cap_s=5400, ride_target_s=5400) for r in instance.riders)
    return replace(instance, schools=tuple(calls), riders=riders)
