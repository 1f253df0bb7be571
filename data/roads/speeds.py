"""The speed model: highway classes, legal limits in Great Britain and the share that is driven.

A road's speed is its limit (the `maxspeed` tag, else the default of its class) times
:data:`DRIVEN_SHARE`. The result is free flow: the policy's traffic factors come on top. Every
figure here is graded **assumed** until it is fitted to observed times.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

SPEED_MODEL_VERSION: Final = "gb-limits-1"
"""Part of a network's content hash: change it whenever a figure or a rule of this page changes."""

KMH_PER_MPH: Final = 1.609344

DRIVEN_SHARE: Final = 0.8
"""Free-flow speed over the limit: bends, junctions and crossings cost a fifth (assumed; OSRM's car
profile takes the same share of a posted limit)."""


class HighwayClass(NamedTuple):
    """One value of OpenStreetMap's `highway` tag that a taxi or minibus may drive on."""

    name: str
    limit_mph: int
    """Limit where the road carries no `maxspeed`, graded assumed."""
    has_frontage: bool
    """A home or a school may have its door on such a road."""


HIGHWAY_CLASSES: Final = (
    HighwayClass("motorway", 70, False),  # national limit
    HighwayClass("motorway_link", 50, False),  # slip roads: national limit, bends and merging
    HighwayClass("trunk", 50, True),  # between 70 dual carriageway and 30 in towns
    HighwayClass("trunk_link", 40, False),
    HighwayClass("primary", 40, True),  # A roads: 30 in towns, 60 outside
    HighwayClass("primary_link", 30, True),
    HighwayClass("secondary", 40, True),  # B roads, as primary
    HighwayClass("secondary_link", 30, True),
    HighwayClass("tertiary", 30, True),  # restricted roads: 30 where lamps are lit
    HighwayClass("tertiary_link", 30, True),
    HighwayClass("unclassified", 30, True),  # legally 60 outside towns, seldom driven
    HighwayClass("residential", 30, True),  # 20 where signed
    HighwayClass("living_street", 10, True),  # home zones
    HighwayClass("service", 10, True),  # school drives, yards, back lanes
    HighwayClass("road", 20, True),  # class unknown to the mapper
)

CLASS_INDEX: Final = {item.name: index for index, item in enumerate(HIGHWAY_CLASSES)}

_NAMED_LIMITS_MPH: Final = {
    "gb:motorway": 70,
    "gb:nsl_dual": 70,
    "gb:nsl_single": 60,
    "gb:nsl_restricted": 30,
    "gb:urban": 30,
    "gb:rural": 60,
    "uk:motorway": 70,
    "uk:nsl_dual": 70,
    "uk:nsl_single": 60,
    "national": 60,
    "none": 70,
}

_NUMBER: Final = re.compile(r"^(\d+(?:\.\d+)?)\s*(mph|km/h|kmh|kph)?$")


def find_limit_kmh(maxspeed: str) -> float | None:
    """Return the limit that a `maxspeed` tag states, km/h, or None where it states none.

    A bare number is km/h, as OpenStreetMap defines it; of several values the lowest holds.
    """
    limits = []
    for part in re.split(r"[;|,]", maxspeed.strip().lower()):
        text = part.strip()
        if text in _NAMED_LIMITS_MPH:
            limits.append(_NAMED_LIMITS_MPH[text] * KMH_PER_MPH)
        elif match := _NUMBER.match(text):
            number = float(match[1])
            limits.append(number * KMH_PER_MPH if match[2] == "mph" else number)
    return min((limit for limit in limits if limit > 0), default=None)


def get_limit_kmh(highway: str, maxspeed: str | None) -> float:
    """Return a road's limit, km/h: its tag's, else the default of its class.

    Raises
    ------
    KeyError
        If `highway` is not one of :data:`HIGHWAY_CLASSES`.
    """
    default = HIGHWAY_CLASSES[CLASS_INDEX[highway]].limit_mph * KMH_PER_MPH
    stated = find_limit_kmh(maxspeed) if maxspeed else None
    return stated if stated is not None else default
