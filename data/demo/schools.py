"""Fictional schools in and around the demo borough, with bells and training days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from data.demo.assumptions import get_value

SchoolKind = Literal[
    "special", "independent special", "secondary base", "primary base", "alternative", "college"
]


class _KindPlan(NamedTuple):
    kind: SchoolKind
    share: float
    """Of the schools."""
    share_outside: float
    """Of this kind, beyond the borough."""
    title: str
    bells: tuple[str, ...]
    finishes: tuple[str, ...]


_KINDS: Final = (
    _KindPlan("special", 8 / 30, 0.13, "School", ("08:45", "08:50", "09:00", "09:15"),
              ("15:00", "15:10", "15:15", "15:30")),
    _KindPlan("independent special", 6 / 30, 0.67, "House School", ("09:00", "09:15", "09:30"),
              ("14:45", "15:00", "15:30")),
    _KindPlan("secondary base", 6 / 30, 0.17, "Academy", ("08:30", "08:40", "08:45"),
              ("15:00", "15:10", "15:20")),
    _KindPlan("primary base", 6 / 30, 0.0, "Primary School", ("08:40", "08:45", "08:55"),
              ("15:05", "15:15", "15:20")),
    _KindPlan("alternative", 2 / 30, 0.0, "Learning Centre", ("09:15", "09:30"),
              ("14:45", "15:00")),
    _KindPlan("college", 2 / 30, 0.5, "College", ("09:00", "09:30"), ("15:45", "16:00")),
)  # fmt: skip

_NAME_STARTS: Final = (
    "Alder",
    "Birch",
    "Copper",
    "Dun",
    "Elm",
    "Fern",
    "Gorse",
    "Hazel",
    "Ivy",
    "Juniper",
    "Kestrel",
    "Linden",
    "Maple",
    "Nettle",
    "Oaken",
    "Plover",
    "Quince",
    "Rowan",
    "Sorrel",
    "Thistle",
    "Umber",
    "Vetch",
    "Willow",
    "Yarrow",
)
_NAME_ENDS: Final = (
    "mere",
    "brook",
    "field",
    "wood",
    "ley",
    "croft",
    "dale",
    "hurst",
    "combe",
    "stead",
    "well",
    "ridge",
)
_FIRST_URN: Final = 900_001
"""No real school has a URN of this series."""
_EARLY_FRIDAY_SHARE: Final = 0.25
_EARLY_FRIDAYS: Final = ("13:15", "13:30", "14:00")
_TRAINING_DAYS: Final = (
    date(2026, 9, 25),
    date(2026, 11, 27),
    date(2027, 2, 12),
    date(2027, 3, 12),
    date(2027, 6, 25),
    date(2027, 7, 2),
)


@dataclass(frozen=True, slots=True)
class DemoSchool:
    """One fictional school; its place is in metres of the British National Grid."""

    urn: str
    name: str
    kind: SchoolKind
    x_m: float
    y_m: float
    is_outside: bool
    am_bell: str
    pm_finish: str
    pm_finish_friday: str
    closed_days: tuple[date, ...]


def count_schools(pupils: int) -> int:
    """Return how many schools a borough with this many pupils has: it grows, but more slowly."""
    grown: float = get_value("schools_at_450_pupils") * (pupils / 450) ** 0.6
    return max(len(_KINDS), round(grown))


def build_schools(
    count: int,
    homes_m: NDArray[np.float64],
    outer_centres_m: NDArray[np.float64],
    rng: np.random.Generator,
) -> tuple[DemoSchool, ...]:
    """Build schools near homes inside the borough and in the towns beyond it."""
    kinds = _share_out(count)
    names = [start + end for start in _NAME_STARTS for end in _NAME_ENDS]
    order = rng.permutation(len(names))
    schools = []
    for number, (plan, is_outside) in enumerate(kinds):
        name = names[order[number % len(names)]]
        again = "" if number < len(names) else f" {number // len(names) + 1}"
        middles = outer_centres_m if is_outside else homes_m
        spread_m = 350.0 if is_outside else 60.0
        place = middles[rng.integers(len(middles))] + rng.normal(0.0, spread_m, 2).clip(
            -2 * spread_m, 2 * spread_m
        )
        has_early_friday = rng.random() < _EARLY_FRIDAY_SHARE
        early = _EARLY_FRIDAYS[rng.integers(len(_EARLY_FRIDAYS))]
        closed = rng.choice(len(_TRAINING_DAYS), rng.integers(0, 3), replace=False)
        schools.append(
            DemoSchool(
                urn=str(_FIRST_URN + number),
                name=f"{name} {plan.title}{again} (fictional)",
                kind=plan.kind,
                x_m=float(place[0]),
                y_m=float(place[1]),
                is_outside=is_outside,
                am_bell=plan.bells[rng.integers(len(plan.bells))],
                pm_finish=plan.finishes[rng.integers(len(plan.finishes))],
                pm_finish_friday=early if has_early_friday else "",
                closed_days=tuple(sorted(_TRAINING_DAYS[day] for day in closed)),
            )
        )
    return tuple(schools)


def _share_out(count: int) -> list[tuple[_KindPlan, bool]]:
    """Return the kind of each school and whether it lies beyond the borough."""
    shared = []
    for plan in _KINDS:
        number = max(1, round(plan.share * count))
        outside = round(plan.share_outside * number)
        shared += [(plan, position < outside) for position in range(number)]
    return shared
