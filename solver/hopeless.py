"""C17: riders whom no vehicle type could carry even alone, found before the search, with reasons.

Also the price of a rider who is left without a run: a vehicle of their own, straight to school,
with the assistant that they need; so leaving a child out never saves money.
"""

from __future__ import annotations

import math
from itertools import permutations

from solver.domain import Instance, Reason, TravelMatrix, Unassigned, Visit
from solver.domain.instance import UNREACHABLE, FleetType, Rider
from solver.schedule import count_day_assistants, dwell_of, time_day

_MOST_ORDERED = 5
"""So many siblings are tried in every order of boarding; of more, only two orders are."""


def find_hopeless(
    instance: Instance, matrix: TravelMatrix, groups: list[list[int]]
) -> dict[int, tuple[Reason, ...]]:
    """Find the riders that nothing could carry, by rider index, with every reason.

    Parameters
    ----------
    groups
        Riders that must travel together, the others alone: a group that fits no vehicle together
        is hopeless as a whole (C9).
    """
    found: dict[int, tuple[Reason, ...]] = {}
    for group in groups:
        for rider in group:
            reasons = _list_reasons(instance, matrix, rider)
            if reasons:
                found[rider] = reasons
        able = [r for r in group if r not in found]
        if len(able) > 1 and not _fits_together(instance, matrix, able):
            text = "siblings who must share a run fit no vehicle or timetable together"
            found.update((r, (Reason("C9", text),)) for r in able)
    return found


def price_alone(
    instance: Instance, matrix: TravelMatrix, rider: int, reasons: tuple[Reason, ...]
) -> Unassigned:
    """Price a vehicle of a rider's own: the cheapest type able to carry them, else the dearest."""
    able = [i for i, t in enumerate(instance.fleet) if not _type_reasons(instance, t, rider)]
    choices = able or range(len(instance.fleet))
    prices = {i: price_direct(instance, matrix, rider, i) for i in choices}
    pick = (min if able else max)(prices, key=lambda i: (prices[i], i))
    return Unassigned(rider, reasons, pick, bool(able), prices[pick])


def measure_direct(instance: Instance, matrix: TravelMatrix, rider: int) -> tuple[int, int]:
    """Seconds (dwell, drive, dwell) and metres of a rider's own direct run; no road counts as 0."""
    who = instance.riders[rider]
    school = instance.schools[who.school].stop
    legs = (who.stop, school) if instance.session == "AM" else (school, who.stop)
    drive, metres = int(matrix.time_s[legs]), int(matrix.dist_m[legs])
    if drive >= UNREACHABLE:
        drive = metres = 0
    only = frozenset([rider])
    dwell = dwell_of(instance, Visit(who.stop, None, (rider,)), only)
    dwell += dwell_of(instance, Visit(school, who.school, (rider,)), only)
    return drive + dwell, metres


def price_direct(instance: Instance, matrix: TravelMatrix, rider: int, vehicle_type: int) -> float:
    """Price a rider's own direct run in one session in a given type, GBP."""
    seconds, metres = measure_direct(instance, matrix, rider)
    kind = instance.fleet[vehicle_type]
    crew = count_day_assistants(instance, [rider])
    return (
        kind.session_charge
        + kind.per_live_m * metres
        + (kind.per_driver_s + crew * instance.pa_per_s) * seconds
        + crew * instance.pa_fixed
    )


def _type_reasons(instance: Instance, kind: FleetType, rider: int) -> list[Reason]:
    who: Rider = instance.riders[rider]
    reasons = []
    if (who.needs_lift or who.bays) and not kind.has_lift:
        reasons.append(Reason("C7", f"{kind.code} has no lift or ramp"))
    if set(who.tags) - set(kind.tags):
        reasons.append(Reason("C10", f"{kind.code} lacks equipment or crew that they need"))
    seats = who.seats + count_day_assistants(instance, [rider])
    if not any(
        seats <= layout.seats
        and who.bays <= layout.bays
        and who.folded_chairs <= layout.folded_chairs
        for layout in kind.layouts
    ):
        reasons.append(
            Reason(
                "C6",
                f"no layout of {kind.code} has {seats} seats, {who.bays} wheelchair bays and "
                f"{who.folded_chairs} places for a folded chair",
            )
        )
    if kind.count == 0:
        reasons.append(Reason("C11", f"there is no {kind.code} in the fleet"))
    return reasons


