"""Between a plan's runs (visits, clock time) and the search's node sequences (one orientation)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from solver.arrays import Arrays, IntArray
from solver.domain import (
    Instance,
    InstanceError,
    Run,
    SessionPlan,
    TravelMatrix,
    Unassigned,
    Visit,
)
from solver.kernel import find_layout
from solver.measure import RunPrice, price_session_run
from solver.schedule import time_week


def build_session_plan(
    instance: Instance,
    matrix: TravelMatrix,
    a: Arrays,
    sequences: Sequence[IntArray],
    kinds: Sequence[int],
    unassigned: tuple[Unassigned, ...],
    timed: dict[bytes, tuple[Run, RunPrice]] | None = None,
) -> SessionPlan:
    """Build the timed and priced plan of node sequences, each with its vehicle type.

    Parameters
    ----------
    timed
        Runs timed before, by content; filled here, so that unchanged runs are timed once.

    Raises
    ------
    InstanceError
        If a sequence has no timetable: the search and the schedule disagree.
    """
    timed = {} if timed is None else timed
    runs = []
    cost = sum(u.session_price for u in unassigned)
    penalty = 0.0
    for sequence, kind in zip(sequences, kinds, strict=True):
        key = bytes([kind]) + sequence.tobytes()
        if key not in timed:
            timed[key] = _time_run(instance, matrix, a, sequence, kind)
        run, price = timed[key]
        cost += price.cost
        penalty += price.penalty
        runs.append(run)
    runs.sort(key=lambda run: (run.vehicle_type, run.visits[0].stop, run.riders))
    return SessionPlan(
        session=instance.session,
        runs=tuple(runs),
        unassigned=unassigned,
        cost=cost,
        penalty=penalty,
    )


def _time_run(
    instance: Instance, matrix: TravelMatrix, a: Arrays, sequence: IntArray, kind: int
) -> tuple[Run, RunPrice]:
    untimed = Run(kind, int(find_layout(sequence, kind, a)), to_visits(instance, sequence))
    days = time_week(instance, matrix, untimed)
    if days is None or untimed.layout < 0:
        raise InstanceError("a run of the search has no timetable or layout; this is a defect")
    run = Run(kind, untimed.layout, untimed.visits, days)
    return run, price_session_run(instance, matrix, run)


def to_visits(instance: Instance, sequence: IntArray) -> tuple[Visit, ...]:
    """Turn nodes (homes first, schools last) into visits in clock order."""
    riders = len(instance.riders)
    aboard = [int(node) for node in sequence if node < riders]
    shares_doors = instance.rules.shared_door_extra_s is not None
    visits: list[Visit] = []
    for node in (int(n) for n in sequence):
        if node >= riders:
            call = node - riders
            here = tuple(r for r in aboard if instance.riders[r].school == call)
            visits.append(Visit(instance.schools[call].stop, call, here))
            continue
        stop = instance.riders[node].stop
        last = visits[-1] if visits else None
        if shares_doors and last and last.school is None and last.stop == stop:
            visits[-1] = Visit(stop, None, (*last.riders, node))
        else:
            visits.append(Visit(stop, None, (node,)))
    return tuple(visits if instance.session == "AM" else visits[::-1])


def to_sequence(instance: Instance, run: Run) -> IntArray:
    """Turn a run's visits into nodes in the search's orientation."""
    visits = run.visits if instance.session == "AM" else run.visits[::-1]
    nodes: list[int] = []
    for visit in visits:
        if visit.school is not None:
            nodes.append(len(instance.riders) + visit.school)
        else:
            nodes.extend(visit.riders)
    return np.array(nodes, dtype=np.int64)


def adapt_plan(instance: Instance, other: Instance, plan: SessionPlan) -> list[IntArray]:
    """Translate a plan made for another instance of the same session.

    Riders are matched by reference and weekdays; those unknown here are dropped, and so are
    schools that nobody is left for. Whether the rules still hold is for the caller to see.
    """
    riders = {(r.reference, r.weekdays): i for i, r in enumerate(instance.riders)}
    total = len(instance.riders)
    sequences = []
    for run in plan.runs:
        nodes: list[int] = []
        aboard: list[int] = []
        for node in to_sequence(other, run):
            if node < len(other.riders):
                who = other.riders[int(node)]
                rider = riders.get((who.reference, who.weekdays))
                if rider is not None:
                    nodes.append(rider)
                    aboard.append(rider)
                continue
            gone = other.schools[int(node) - len(other.riders)]
            calls = {
                instance.riders[r].school
                for r in aboard
                if instance.schools[instance.riders[r].school].urn == gone.urn
            }
            nodes.extend(total + call for call in sorted(calls) if total + call not in nodes)
        needed = {total + instance.riders[r].school for r in aboard}
        if aboard and needed == {n for n in nodes if n >= total}:
            sequences.append(np.array(nodes, dtype=np.int64))
    return sequences
