"""How routes of the demo contract came about: pupils joined one after the other, school by school.

Whoever had to travel alone got a car of their own. The others were put on a route of the school
that passed near and had room, or a new route was let. Nobody ever planned the whole.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from data.demo.fleet import VEHICLES, DemoVehicle
from data.demo.pupils import DemoPupil

type _Wishes = tuple[tuple[int, dict[str, float]], ...]

_FILL: Final = {"SAL": 4, "MPV": 7, "WAV": 4, "MB16": 12, "AMB": 10}
"""Pupils up to whom a route of the type took on more, where seats and bays allow."""
_WISHES: Final[_Wishes] = (
    (9, {"MB16": 0.6, "MPV": 0.4}),
    (3, {"MPV": 0.9, "SAL": 0.1}),
    (0, {"MPV": 0.3, "SAL": 0.7}),
)
"""What a new route was let for, by the fewest pupils of the school still to come."""
_WHEELCHAIR_WISHES: Final[_Wishes] = ((6, {"AMB": 0.7, "WAV": 0.3}), (0, {"AMB": 0.1, "WAV": 0.9}))
_NEAR_M: Final = 4800.0
"""A route that passes nearer than this took the next pupil on."""
_FIRST_SHARE: Final = 0.6
"""Pupils for whom the routes were let; the others joined later."""
_RELET_SHARE: Final = 0.75
"""Routes that were let again, for the smallest vehicle that does, since they had filled up."""


@dataclass(frozen=True, slots=True, eq=False)
class Catchment:
    """All pupils with their homes, and one school's place; metres of the national grid."""

    pupils: tuple[DemoPupil, ...]
    homes_m: NDArray[np.float64]
    school_m: NDArray[np.float64]


@dataclass(slots=True)
class GrowingRoute:
    """A route while its pupils join, by index into the pupils."""

    vehicle: DemoVehicle
    fill: int
    pupils: list[int] = field(default_factory=list)


def grow_routes(
    members: list[int],
    catchment: Catchment,
    rng: np.random.Generator,
) -> list[GrowingRoute]:
    """Return one school's routes after its pupils, `members`, have joined."""
    pupils = catchment.pupils
    joined = _list_in_order_of_joining(members, catchment, rng)
    alone = {i for i in joined if pupils[i].needs.is_solo}
    routes = [GrowingRoute(choose_smallest([pupils[i]]), 1, [i]) for i in joined if i in alone]
    sharing = [i for i in joined if i not in alone]
    sharing.sort(key=lambda i: pupils[i].needs.mobility != "wheelchair")
    numbers = {pupils[i].reference: i for i in sharing}
    waiting = dict.fromkeys(sharing)
    open_routes: list[GrowingRoute] = []
    while waiting:
        pupil = next(iter(waiting))
        party = [pupil, *(numbers[other] for other in pupils[pupil].must_share if other in numbers)]
        for member in party:
            waiting.pop(member, None)
        route = _find_route(party, open_routes, catchment, rng)
        if route is None:
            vehicle = _choose_vehicle([pupils[i] for i in party], len(waiting), rng)
            route = GrowingRoute(vehicle, _FILL[vehicle.code])
            open_routes.append(route)
        route.pupils += party
    for route in open_routes:
        riders = [pupils[i] for i in route.pupils]
        if rng.random() < _RELET_SHARE:
            route.vehicle = choose_smallest(riders)
    return routes + open_routes


def choose_smallest(riders: list[DemoPupil]) -> DemoVehicle:
    """Return the cheapest vehicle type that carries all of them."""
    return next(vehicle for vehicle in VEHICLES if _has_room(vehicle, riders))


def count_assistants(riders: list[DemoPupil]) -> int:
    """Return the assistants on a route: one for all who share, one for each dedicated."""
    dedicated = sum(rider.needs.assistant == "dedicated" for rider in riders)
    return dedicated + any(rider.needs.assistant == "shared" for rider in riders)


def _list_in_order_of_joining(
    members: list[int], catchment: Catchment, rng: np.random.Generator
) -> list[int]:
    """List those for whom the routes were once let, by direction, then the later ones at random."""
    shuffled = [int(i) for i in rng.permutation(members)]
    first = shuffled[: round(_FIRST_SHARE * len(shuffled))]
    out_m = catchment.homes_m[first] - catchment.school_m
    angle = np.arctan2(out_m[:, 1], out_m[:, 0])
    by_direction = [first[i] for i in np.argsort(angle, kind="stable")]
    return by_direction + shuffled[len(first) :]


def _find_route(
    party: list[int],
    routes: list[GrowingRoute],
    catchment: Catchment,
    rng: np.random.Generator,
) -> GrowingRoute | None:
    """Return the route that passes nearest, by somebody's rough idea of it, and has room."""
    pupils, homes_m = catchment.pupils, catchment.homes_m
    best, best_m = None, _NEAR_M
    for route in routes:
        if len(route.pupils) + len(party) > route.fill:
            continue
        away_m = _measure_away(homes_m[party[0]], homes_m[route.pupils], catchment.school_m)
        judged_m = away_m * rng.lognormal(0.0, 0.35)
        if judged_m >= best_m:
            continue
        if _has_room(route.vehicle, [pupils[i] for i in (*route.pupils, *party)]):
            best, best_m = route, judged_m
    return best


def _measure_away(
    home_m: NDArray[np.float64], riders_m: NDArray[np.float64], school_m: NDArray[np.float64]
) -> float:
    """Return how far a home is off the straight ways of the riders to their school, metres."""
    ways = school_m - riders_m
    squared = np.maximum((ways**2).sum(axis=1), 1.0)
    along = (((home_m - riders_m) * ways).sum(axis=1) / squared).clip(0.0, 1.0)
    nearest = riders_m + ways * along[:, None]
    return float(np.hypot(*(nearest - home_m).T).min())


def _has_room(vehicle: DemoVehicle, riders: list[DemoPupil]) -> bool:
    """Whether all may ride together in the vehicle, with their assistants."""
    references = {rider.reference for rider in riders}
    if any(references & set(rider.must_not_share) for rider in riders):
        return False
    if any(set(rider.needs.tags) - set(vehicle.tags) for rider in riders):
        return False
    bays = sum(rider.needs.mobility == "wheelchair" for rider in riders)
    chairs = sum(rider.needs.mobility == "transfer" for rider in riders)
    seats = len(riders) - bays + count_assistants(riders)
    if bays and not vehicle.has_lift:
        return False
    return any(
        seats <= layout.seats and bays <= layout.bays and chairs <= layout.folded_chairs
        for layout in vehicle.layouts
    )


def _choose_vehicle(party: list[DemoPupil], waiting: int, rng: np.random.Generator) -> DemoVehicle:
    """Choose what the new route was let for, with an eye to how many were still to come."""
    if any(rider.needs.mobility == "wheelchair" for rider in party):
        wishes = _WHEELCHAIR_WISHES
    else:
        wishes = _WISHES
    choices = next(choices for at_least, choices in wishes if waiting >= at_least)
    codes, shares = list(choices), np.cumsum(list(choices.values()))
    wish = codes[int(np.searchsorted(shares, rng.random() * shares[-1]))]
    vehicle = next(vehicle for vehicle in VEHICLES if vehicle.code == wish)
    if _has_room(vehicle, party):
        return vehicle
    return choose_smallest(party)
