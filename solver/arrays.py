"""An instance as flat arrays in the one orientation that the compiled search knows.

Every session is solved as homes first, schools last. A PM run read backwards in time is such a run:
the matrix is transposed, a start of service `t` with dwell `d` becomes `-(t + d)`, and a window
`[from, to]` on the start of loading becomes `[-to - d, -from - d]`. Ride time keeps its meaning:
end of the home's service to start of the school's service, in reversed time.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from solver.domain import UNREACHABLE, Instance, InstanceError, TravelMatrix

FAR_PAST = -10_000_000
IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


class Arrays(NamedTuple):
    """What the kernels read. R riders, S school calls, V vehicle types, L layouts, n stops.

    Times are seconds, distances metres, money GBP. `home_from` is the earliest start of a home's
    service before its dwell is taken off (PM). Node numbers: rider r is r, school call s is R + s.
    """

    is_pm: bool
    time_s: NDArray[np.int32]
    dist_m: NDArray[np.int32]
    rider_stop: IntArray
    rider_school: IntArray
    rider_dwell: IntArray
    rider_cap: IntArray
    rider_target: IntArray
    rider_days: IntArray
    rider_seats: IntArray
    rider_bays: IntArray
    rider_folded: IntArray
    rider_shared: IntArray
    rider_dedicated: IntArray
    rider_lift: IntArray
    rider_tags: IntArray
    rider_solo: IntArray
    rider_bars: IntArray
    conflict_start: IntArray
    conflict_rider: IntArray
    school_stop: IntArray
    school_from: IntArray
    school_to: IntArray
    school_dwell: IntArray
    school_extra: IntArray
    type_lift: IntArray
    type_tags: IntArray
    type_base: IntArray
    type_fixed: FloatArray
    type_live: FloatArray
    type_dead: FloatArray
    type_driver: FloatArray
    layout_start: IntArray
    layout_seats: IntArray
    layout_bays: IntArray
    layout_folded: IntArray
    home_from: int
    door_extra: int
    riders_per_pa: int
    max_schools: int
    excess_per_s: float
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
    windows = [
        (s.window_from_s, s.window_to_s) if not is_pm else (-s.window_to_s, -s.window_from_s)
        for s in instance.schools
    ]
    layout_start, _ = _flatten([[0] * len(t.layouts) for t in fleet])
    layouts = [layout for t in fleet for layout in t.layouts]
    return Arrays(
        is_pm=is_pm,
        # fresh copies: kernels are compiled for writable arrays, and the matrix itself is not one
        time_s=np.array(matrix.time_s.T if is_pm else matrix.time_s, order="C"),
        dist_m=np.array(matrix.dist_m.T if is_pm else matrix.dist_m, order="C"),
        rider_stop=_ints([r.stop for r in riders]),
        rider_school=_ints([r.school for r in riders]),
        rider_dwell=_ints([r.dwell_s for r in riders]),
        rider_cap=_ints([r.ride_cap_s for r in riders]),
        rider_target=_ints([r.ride_target_s for r in riders]),
        rider_days=_ints([r.weekdays for r in riders]),
        rider_seats=_ints([r.seats for r in riders]),
        rider_bays=_ints([r.bays for r in riders]),
        rider_folded=_ints([r.folded_chairs for r in riders]),
        rider_shared=_ints([r.assistant == "shared" for r in riders]),
        rider_dedicated=_ints([r.assistant == "dedicated" for r in riders]),
        rider_lift=_ints([r.needs_lift or r.bays > 0 for r in riders]),
        rider_tags=_ints([sum(1 << tag_bit[t] for t in r.tags) for r in riders]),
        rider_solo=_ints([r.is_solo for r in riders]),
        rider_bars=_ints([r.bars_mixed_schools for r in riders]),
        conflict_start=conflict_start,
        conflict_rider=conflict_rider,
        school_stop=_ints([s.stop for s in instance.schools]),
        school_from=_ints([w[0] for w in windows]),
        school_to=_ints([w[1] for w in windows]),
        school_dwell=_ints([s.dwell_s for s in instance.schools]),
        school_extra=_ints([s.wheelchair_extra_s for s in instance.schools]),
        type_lift=_ints([t.has_lift for t in fleet]),
        type_tags=_ints(
            [sum(1 << tag_bit[x] for x in set(t.tags) & tag_bit.keys()) for t in fleet]
        ),
        type_base=_ints([-1 if t.base is None else t.base for t in fleet]),
        type_fixed=_floats([t.session_charge for t in fleet]),
        type_live=_floats([t.per_live_m for t in fleet]),
        type_dead=_floats([t.per_dead_m for t in fleet]),
        type_driver=_floats([t.per_driver_s for t in fleet]),
        layout_start=layout_start,
        layout_seats=_ints([layout.seats for layout in layouts]),
        layout_bays=_ints([layout.bays for layout in layouts]),
        layout_folded=_ints([layout.folded_chairs for layout in layouts]),
        home_from=sign * (rules.latest_s if is_pm else rules.earliest_s),
        door_extra=-1 if rules.shared_door_extra_s is None else rules.shared_door_extra_s,
        riders_per_pa=rules.shared_pupils_per_assistant or 0,
        max_schools=rules.max_schools_per_run or 0,
        excess_per_s=rules.ride_excess_gbp_per_min / 60,
        pa_per_s=instance.pa_per_s,
        pa_fixed=instance.pa_fixed,
    )


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
