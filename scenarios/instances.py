"""From a data set and a policy to the two sessions that the solver plans."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from data.roads import RoadNetwork, build_matrix
from solver.domain import (
    SESSIONS,
    UNREACHABLE,
    Dataset,
    FleetType,
    Instance,
    Point,
    Policy,
    Pupil,
    RateCard,
    Reason,
    Rider,
    Rules,
    School,
    SchoolCall,
    SchoolrunError,
    Session,
    TravelMatrix,
    is_on,
)

METRES_A_MILE = 1609.344


class OffMapSchoolError(SchoolrunError):
    """Schools or vehicle bases lie off the roads: the wrong region, or coordinates swapped."""


@dataclass(frozen=True, slots=True)
class Sessions:
    """Both sessions of a scenario, and the homes that no road reaches, by pupil reference."""

    instances: Mapping[Session, Instance]
    matrices: Mapping[Session, TravelMatrix]
    off_map: Mapping[str, Reason]

    def find_off_map(self, rider: Rider) -> Reason | None:
        """Find why no road reaches a rider's home; None where one does, of two homes perhaps."""
        return self.off_map.get(rider.reference) if rider.direct_s >= UNREACHABLE else None


def build_sessions(
    dataset: Dataset, policy: Policy, rate_card: RateCard, network: RoadNetwork
) -> Sessions:
    """Build the AM and the PM instance with their travel matrices.

    Raises
    ------
    OffMapSchoolError
        If a school or a base is farther from the roads than the snap limit; every one is named.
    """
    places = _Places()
    drafts = {session: _list_drafts(dataset, session, places) for session in SESSIONS}
    schools = {school.urn: school for school in dataset.schools}
    for kind in dataset.vehicle_types:
        if kind.base is not None:
            places.add(kind.base)
    result = build_matrix(network, places.points, snap_limit_m=policy.snap_limit_m)
    _refuse_off_map(dataset, places, {*result.off_map, *result.unreachable})
    off_map = {}
    for draft in (d for session in SESSIONS for d in drafts[session]):
        if draft.stop in result.off_map:
            away = f"{result.snapped_m[draft.stop]:,.0f} m"
            off_map[draft.pupil.reference] = Reason(
                "C1",
                f"their home is {away} from the nearest road that a vehicle may stop on, the limit "
                f"is {policy.snap_limit_m} m: check the home's point",
            )
        elif draft.stop in result.unreachable:
            off_map[draft.pupil.reference] = Reason(
                "C1",
                "their home is on roads that are cut off from the rest of this network: check the "
                "home's point, or take a roads file of a wider area",
            )
    factors = {"AM": policy.traffic_factor_am, "PM": policy.traffic_factor_pm}
    matrices = {s: result.matrix.with_time_factor(factors[s]) for s in SESSIONS}
    instances = {
        session: _build_instance(
            dataset, policy, rate_card, session, places, drafts[session], matrices[session], schools
        )
        for session in SESSIONS
    }
    return Sessions(instances, matrices, off_map)


class _Places:
    """Stops by point, in order of first sight: homes, schools and bases share one list."""

    def __init__(self) -> None:
        self.points: list[Point] = []
        self._number: dict[Point, int] = {}

    def add(self, point: Point) -> int:
        if point not in self._number:
            self._number[point] = len(self.points)
            self.points.append(point)
        return self._number[point]


@dataclass(slots=True)
class _Draft:
    """A rider before the matrix is known: a pupil, a home, a bell, the weekdays of both."""

    pupil: Pupil
    stop: int
    bell_s: int
    weekdays: int
    school_stop: int


def _list_drafts(dataset: Dataset, session: Session, places: _Places) -> list[_Draft]:
    schools = {school.urn: school for school in dataset.schools}
    drafts = []
    for pupil in dataset.pupils:
        school = schools[pupil.school_urn]
        mask = pupil.weekdays_am if session == "AM" else pupil.weekdays_pm
        found: dict[tuple[Point, int], int] = {}
        for weekday in range(5):
            bell = (school.am_bell_s if session == "AM" else school.pm_finish_s)[weekday]
            if is_on(mask, weekday) and bell is not None:
                key = (_home_on(pupil, session, weekday), bell)
                found[key] = found.get(key, 0) | 1 << weekday
        for (home, bell), weekdays in found.items():
            at = places.add(home)
            drafts.append(_Draft(pupil, at, bell, weekdays, places.add(school.point)))
    return drafts


def _home_on(pupil: Pupil, session: Session, weekday: int) -> Point:
    for other in pupil.other_addresses:
        if other.session == session and is_on(other.weekdays, weekday):
            return other.point
    return pupil.home


def _refuse_off_map(dataset: Dataset, places: _Places, off_map: Collection[int]) -> None:
    lost = {places.points[i] for i in off_map}
    schools = [f"{s.name} (URN {s.urn})" for s in dataset.schools if s.point in lost]
    bases = [f"base of {k.code}" for k in dataset.vehicle_types if k.base in lost]
    if schools or bases:
        count = len(schools) + len(bases)
        raise OffMapSchoolError(
            f"{count} {'place lies' if count == 1 else 'places lie'} off the roads of this "
            f"network, or on roads cut off from the rest: "
            f"{', '.join((schools + bases)[:10])}. Check that the roads file covers the area and "
            f"that eastings and northings, or latitude and longitude, are not swapped."
        )


