"""One session of one authority as the solver sees it: indices, integers and prices.

`Instance` is derived from a data set, a policy, a rate card and a scenario; `TravelMatrix` gives
the seconds and metres between its stops. Both are immutable and hashed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from solver.domain.dataset import AssistantNeed, Layout
from solver.domain.geography import Point, Session
from solver.domain.hashing import content_hash

UNREACHABLE: Final = 10_000_000
"""Seconds and metres between two stops that no road joins: 115 days, never within any rule."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One halt of a run: at a home (`school` is None) or at a school call.

    `riders` board here (home in AM, school in PM) or are set down here (school in AM, home in PM).
    """

    stop: int
    school: int | None
    riders: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit:
    """What a rider has in the baseline (C13): which run, in what vehicle type, when at home.

    `run` numbers the baseline's runs of this session; `home_s` is the start of boarding at home in
    AM and of the set-down there in PM.
    """

    run: int
    vehicle_type: int
    home_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rider:
    """A pupil in one session on some weekdays, with what the rules make of their needs.

    A pupil whose address or bell differs by weekday is several riders with disjoint weekdays.
    `seats`, `bays` and `folded_chairs` are what they take up; `direct_s` is the ride straight to
    their destination, `ride_cap_s` the hard and `ride_target_s` the soft limit (C2).
    """

    reference: str
    stop: int
    school: int
    weekdays: int
    seats: int
    bays: int
    folded_chairs: int
    assistant: AssistantNeed
    dwell_s: int
    direct_s: int
    ride_cap_s: int
    ride_target_s: int
    needs_lift: bool = False
    tags: tuple[str, ...] = ()
    is_solo: bool = False
    bars_mixed_schools: bool = False
    must_not_share: tuple[int, ...] = ()
    must_share: tuple[int, ...] = ()
    is_cap_from_direct: bool = False
    """The ride limit was below the direct ride, so the cap is direct time + 5 minutes."""
    habit: Habit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SchoolCall:
    """A school at one bell: where to stop, when (closed interval), and how long it takes."""

    urn: str
    name: str
    stop: int
    window_from_s: int
    window_to_s: int
    dwell_s: int
    wheelchair_extra_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetType:
    """A vehicle type with its prices in GBP for one session (half the day charge)."""

    code: str
    layouts: tuple[Layout, ...]
    has_lift: bool
    tags: tuple[str, ...]
    count: int | None
    base: int | None
    session_charge: float
    per_live_m: float
    per_dead_m: float
    per_driver_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The switches and figures of a policy that the search, the schedule and the checker share."""

    earliest_s: int
    """First boarding of an AM run at a home, not before (C4)."""
    latest_s: int
    """Last set-down of a PM run at a home, not after (C4)."""
    shared_door_extra_s: int | None
    """Seconds for each further pupil at one address; None = they board one after the other (C5)."""
    shared_pupils_per_assistant: int | None
    max_schools_per_run: int | None
    ride_excess_gbp_per_min: float
    change_run_gbp: float = 0.0
    """C13, a rider a day: their crew changes, as their run is not the one that continues theirs."""
    change_type_gbp: float = 0.0
    change_time_gbp: float = 0.0
    change_time_s: int = 600
    """A time at home changes when it moves by more than this."""


@dataclass(frozen=True, slots=True)
class PinnedRun:
    """A run that the plan must hold as it is (C13): vehicle type and visits in order."""

    vehicle_type: int
    visits: tuple[Visit, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One planning problem: one authority, one session, the day with everyone on it."""

    name: str
    session: Session
    stops: tuple[Point, ...]
    riders: tuple[Rider, ...]
    schools: tuple[SchoolCall, ...]
    fleet: tuple[FleetType, ...]
    rules: Rules
    pa_per_s: float
    pa_fixed: float
    pinned: tuple[PinnedRun, ...] = ()

    def digest(self) -> str:
        """Return the SHA-256 of the content, hexadecimal."""
        return content_hash(self)


class TravelMatrix:
    """Driving seconds and metres between every two stops of an instance, row = from.

    Parameters
    ----------
    time_s, dist_m
        int32 arrays of shape (n, n); :data:`UNREACHABLE` where no road joins the two stops.
    """

    __slots__ = ("dist_m", "time_s")

    def __init__(self, time_s: NDArray[np.int32], dist_m: NDArray[np.int32]) -> None:
        if time_s.shape != dist_m.shape or time_s.ndim != 2 or len(set(time_s.shape)) != 1:
            raise ValueError(
                f"the travel matrix needs two square arrays of one size, not "
                f"{time_s.shape} seconds and {dist_m.shape} metres"
            )
        self.time_s = np.ascontiguousarray(time_s, dtype=np.int32)
        self.dist_m = np.ascontiguousarray(dist_m, dtype=np.int32)
        self.time_s.setflags(write=False)
        self.dist_m.setflags(write=False)

    def __len__(self) -> int:
        return int(self.time_s.shape[0])

    def with_time_factor(self, factor: float) -> TravelMatrix:
        """Return the same roads with every drive `factor` times as long, rounded up to a second."""
        slower = np.where(
            self.time_s >= UNREACHABLE, UNREACHABLE, np.ceil(self.time_s * factor - 1e-9)
        ).astype(np.int32)
        return TravelMatrix(slower, self.dist_m)

    def digest(self) -> str:
        """Return the SHA-256 of both arrays, hexadecimal."""
        return content_hash(self.time_s.tobytes(), self.dist_m.tobytes())
