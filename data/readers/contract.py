"""Today's contract: the register of routes and the pupils who ride on them."""

from __future__ import annotations

from typing import Final

from data.readers.fleet import find_code
from data.readers.pupils import check_duplicates
from data.readers.records import Record, RecordSet
from solver.domain import SESSIONS, ContractRoute, Session

_MOST_NAMED: Final = 10
_MOST_ASSISTANTS: Final = 9

Ride = tuple[int | None, int, str]
"""A pupil on a route in a session: place in the order, row in the file, reference."""


def check_contract(records: RecordSet) -> None:
    """Check the register within its own file: repeated routes, odd figures."""
    check_duplicates(records, "route_reference", "route")
    for record in records.records:
        if record.get("assistants", 0) > _MOST_ASSISTANTS:
            record.faulty.add("assistants")
            records.log.add(
                record.row,
                "assistants",
                "impossible-number",
                f"A route has at most {_MOST_ASSISTANTS} assistants.",
                "Correct the number.",
            )


def check_contract_pupils(riders: RecordSet) -> None:
    """Check the riders within their own file: nobody on two routes in one session."""
    routes: dict[tuple[str, Session], tuple[str, int]] = {}
    for record in riders.records:
        route, pupil = record["route_reference"], record["pupil_reference"]
        if route is None or pupil is None or "session" in record.faulty:
            continue
        for session in record.get("session", SESSIONS):
            known = routes.setdefault((pupil, session), (route.casefold(), record.row))
            if known[1] == record.row:
                continue
            is_same = known[0] == route.casefold()
            riders.log.add(
                record.row,
                "pupil_reference",
                "duplicate" if is_same else "two-routes",
                f"Pupil {pupil} is on this route in the {session} already, in row {known[1]}."
                if is_same
                else f"Pupil {pupil} is on another {session} route too, in row {known[1]}.",
                "Keep one route for each pupil and session.",
            )


def build_contract(
    routes: RecordSet, riders: RecordSet | None, codes: dict[str, str], pupils: set[str]
) -> list[ContractRoute]:
    """Build the routes whose rows are sound; unknown vehicle types, routes and pupils are reported.

    Parameters
    ----------
    routes, riders
        The register, and the file of pupils on its routes where there is one.
    codes
        Vehicle type codes by their casefolded form; none where that file could not be read.
    pupils
        Every reference of the pupils file; none where that file could not be read.
    """
    rides = _collect_rides(routes, riders, pupils) if riders else {}
    built = []
    for record in routes.records:
        code = _get_vehicle_type(record, codes, routes)
        if record["route_reference"] is None or record.faulty or code is None:
            continue
        built.append(_build_route(record, code, rides))
    _warn_of_gaps(routes, riders, rides, pupils)
    return built


def _get_vehicle_type(record: Record, codes: dict[str, str], routes: RecordSet) -> str | None:
    if record["vehicle_type"] is None:
        return None
    code = find_code(record["vehicle_type"], codes)
    if code is None and codes:
        routes.log.add(
            record.row,
            "vehicle_type",
            "unknown-vehicle-type",
            f"There is no vehicle type {record['vehicle_type']!r} in the vehicles file.",
            "Correct the code or add the type.",
        )
    return code


def _collect_rides(
    routes: RecordSet, riders: RecordSet, pupils: set[str]
) -> dict[tuple[str, Session], list[Ride]]:
    known = {r["route_reference"].casefold() for r in routes.records if r["route_reference"]}
    rides: dict[tuple[str, Session], list[Ride]] = {}
    for record in riders.records:
        route, pupil = record["route_reference"], record["pupil_reference"]
        if route is not None and route.casefold() not in known:
            riders.log.add(
                record.row,
                "route_reference",
                "unknown-route",
                "The route is not in the contract file.",
                "Correct the reference or add the route.",
            )
        if pupil is not None and pupils and pupil not in pupils:
            riders.log.add(
                record.row,
                "pupil_reference",
                "unknown-pupil",
                f"There is no pupil {pupil} in the pupils file.",
                "Correct the reference, or take the row out where the pupil no longer travels.",
            )
        if route is None or pupil is None:
            continue
        for session in record.get("session", SESSIONS):
            # An order given for both sessions is that of boarding; nobody said the way home.
            order = (
                None
                if session == "PM" and len(record.get("session", SESSIONS)) == 2
                else record["order"]
            )
            rides.setdefault((route.casefold(), session), []).append((order, record.row, pupil))
    return rides


def _build_route(
    record: Record, code: str, rides: dict[tuple[str, Session], list[Ride]]
) -> ContractRoute:
    reference = record["route_reference"]
    am, is_am_known = _in_order(rides.get((reference.casefold(), "AM"), []))
    pm, is_pm_known = _in_order(rides.get((reference.casefold(), "PM"), []))
    return ContractRoute(
        reference=reference,
        operator=record.get("operator", ""),
        vehicle_type=code,
        daily_price=record["daily_price"],
        assistants=record.get("assistants", 0),
        am_pupils=am,
        pm_pupils=pm,
        is_am_order_known=is_am_known,
        is_pm_order_known=is_pm_known,
        source=record.source,
    )


def _in_order(rides: list[Ride]) -> tuple[tuple[str, ...], bool]:
    """Return the pupils in order, and whether the file gives every one a place of their own."""
    orders = [order for order, _, _ in rides]
    is_known = bool(rides) and None not in orders and len(set(orders)) == len(orders)
    if is_known:
        rides = sorted(rides, key=lambda ride: ride[0] or 0)
    return tuple(pupil for _, _, pupil in rides), is_known


def _warn_of_gaps(
    routes: RecordSet,
    riders: RecordSet | None,
    rides: dict[tuple[str, Session], list[Ride]],
    pupils: set[str],
) -> None:
    """Warn of routes without pupils and of pupils without a route."""
    if riders is None:
        routes.log.warn(
            None,
            "",
            "no-contract-pupils",
            "No file says which pupils ride on which route, so today's routes cannot be drawn.",
            "Hand in the file contract_pupils.",
        )
        return
    ridden = {route for route, _ in rides}
    for record in routes.records:
        reference = record["route_reference"]
        if reference is not None and reference.casefold() not in ridden:
            routes.log.warn(
                record.row,
                "route_reference",
                "route-without-pupils",
                "No pupil is on this route.",
                "Add its pupils, or take the route out where it no longer runs.",
            )
    carried = {pupil for found in rides.values() for _, _, pupil in found}
    left_out = sorted(pupils - carried)
    if left_out:
        more = f" and {len(left_out) - _MOST_NAMED:,} more" if len(left_out) > _MOST_NAMED else ""
        riders.log.warn(
            None,
            "pupil_reference",
            "pupils-without-route",
            f"{len(left_out):,} pupils are on no route of today's contract: "
            f"{', '.join(left_out[:_MOST_NAMED])}{more}.",
            "Add them to their routes, unless they do not travel today.",
        )
