"""Today's contract as a plan: its own routes, timed and checked, never refused."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from scenarios.instances import Sessions
from solver.domain import (
    SESSIONS,
    Block,
    ContractRoute,
    Dataset,
    Instance,
    Plan,
    Reason,
    Route,
    Run,
    SchoolrunError,
    Session,
    SessionPlan,
    TravelMatrix,
    Visit,
    is_on,
)
from solver.hopeless import price_alone
from solver.schedule import time_week


class NoContractError(SchoolrunError):
    """The data set has no as-is register, so there is nothing to value."""


def build_as_is(dataset: Dataset, sessions: Sessions) -> Plan:
    """Build the plan of today's contract, in the order that the register gives.

    Where the register gives no order, one is planned and marked. Pupils whom no route carries are
    unassigned with that reason.

    Raises
    ------
    NoContractError
        If the data set has no contract.
    """
    if not dataset.contract:
        raise NoContractError(
            f"data set {dataset.name!r} has no contract: upload the register of today's routes"
        )
    runs: dict[Session, list[Run]] = {"AM": [], "PM": []}
    routes = []
    for contract in dataset.contract:
        kind = [t.code for t in dataset.vehicle_types].index(contract.vehicle_type)
        blocks: dict[Session, Block | None] = {}
        for session in SESSIONS:
            run = _build_run(contract, session, kind, sessions)
            blocks[session] = None
            if run is not None:
                blocks[session] = Block(session, (len(runs[session]),))
                runs[session].append(run)
        routes.append(
            Route(
                reference=contract.reference,
                vehicle_type=kind,
                am=blocks["AM"],
                pm=blocks["PM"],
                operator=contract.operator,
                contract_daily_price=contract.daily_price,
            )
        )
    listed = {
        "AM": {pupil for contract in dataset.contract for pupil in contract.am_pupils},
        "PM": {pupil for contract in dataset.contract for pupil in contract.pm_pupils},
    }
    plans = {s: _build_session(sessions, s, runs[s], listed[s]) for s in SESSIONS}
    return Plan(
        name="As-is contract",
        am_instance=sessions.instances["AM"],
        pm_instance=sessions.instances["PM"],
        am=plans["AM"],
        pm=plans["PM"],
        routes=tuple(route for route in routes if route.am or route.pm),
        is_as_is=True,
    )


def _build_session(
    sessions: Sessions, session: Session, runs: Sequence[Run], listed: Collection[str]
) -> SessionPlan:
    """Build a session's plan; those on no run are told apart by whether a route lists them."""
    instance, matrix = sessions.instances[session], sessions.matrices[session]
    carried = {r for run in runs for r in run.riders}
    unassigned = []
    for rider, who in enumerate(instance.riders):
        if rider in carried:
            continue
        reasons: tuple[Reason, ...] = ()
        if who.reference not in listed:
            reasons += (Reason("C1", "today's contract has no route for them"),)
        lost = sessions.find_off_map(who)
        if lost is not None:
            reasons += (lost,)
        unassigned.append(price_alone(instance, matrix, rider, reasons))
    return SessionPlan(
        session=session, runs=tuple(runs), unassigned=tuple(unassigned), cost=0.0, penalty=0.0
    )


def _build_run(
    contract: ContractRoute, session: Session, kind: int, sessions: Sessions
) -> Run | None:
    instance, matrix = sessions.instances[session], sessions.matrices[session]
    pupils = contract.am_pupils if session == "AM" else contract.pm_pupils
    is_known = contract.is_am_order_known if session == "AM" else contract.is_pm_order_known
    place = {reference: i for i, reference in enumerate(pupils)}
    riders = [
        r
        for r, who in enumerate(instance.riders)
        if who.reference in place and sessions.find_off_map(who) is None
    ]
    if not riders:
        return None
    if is_known:
        riders.sort(key=lambda r: (place[instance.riders[r].reference], r))
    else:
        riders = _plan_order(instance, matrix, riders)
    run = Run(
        vehicle_type=kind,
        layout=_pick_layout(instance, kind, riders, contract.assistants),
        visits=_build_visits(instance, riders),
        is_order_planned=not is_known,
    )
    days = time_week(instance, matrix, run, is_forced=True)
    assert days is not None
    return replace(run, days=tuple(replace(day, assistants=contract.assistants) for day in days))


def _plan_order(instance: Instance, matrix: TravelMatrix, riders: Sequence[int]) -> list[int]:
    """Order homes: in AM the farthest from school first, then always the nearest; PM the mirror."""
    is_am = instance.session == "AM"

    def drive(a: int, b: int) -> int:
        return int(matrix.time_s[a, b] if is_am else matrix.time_s[b, a])

    left = list(riders)
    who = instance.riders
    first = max(left, key=lambda r: (drive(who[r].stop, instance.schools[who[r].school].stop), -r))
    order = [first]
    left.remove(first)
    while left:
        here = who[order[-1]].stop
        nearest = min(left, key=lambda r: (drive(here, who[r].stop), r))
        order.append(nearest)
        left.remove(nearest)
    return order if is_am else order[::-1]


def _build_visits(instance: Instance, riders: Sequence[int]) -> tuple[Visit, ...]:
    """Homes in the given order with neighbours at one address joined, and schools by their bell."""
    homes: list[Visit] = []
    for r in riders:
        stop = instance.riders[r].stop
        if homes and homes[-1].stop == stop:
            homes[-1] = Visit(stop, None, (*homes[-1].riders, r))
        else:
            homes.append(Visit(stop, None, (r,)))
    calls = sorted(
        {instance.riders[r].school for r in riders},
        key=lambda c: (instance.schools[c].window_from_s, c),
    )
    schools = [
        Visit(
            instance.schools[call].stop,
            call,
            tuple(r for r in riders if instance.riders[r].school == call),
        )
        for call in calls
    ]
    return tuple([*homes, *schools] if instance.session == "AM" else [*schools, *homes])


def _pick_layout(instance: Instance, kind: int, riders: Sequence[int], assistants: int) -> int:
    """The layout that lacks least on the fullest weekday; the checker says where it does not do."""
    layouts = instance.fleet[kind].layouts

    def lacking(number: int) -> int:
        layout = layouts[number]
        worst = 0
        for weekday in range(5):
            day = [
                instance.riders[r] for r in riders if is_on(instance.riders[r].weekdays, weekday)
            ]
            worst = max(
                worst,
                max(0, assistants + sum(who.seats for who in day) - layout.seats)
                + max(0, sum(who.bays for who in day) - layout.bays)
                + max(0, sum(who.folded_chairs for who in day) - layout.folded_chairs),
            )
        return worst

    return min(range(len(layouts)), key=lambda number: (lacking(number), number))
