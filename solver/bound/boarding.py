"""Who may board a vehicle type, and what its layouts hold as one number."""

from __future__ import annotations

from solver.domain import FleetType, Instance, Rider


def find_fullest_weekday(instance: Instance) -> int:
    """Return the weekday (0 = Monday) on which most riders travel: loads are relaxed to it."""
    return max(range(5), key=lambda d: sum(w.weekdays >> d & 1 for w in instance.riders))


def weigh_layouts(kind: FleetType) -> tuple[int, int]:
    """Return what a bay weighs in seats, and the room, so that every layout's load fits the room.

    For (16 seats, 0 bays), (13, 1), (10, 2) a bay weighs 3 seats and the room is 16: exact. In
    general the weight under which most layouts are full is taken, and the room is the most of any.
    """
    slopes = {1}
    for one in kind.layouts:
        for other in kind.layouts:
            if other.bays > one.bays and one.seats > other.seats:
                slopes.add((one.seats - other.seats) // (other.bays - one.bays))
    best = (0, 0, 0)
    for weight in sorted(slopes):
        loads = [x.seats + weight * x.bays for x in kind.layouts]
        best = max(best, (loads.count(max(loads)), -weight, max(loads)))
    return -best[1], best[2]


def may_board(who: Rider, kind: FleetType, *, has_shared: bool, has_own: bool) -> bool:
    """Whether a type suits a rider, with such assistants aboard."""
    if who.assistant == "shared" and not has_shared:
        return False
    if who.assistant == "dedicated" and not has_own:
        return False
    if (who.needs_lift or who.bays) and not kind.has_lift:
        return False
    if set(who.tags) - set(kind.tags):
        return False
    return any(
        who.seats <= x.seats and who.bays <= x.bays and who.folded_chairs <= x.folded_chairs
        for x in kind.layouts
    )