def _build_instance(
    dataset: Dataset,
    policy: Policy,
    rate_card: RateCard,
    session: Session,
    places: _Places,
    drafts: list[_Draft],
    matrix: TravelMatrix,
    schools: Mapping[str, School],
) -> Instance:
    keys = sorted({(d.pupil.school_urn, d.bell_s) for d in drafts})
    call_of = {key: i for i, key in enumerate(keys)}
    calls = tuple(
        _build_call(schools[urn], policy, session, bell, places.add(schools[urn].point))
        for urn, bell in keys
    )
    riders = [
        _build_rider(d, policy, session, matrix, call_of[d.pupil.school_urn, d.bell_s])
        for d in drafts
    ]
    by_pupil: dict[str, list[int]] = {}
    for i, draft in enumerate(drafts):
        by_pupil.setdefault(draft.pupil.reference, []).append(i)
    riders = [
        replace(
            rider,
            must_not_share=_indices(by_pupil, draft.pupil.must_not_share),
            must_share=_indices(by_pupil, draft.pupil.must_share),
        )
        for rider, draft in zip(riders, drafts, strict=True)
    ]
    return Instance(
        name=f"{dataset.name} {session}",
        session=session,
        stops=tuple(places.points),
        riders=tuple(riders),
        schools=calls,
        fleet=tuple(_build_fleet(dataset, rate_card, places)),
        rules=Rules(
            earliest_s=policy.earliest_pickup_s,
            latest_s=policy.latest_setdown_s,
            shared_door_extra_s=policy.dwell_shared_door_extra_s,
            shared_pupils_per_assistant=policy.shared_pupils_per_assistant,
            max_schools_per_run=policy.max_schools_per_run,
            ride_excess_gbp_per_min=float(policy.ride_excess_gbp_per_min),
        ),
        pa_per_s=float(rate_card.pa_per_hour) / 3600,
        pa_fixed=float(rate_card.pa_fixed),
    )


def _indices(by_pupil: Mapping[str, list[int]], references: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(sorted(i for reference in references for i in by_pupil.get(reference, ())))


def _build_call(
    school: School, policy: Policy, session: Session, bell_s: int, stop: int
) -> SchoolCall:
    if session == "AM":
        early = school.arrive_earliest_before_bell_s
        late = school.arrive_latest_before_bell_s
        begin = bell_s - (policy.arrive_earliest_before_bell_s if early is None else early)
        end = bell_s - (policy.arrive_latest_before_bell_s if late is None else late)
    else:
        within = school.collect_within_s
        begin = bell_s
        end = bell_s + (policy.collect_within_s if within is None else within)
    return SchoolCall(
        urn=school.urn,
        name=school.name,
        stop=stop,
        window_from_s=begin,
        window_to_s=end,
        dwell_s=policy.school_dwell_s if school.dwell_s is None else school.dwell_s,
        wheelchair_extra_s=policy.school_wheelchair_extra_s,
    )


def _build_rider(
    draft: _Draft, policy: Policy, session: Session, matrix: TravelMatrix, call: int
) -> Rider:
    pupil = draft.pupil
    legs = (draft.stop, draft.school_stop)
    direct = int(matrix.time_s[legs if session == "AM" else legs[::-1]])
    target = pupil.ride_target_s
    if target is None:
        is_primary = pupil.phase == "primary"
        target = policy.ride_target_primary_s if is_primary else policy.ride_target_secondary_s
    cap, is_from_direct = _cap(pupil, policy, direct, target)
    dwell = {
        "seat": policy.dwell_seat_s,
        "wheelchair": policy.dwell_wheelchair_s,
        "transfer": policy.dwell_transfer_s,
    }[pupil.mobility]
    in_chair = pupil.mobility == "wheelchair"
    return Rider(
        reference=pupil.reference,
        stop=draft.stop,
        school=call,
        weekdays=draft.weekdays,
        seats=pupil.party_size - (1 if in_chair else 0),
        bays=1 if in_chair else 0,
        folded_chairs=1 if pupil.mobility == "transfer" else 0,
        assistant=pupil.assistant,
        dwell_s=dwell if pupil.dwell_s is None else pupil.dwell_s,
        direct_s=direct,
        ride_cap_s=cap,
        ride_target_s=target,
        needs_lift=in_chair,
        tags=tuple(sorted(pupil.tags)),
        is_solo=pupil.is_solo,
        bars_mixed_schools=pupil.bars_mixed_schools,
        is_cap_from_direct=is_from_direct,
    )


def _cap(pupil: Pupil, policy: Policy, direct: int, target: int) -> tuple[int, bool]:
    """C2: the hard ride cap, and whether a ride limit had to give way to the direct ride."""
    own = pupil.ride_cap_s
    limit = policy.ride_limit_s
    if direct >= UNREACHABLE:
        return (own or limit or target), False
    if limit is None:
        if own is not None:
            return own, False
        longer = max(
            direct + policy.ride_cap_direct_extra_s, int(policy.ride_cap_direct_factor * direct)
        )
        return max(target, longer), False
    if own is not None and own < limit:
        return own, False
    if direct > limit:
        return direct + policy.ride_limit_direct_extra_s, True
    return limit, False


def _build_fleet(dataset: Dataset, rate_card: RateCard, places: _Places) -> list[FleetType]:
    fleet = []
    for kind in dataset.vehicle_types:
        rates = rate_card.get_rates(kind.code)
        fleet.append(
            FleetType(
                code=kind.code,
                layouts=kind.layouts,
                has_lift=kind.has_lift,
                tags=tuple(sorted(kind.tags)),
                count=kind.count,
                base=None if kind.base is None else places.add(kind.base),
                session_charge=float(rates.day_charge) / 2,
                per_live_m=float(rates.per_live_mile) / METRES_A_MILE,
                per_dead_m=float(rates.per_dead_mile) / METRES_A_MILE,
                per_driver_s=float(rates.per_driver_hour) / 3600,
            )
        )
    return fleet
