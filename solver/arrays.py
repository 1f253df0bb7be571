"""An instance as flat arrays in the one orientation that the compiled search knows.

Every session is solved as homes first, schools last. A PM run read backwards in time is such a run:
the matrix is transposed, a start of service `t` with dwell `d` becomes `-(t + d)`, and a window
`[from, to]` on the start of loading becomes `[-to - d, -from - d]`. Ride time keeps its meaning:
end of the home's service to start of the school's service, in reversed time.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from solver.domain import UNREACHABLE, Instance, InstanceError, TravelMatrix

FAR_PAST = -10_000_000
IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Records = np.recarray[Any, Any]
"""An array of records, read as `array[i].field`, in compiled code too."""


class Arrays(NamedTuple):
    """What the kernels read. R riders, S school calls, V vehicle types, L layouts, n stops.

    Few members, each a long array: compiled code passes them by value at every call.

    Times are seconds, distances metres, money GBP. `node_stop` is the stop of each node,
    `home_from` the earliest start of a home's service before its dwell is taken off (PM). Node
    numbers: rider r is r, school call s is R + s. `habit_size` counts the riders of each run of the
    baseline (C13).
    """

    is_pm: bool
    time_s: NDArray[np.int32]
    dist_m: NDArray[np.int32]
    node_stop: IntArray
    rider: Records
    school: Records
    type: Records
    layout: Records
    layout_start: IntArray
    conflict_start: IntArray
    conflict_rider: IntArray
    habit_size: IntArray
    home_from: int
    door_extra: int
    riders_per_pa: int
    max_schools: int
    excess_per_s: float
    change_run: float
    change_type: float
    change_time: float
    change_after_s: int
    pa_per_s: float
    pa_fixed: float


def build_arrays(instance: Instance, matrix: TravelMatrix) -> Arrays:
    """Build the oriented arrays of an instance.

    Raises
    ------
    InstanceError
        If the matrix has not one row a stop or has negative entries, a stop is not in it, there
        is no vehicle type, or more than 60 different tags are in use.
    """
    _check_stops(instance, matrix)
    if not instance.fleet:
        raise InstanceError(
            f"instance {instance.name!r} has no vehicle type: add at least one to the fleet"
        )
    is_pm = instance.session == "PM"
    tag_bit = _number_tags(instance)
    riders, fleet, rules = instance.riders, instance.fleet, instance.rules
    conflict_start, conflict_rider = _flatten(_list_conflicts(instance))
    sign = -1 if is_pm else 1
    layout_start, _ = _flatten([[0] * len(t.layouts) for t in fleet])
    layouts = [layout for t in fleet for layout in t.layouts]
    return Arrays(
        is_pm=is_pm,
        # fresh copies: kernels are compiled for writable arrays, and the matrix itself is not one
        time_s=np.array(matrix.time_s.T if is_pm else matrix.time_s, order="C"),
        dist_m=np.array(matrix.dist_m.T if is_pm else matrix.dist_m, order="C"),
        node_stop=_ints([r.stop for r in riders] + [s.stop for s in instance.schools]),
        rider=_build_riders(instance, tag_bit),
        school=_build_schools(instance),
        type=_build_types(instance, tag_bit),
        layout=_to_records(
            seats=_ints([layout.seats for layout in layouts]),
            bays=_ints([layout.bays for layout in layouts]),
            folded=_ints([layout.folded_chairs for layout in layouts]),
        ),
        layout_start=layout_start,
        conflict_start=conflict_start,
        conflict_rider=conflict_rider,
        habit_size=_count_habits(instance),
        home_from=sign * (rules.latest_s if is_pm else rules.earliest_s),
        door_extra=-1 if rules.shared_door_extra_s is None else rules.shared_door_extra_s,
        riders_per_pa=rules.shared_pupils_per_assistant or 0,
        max_schools=rules.max_schools_per_run or 0,
        excess_per_s=rules.ride_excess_gbp_per_min / 60,
        change_run=rules.change_run_gbp,
        change_type=rules.change_type_gbp,
        change_time=rules.change_time_gbp,
        change_after_s=rules.change_time_s,
        pa_per_s=instance.pa_per_s,
        pa_fixed=instance.pa_fixed,
    )


def _build_riders(instance: Instance, tag_bit: dict[str, int]) -> Records:
    riders = instance.riders
    return _to_records(
        stop=_ints([r.stop for r in riders]),
        school=_ints([r.school for r in riders]),
        dwell=_ints([r.dwell_s for r in riders]),
        cap=_ints([r.ride_cap_s for r in riders]),
        target=_ints([r.ride_target_s for r in riders]),
        days=_ints([r.weekdays for r in riders]),
        seats=_ints([r.seats for r in riders]),
        bays=_ints([r.bays for r in riders]),
        folded=_ints([r.folded_chairs for r in riders]),
        shared=_ints([r.assistant == "shared" for r in riders]),
        dedicated=_ints([r.assistant == "dedicated" for r in riders]),
        lift=_ints([r.needs_lift or r.bays > 0 for r in riders]),
        tags=_ints([sum(1 << tag_bit[t] for t in r.tags) for r in riders]),
        solo=_ints([r.is_solo for r in riders]),
        bars=_ints([r.bars_mixed_schools for r in riders]),
        habit_run=_ints([r.habit.run if r.habit else -1 for r in riders]),
        habit_type=_ints([r.habit.vehicle_type if r.habit else -1 for r in riders]),
        habit_s=_ints([r.habit.home_s if r.habit else 0 for r in riders]),
    )


def _count_habits(instance: Instance) -> IntArray:
    """How many riders each run of the baseline had."""
    runs = [r.habit.run for r in instance.riders if r.habit]
    return np.bincount(_ints(runs), minlength=1).astype(np.int64)


def _build_schools(instance: Instance) -> Records:
    schools = instance.schools
    windows = [
        (-s.window_to_s, -s.window_from_s)
        if instance.session == "PM"
        else (s.window_from_s, s.window_to_s)
        for s in schools
    ]
    return _to_records(
        stop=_ints([s.stop for s in schools]),
        opens=_ints([opens for opens, _ in windows]),
        closes=_ints([closes for _, closes in windows]),
        dwell=_ints([s.dwell_s for s in schools]),
        extra=_ints([s.wheelchair_extra_s for s in schools]),
    )


def _build_types(instance: Instance, tag_bit: dict[str, int]) -> Records:
    fleet = instance.fleet
    return _to_records(
        lift=_ints([t.has_lift for t in fleet]),
        tags=_ints([sum(1 << tag_bit[x] for x in set(t.tags) & tag_bit.keys()) for t in fleet]),
        base_stop=_ints([-1 if t.base is None else t.base for t in fleet]),
        fixed=_floats([t.session_charge for t in fleet]),
        live=_floats([t.per_live_m for t in fleet]),
        dead=_floats([t.per_dead_m for t in fleet]),
        driver=_floats([t.per_driver_s for t in fleet]),
    )


def _to_records(**columns: IntArray | FloatArray) -> Records:
    """Columns of equal length as one array of records: what is used together lies together."""
    return np.rec.fromarrays(list(columns.values()), names=list(columns))


def _check_stops(instance: Instance, matrix: TravelMatrix) -> None:
    if len(matrix) != len(instance.stops):
        raise InstanceError(
            f"instance {instance.name!r}: the travel matrix has {len(matrix)} rows for "
            f"{len(instance.stops)} stops; build it from the same list of stops"
        )
    if len(matrix) and min(int(matrix.time_s.min()), int(matrix.dist_m.min())) < 0:
        raise InstanceError(
            f"instance {instance.name!r}: the travel matrix has negative entries; where no road "
            f"joins two stops, give {UNREACHABLE}"
        )
    stops = [r.stop for r in instance.riders] + [s.stop for s in instance.schools]
    stops += [t.base for t in instance.fleet if t.base is not None]
    if any(not 0 <= stop < len(matrix) for stop in stops):
        raise InstanceError(
            f"instance {instance.name!r}: a home, school or base is at a stop that is not among "
            f"the {len(matrix)} stops"
        )


def _list_conflicts(instance: Instance) -> list[list[int]]:
    """C9: whom each rider must not share with, whichever of the two says so."""
    pairs: list[set[int]] = [set() for _ in instance.riders]
    for rider, who in enumerate(instance.riders):
        for other in who.must_not_share:
            pairs[rider].add(other)
            pairs[other].add(rider)
    return [sorted(others) for others in pairs]


def _number_tags(instance: Instance) -> dict[str, int]:
    tags = sorted({tag for rider in instance.riders for tag in rider.tags})
    if len(tags) > 60:
        raise InstanceError(
            f"instance {instance.name!r} uses {len(tags)} different tags; 60 is the most: "
            f"join tags that mean the same"
        )
    return {tag: bit for bit, tag in enumerate(tags)}


def _flatten(lists: list[list[int]]) -> tuple[IntArray, IntArray]:
    start = np.zeros(len(lists) + 1, dtype=np.int64)
    np.cumsum([len(items) for items in lists], out=start[1:])
    return start, _ints([item for items in lists for item in items])


def _ints(values: list[int] | list[bool]) -> IntArray:
    return np.array(values, dtype=np.int64).reshape(len(values))


def _floats(values: list[float]) -> FloatArray:
    return np.array(values, dtype=np.float64).reshape(len(values))
