"""What one run takes: metres, paid seconds, rides, and its part of a session's objective."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from solver.domain import Instance, Run, RunDay, TravelMatrix, is_on
from solver.schedule import count_day_assistants, time_day


@dataclass(frozen=True, slots=True)
class RunPrice:
    """A run's part of the session objective, GBP, on the day with everyone."""

    cost: float
    penalty: float


def list_day_riders(instance: Instance, run: Run, weekday: int) -> tuple[int, ...]:
    """List the riders of a run who travel on a weekday."""
    return tuple(r for r in run.riders if is_on(instance.riders[r].weekdays, weekday))


def measure_run(
    instance: Instance, matrix: TravelMatrix, run: Run, day: RunDay, riders: Collection[int]
) -> tuple[int, int, int]:
    """Measure a run on a day for `riders`: metres with and without pupils, and seconds paid."""
    live = dead = 0
    aboard = 0
    previous = -1
    first = last = -1
    for i, visit in enumerate(run.visits):
        present = sum(r in riders for r in visit.riders)
        if not present:
            continue
        if previous >= 0:
            metres = int(matrix.dist_m[run.visits[previous].stop, visit.stop])
            if aboard:
                live += metres
            else:
                dead += metres
        boards = (visit.school is None) == (instance.session == "AM")
        aboard += present if boards else -present
        first = visit.stop if first < 0 else first
        last = visit.stop
        previous = i
    seconds = max(day.depart_s) - min(t for t in day.start_s if t >= 0)
    base = instance.fleet[run.vehicle_type].base
    if base is not None:
        dead += int(matrix.dist_m[base, first]) + int(matrix.dist_m[last, base])
        seconds += int(matrix.time_s[base, first]) + int(matrix.time_s[last, base])
    return live, dead, seconds


def price_session_run(instance: Instance, matrix: TravelMatrix, run: Run) -> RunPrice:
    """Price a run for the session's objective: half the day charge, everyone aboard."""
    day = time_day(instance, matrix, run.visits, run.riders, -1, is_forced=True)
    assert day is not None
    live, dead, seconds = measure_run(instance, matrix, run, day, run.riders)
    kind = instance.fleet[run.vehicle_type]
    crew = count_day_assistants(instance, run.riders)
    cost = (
        kind.session_charge
        + kind.per_live_m * live
        + kind.per_dead_m * dead
        + (kind.per_driver_s + crew * instance.pa_per_s) * seconds
        + crew * instance.pa_fixed
    )
    excess = sum(
        max(0, ride - instance.riders[r].ride_target_s)
        for r, ride in list_rides(instance, run, day, run.riders).items()
    )
    penalty = excess / 60 * instance.rules.ride_excess_gbp_per_min
    return RunPrice(cost, penalty + price_changes(instance, run, day))


def price_changes(instance: Instance, run: Run, day: RunDay) -> float:
    """Price what changes for a run's riders against the baseline (C13), GBP a day.

    A run continues the run of the baseline of which it carries more than half of the riders; of
    several, the one with most riders here. All others who have a habit change crew.
    """
    rules = instance.rules
    known = [r for r in run.riders if instance.riders[r].habit is not None]
    habits = {r: instance.riders[r].habit for r in known}
    here = Counter(habit.run for habit in habits.values() if habit)
    everywhere = Counter(rider.habit.run for rider in instance.riders if rider.habit)
    kept = max((n for x, n in here.items() if 2 * n > everywhere[x]), default=0)
    total = (len(known) - kept) * rules.change_run_gbp
    at_home = {
        r: day.start_s[i]
        for i, visit in enumerate(run.visits)
        if visit.school is None
        for r in visit.riders
    }
    for r, habit in habits.items():
        assert habit is not None
        if habit.vehicle_type != run.vehicle_type:
            total += rules.change_type_gbp
        if abs(at_home[r] - habit.home_s) > rules.change_time_s:
            total += rules.change_time_gbp
    return total


def list_rides(
    instance: Instance, run: Run, day: RunDay, riders: Collection[int]
) -> dict[int, int]:
    """Ride seconds of those who travel that day: end of boarding to start of set-down."""
    boards_at_home = instance.session == "AM"
    board: dict[int, int] = {}
    ride: dict[int, int] = {}
    for i, visit in enumerate(run.visits):
        for r in visit.riders:
            if r not in riders:
                continue
            if (visit.school is None) == boards_at_home:
                board[r] = day.depart_s[i]
            else:
                ride[r] = day.start_s[i] - board[r]
    return ride