def _list_reasons(instance: Instance, matrix: TravelMatrix, rider: int) -> tuple[Reason, ...]:
    by_type = [_type_reasons(instance, kind, rider) for kind in instance.fleet]
    reasons = []
    if all(by_type) or not by_type:
        reasons = [reason for some in by_type for reason in some]
    if not by_type:
        reasons.append(Reason("C6", "the fleet has no vehicle type"))
    return tuple(reasons) + _list_time_reasons(instance, matrix, rider)


def _list_time_reasons(instance: Instance, matrix: TravelMatrix, rider: int) -> tuple[Reason, ...]:
    who = instance.riders[rider]
    call = instance.schools[who.school]
    is_am = instance.session == "AM"
    drive = int(matrix.time_s[who.stop, call.stop] if is_am else matrix.time_s[call.stop, who.stop])
    if drive >= UNREACHABLE:
        way = "from their home to the school" if is_am else "from the school to their home"
        return (Reason("C1", f"no road leads {way}"),)
    reasons = []
    if drive > who.ride_cap_s:
        reasons.append(
            Reason(
                "C2",
                f"the direct ride of {math.ceil(drive / 60)} minutes is over their cap of "
                f"{who.ride_cap_s // 60} minutes",
            )
        )
    visits = [Visit(who.stop, None, (rider,)), Visit(call.stop, who.school, (rider,))]
    day = time_day(instance, matrix, visits if is_am else visits[::-1], [rider], 0)
    if day is None and drive <= who.ride_cap_s:
        rule = "C4" if _breaks_edge(instance, rider, drive) else "C3"
        edge = "picked up after the earliest" if is_am else "home before the latest"
        reasons.append(
            Reason(rule, f"even direct they cannot be {edge} time and within the school's window")
        )
    return tuple(reasons)


def _breaks_edge(instance: Instance, rider: int, drive: int) -> bool:
    who = instance.riders[rider]
    call = instance.schools[who.school]
    if instance.session == "AM":
        return instance.rules.earliest_s + who.dwell_s + drive > call.window_to_s
    return call.window_from_s + call.dwell_s + drive > instance.rules.latest_s


def _fits_together(instance: Instance, matrix: TravelMatrix, riders: list[int]) -> bool:
    """Whether siblings for one school fit one vehicle and timetable, in any order of boarding."""
    call = instance.riders[riders[0]].school
    crew = count_day_assistants(instance, riders)
    seats = crew + sum(instance.riders[r].seats for r in riders)
    bays = sum(instance.riders[r].bays for r in riders)
    folded = sum(instance.riders[r].folded_chairs for r in riders)
    tags = {tag for r in riders for tag in instance.riders[r].tags}
    has_vehicle = any(
        tags <= set(kind.tags)
        and (kind.has_lift or not (bays or any(instance.riders[r].needs_lift for r in riders)))
        and any(
            seats <= layout.seats and bays <= layout.bays and folded <= layout.folded_chairs
            for layout in kind.layouts
        )
        for kind in instance.fleet
    )
    if not has_vehicle or any(instance.riders[r].is_solo for r in riders):
        return False
    if any(set(riders).intersection(instance.riders[r].must_not_share) for r in riders):
        return False
    at_school = Visit(instance.schools[call].stop, call, tuple(riders))
    orders = permutations(riders) if len(riders) <= _MOST_ORDERED else (riders, riders[::-1])
    for order in orders:
        homes = [Visit(instance.riders[r].stop, None, (r,)) for r in order]
        visits = [*homes, at_school] if instance.session == "AM" else [at_school, *homes]
        if time_day(instance, matrix, visits, riders, 0) is not None:
            return True
    return False
