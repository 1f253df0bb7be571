"""The life of a solve's row: every change of state, each in one place.

    queued -> running -> succeeded | failed | cancelled
       ^---------'  (its worker died or was asked to end: back to the queue, `attempt` goes on)

A worker's updates carry the attempt that it was given (the fence): one that was thought dead and
comes back changes nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from app.db import mapping
from app.db.tables import TERMINAL, DatasetRow, PlanRow, ScenarioRow, SolveEventRow, SolveRow
from app.errors import AbsentError, PurgedError, StateError
from app.parcels import drop_parcels_of
from app.versions import get_provenance
from app.work.queue import enqueue_solve
from solver.domain import CostedPlan, content_hash


def create_solve(
    session: Session,
    scenario: ScenarioRow,
    *,
    kind: str,
    seed: int,
    seconds: float | None,
    iterations: int | None,
    bound_seconds: float = 0.0,
    priority: int = 0,
) -> SolveRow:
    """Create a solve and queue it, both in this transaction.

    Raises
    ------
    PurgedError
        If the scenario's data set was deleted.
    """
    dataset = session.scalars(
        select(DatasetRow).where(DatasetRow.id == scenario.dataset_id).with_for_update(read=True)
    ).one()
    if dataset.state != "ready":
        raise PurgedError("the scenario's data set was deleted, so it cannot be solved any more")
    row = SolveRow(
        authority_id=scenario.authority_id,
        id=uuid4(),
        kind=kind,
        scenario_id=scenario.id,
        dataset_id=scenario.dataset_id,
        seed=seed,
        seconds=seconds,
        iterations=iterations,
        bound_seconds=bound_seconds,
        state="queued",
        attempt=0,
        event_seq=0,
        provenance=get_provenance(),
    )
    session.add(row)
    session.flush()
    _add_event(session, row, "queued", {})
    row.job_id = enqueue_solve(session, row.authority_id, row.id, priority)
    session.flush()
    return row


def get_solve(session: Session, solve_id: UUID, *, for_update: bool = False) -> SolveRow:
    """Return a solve of this authority; raises :class:`AbsentError`."""
    query = select(SolveRow).where(SolveRow.id == solve_id)
    row = session.scalars(query.with_for_update() if for_update else query).one_or_none()
    if row is None:
        raise AbsentError("there is no such solve")
    return row


def take_solve(session: Session, solve_id: UUID) -> SolveRow | None:
    """Take a queued solve, its attempt going up by one; return `None` if it is not queued."""
    row = session.scalars(
        select(SolveRow)
        .where(SolveRow.id == solve_id, SolveRow.state == "queued")
        .with_for_update()
    ).one_or_none()
    if row is None:
        return None
    now = datetime.now(UTC)
    row.state = "running"
    row.attempt += 1
    row.heartbeat_at = now
    row.started_at = row.started_at or now
    row.progress = None
    row.provenance = get_provenance()
    _add_event(session, row, "running", {"attempt": row.attempt})
    return row


def beat(
    session: Session,
    solve_id: UUID,
    attempt: int,
    numbers: dict[str, Any] | None,
    checkpoint: bytes | None,
) -> bool | None:
    """Say that the solve is alive, with its progress and best plan where there are new ones.

    Returns
    -------
    bool or None
        Whether it was asked to cancel; `None` if this attempt does not own it any more.
    """
    values: dict[str, Any] = {"heartbeat_at": datetime.now(UTC)}
    if numbers is not None:
        values |= {"progress": numbers, "event_seq": SolveRow.event_seq + 1}
    if checkpoint is not None:
        values["checkpoint"] = checkpoint
    found = session.execute(
        update(SolveRow)
        .where(*_fence(solve_id, attempt))
        .values(values)
        .returning(SolveRow.authority_id, SolveRow.event_seq, SolveRow.cancel_requested_at)
    ).one_or_none()
    if found is None:
        return None
    if numbers is not None:
        session.add(
            SolveEventRow(
                authority_id=found.authority_id,
                solve_id=solve_id,
                seq=found.event_seq,
                type="progress",
                data=numbers,
            )
        )
    return found.cancel_requested_at is not None


def finish_solve(
    session: Session,
    solve_id: UUID,
    attempt: int,
    state: str,
    *,
    plans: tuple[tuple[CostedPlan, dict[str, Any]], ...] = (),
    failure: dict[str, Any] | None = None,
) -> bool:
    """End a solve with its plans and their metrics, all in this transaction.

    Returns
    -------
    bool
        False, and nothing changed, if this attempt does not own the solve any more.
    """
    row = session.scalars(
        select(SolveRow).where(*_fence(solve_id, attempt)).with_for_update()
    ).one_or_none()
    if row is None:
        return False
    for costed, summary in plans:
        session.add(_build_plan_row(row, costed, summary))
    end_solve(session, row, state, failure)
    return True


def end_solve(
    session: Session, row: SolveRow, state: str, failure: dict[str, Any] | None = None
) -> None:
    """Put a locked solve into a terminal state."""
    row.state = state
    row.failure = failure
    row.finished_at = datetime.now(UTC)
    row.checkpoint = None
    drop_parcels_of(session, row.id)
    _add_event(session, row, state, failure or {})


def requeue_solve(session: Session, row: SolveRow, reason: str) -> None:
    """Give a locked solve back to the queue; its checkpoint stays and will be a start."""
    row.state = "queued"
    row.heartbeat_at = None
    row.queued_at = datetime.now(UTC)
    drop_parcels_of(session, row.id)
    _add_event(session, row, "queued", {"reason": reason})
    row.job_id = enqueue_solve(session, row.authority_id, row.id)


def cancel_solve(session: Session, solve_id: UUID) -> SolveRow:
    """Cancel a solve: at once if it waits, through its worker if it runs.

    Raises
    ------
    StateError
        If it has succeeded or failed.
    """
    row = get_solve(session, solve_id, for_update=True)
    if row.state in TERMINAL and row.state != "cancelled":
        raise StateError(f"the solve has {row.state}, so it cannot be cancelled any more")
    if row.state == "queued":
        row.cancel_requested_at = datetime.now(UTC)
        end_solve(session, row, "cancelled")
    elif row.state == "running" and row.cancel_requested_at is None:
        row.cancel_requested_at = datetime.now(UTC)
    return row


def _fence(solve_id: UUID, attempt: int) -> tuple[ColumnElement[bool], ...]:
    return SolveRow.id == solve_id, SolveRow.state == "running", SolveRow.attempt == attempt


def _add_event(session: Session, row: SolveRow, type_: str, data: dict[str, Any]) -> None:
    row.event_seq += 1
    session.add(
        SolveEventRow(
            authority_id=row.authority_id,
            solve_id=row.id,
            seq=row.event_seq,
            type=type_,
            data=data,
        )
    )


def _build_plan_row(row: SolveRow, costed: CostedPlan, summary: dict[str, Any]) -> PlanRow:
    content = mapping.pack(costed)
    return PlanRow(
        authority_id=row.authority_id,
        id=uuid4(),
        solve_id=row.id,
        dataset_id=row.dataset_id,
        name=costed.plan.name,
        pricing=costed.pricing,
        is_as_is=costed.plan.is_as_is,
        content_hash=content_hash(costed),
        year_pence=costed.year_pence,
        summary=summary,
        route_costs=mapping.total_routes(costed),
        content=content,
    )
