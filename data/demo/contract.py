"""Today's contract of the demo borough: routes as they have grown, let at prices that differ.

Later pupils were tacked on to the end of the round, so that some rides became long, and some who
joined in mid-year got a car of their own and kept it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from data.demo.assumptions import get_value
from data.demo.growth import Catchment, GrowingRoute, choose_smallest, count_assistants, grow_routes
from data.demo.pricing import price_route
from data.demo.pupils import DemoPupil
from data.demo.schools import DemoSchool

_OPERATORS: Final = (
    "Beacon Cars", "Canalside Taxis", "Dovecote Travel", "Eastgate Minibuses", "Foundry Cars",
    "Greenlane Travel", "Harrier Private Hire", "Ironbridge Road Taxis", "Jubilee Accessible",
    "Keystone Coaches", "Limestone Cars", "Meadow Transport",
)  # fmt: skip
_TACKED_ON_SHARE: Final = 0.25
_LEAVES_AT_LEAST: Final = 3
"""Pupils left on a route from which one was taken into a car of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoRoute:
    """A route of today's contract; `order` is the order of boarding in the morning."""

    reference: str
    operator: str
    vehicle: str
    daily_price: float
    assistants: int
    order: tuple[int, ...]
    is_order_known: bool


def build_contract(
    pupils: tuple[DemoPupil, ...], schools: tuple[DemoSchool, ...], rng: np.random.Generator
) -> tuple[DemoRoute, ...]:
    """Grow the routes of every school, then let them to operators at prices of their own."""
    homes_m = np.array([(pupil.home_x_m, pupil.home_y_m) for pupil in pupils])
    schools_m = np.array([(school.x_m, school.y_m) for school in schools])
    members_of: dict[int, list[int]] = {}
    for i, pupil in enumerate(pupils):
        members_of.setdefault(pupil.school, []).append(i)
    grown = [
        (school, route)
        for school, members in sorted(members_of.items())
        for route in grow_routes(members, Catchment(pupils, homes_m, schools_m[school]), rng)
    ]
    grown = sorted(_take_some_apart(grown, pupils, rng), key=lambda pair: pair[0])
    return _let_routes(grown, pupils, homes_m, schools_m, rng)


def _take_some_apart(
    grown: list[tuple[int, GrowingRoute]], pupils: tuple[DemoPupil, ...], rng: np.random.Generator
) -> list[tuple[int, GrowingRoute]]:
    """Give pupils of fuller routes cars of their own until the published share travels alone."""
    wanted = round(get_value("share_alone") * len(pupils))
    missing = wanted - sum(len(route.pupils) == 1 for _, route in grown)
    cars: list[tuple[int, GrowingRoute]] = []
    for number in rng.permutation(len(grown)):
        if len(cars) >= missing:
            break
        school, route = grown[number]
        able = [
            i
            for i in route.pupils
            if pupils[i].needs.mobility == "seat" and not pupils[i].must_share
        ]
        if able and len(route.pupils) > _LEAVES_AT_LEAST:
            rider = able[rng.integers(len(able))]
            route.pupils.remove(rider)
            cars.append((school, GrowingRoute(choose_smallest([pupils[rider]]), 1, [rider])))
    return grown + cars


def _let_routes(
    grown: list[tuple[int, GrowingRoute]],
    pupils: tuple[DemoPupil, ...],
    homes_m: NDArray[np.float64],
    schools_m: NDArray[np.float64],
    rng: np.random.Generator,
) -> tuple[DemoRoute, ...]:
    """Let each school's routes to one to three operators, some dear and some cheap."""
    operators = _list_operators(len(pupils))
    dearness = rng.lognormal(0.0, get_value("price_spread_operator"), len(operators))
    holders = {
        school: rng.choice(len(operators), rng.integers(1, 4), replace=False)
        for school in dict.fromkeys(school for school, _ in grown)
    }
    width = max(3, len(str(len(grown))))
    routes = []
    for number, (school, route) in enumerate(grown, start=1):
        order = _order_round(route.pupils, homes_m, schools_m[school], rng)
        assistants = count_assistants([pupils[i] for i in route.pupils])
        holder = int(rng.choice(holders[school]))
        age = float(rng.lognormal(0.0, get_value("price_spread_age")))
        needs = [pupils[i].needs for i in order]
        asked = price_route(route.vehicle, homes_m[order], schools_m[school], needs, assistants)
        price = asked * float(dearness[holder]) * age * get_value("price_level")
        routes.append(
            DemoRoute(
                reference=f"R{number:0{width}d}",
                operator=f"{operators[holder]} (fictional)",
                vehicle=route.vehicle.code,
                daily_price=round(price * 2) / 2,
                assistants=assistants,
                order=tuple(order),
                is_order_known=bool(rng.random() < get_value("share_order_known")),
            )
        )
    return tuple(routes)


def _list_operators(pupils: int) -> list[str]:
    areas = max(1, round(pupils / 1500))
    return [
        name if area == 0 else f"{name} {area + 1}" for area in range(areas) for name in _OPERATORS
    ]


def _order_round(
    members: list[int],
    homes_m: NDArray[np.float64],
    school_m: NDArray[np.float64],
    rng: np.random.Generator,
) -> list[int]:
    """Order the round from the farthest home inwards; on some routes the newest come last."""
    newest = 2 if len(members) > 5 else 1
    is_tacked_on = len(members) > 2 and rng.random() < _TACKED_ON_SHARE
    planned = list(members[:-newest] if is_tacked_on else members)
    planned.sort(key=lambda i: -float(np.hypot(*(homes_m[i] - school_m))))
    order: list[int] = []
    for rider in planned:
        order.insert(_find_slot(rider, order, homes_m, school_m), rider)
    return order + (members[-newest:] if is_tacked_on else [])


def _find_slot(
    rider: int, order: list[int], homes_m: NDArray[np.float64], school_m: NDArray[np.float64]
) -> int:
    """Return where in the round a home adds the fewest metres; nobody comes before the first."""
    if not order:
        return 0
    stops = np.concatenate((homes_m[order], school_m[None]))
    to_stops = np.hypot(*(stops - homes_m[rider]).T)
    added = to_stops[:-1] + to_stops[1:] - np.hypot(*np.diff(stops, axis=0).T)
    return int(np.argmin(added)) + 1
