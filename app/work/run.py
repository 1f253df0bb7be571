"""One solve on a worker: from the row it takes to the plans it stores."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import engine, solves
from app.db import mapping
from app.db.tables import (
    DatasetRow,
    PlanRow,
    PolicyRow,
    RateCardRow,
    RoadsRow,
    ScenarioRow,
    SolveRow,
)
from app.engine import SolveOrder
from app.errors import PurgedError
from app.log import get_logger
from app.parcels import collect_answers, count_free, drop_parcels, lend_parcel
from app.storage import get_roads_path
from app.work.child import (
    Elsewhere,
    Failed,
    Finished,
    Lent,
    Progressed,
    Recalled,
    SolveProcess,
    check_plans,
    name_failure,
)
from app.work.queue import DATABASE_AWAY
from solver.domain import CostedPlan, Dataset, Plan, Policy, RateCard, SchoolrunError

if TYPE_CHECKING:
    from app.work.worker import Work

_log = get_logger(__name__)
_TICK_S: Final = 0.5
_MOST_STARTS: Final = 4
_STORE_FOR_S: Final = 600.0
"""How long a finished plan is held while the database is away."""
_Measured = tuple[tuple[CostedPlan, dict[str, Any]], ...]


class _Run:
    """A solve in hand: what was taken, what came from its process, what was asked of it."""

    def __init__(self, work: Work, authority_id: UUID, solve_id: UUID, attempt: int) -> None:
        self.work = work
        self.authority_id = authority_id
        self.solve_id = solve_id
        self.attempt = attempt
        self.dataset: Dataset | None = None
        self.numbers: dict[str, Any] | None = None
        self.checkpoint: Plan | None = None
        self.checkpoint_at = time.monotonic()
        self.beat_at = 0.0
        self.cancel_at: float | None = None
        self.parcels = _Parcels()

    def beat(self) -> bool:
        """Tell the database that the solve lives; return whether it is still ours."""
        settings = self.work.settings
        now = time.monotonic()
        packed = None
        if self.checkpoint is not None and now - self.checkpoint_at >= settings.checkpoint_s:
            packed = mapping.pack(self.checkpoint)
        try:
            with self.work.database.of_authority(self.authority_id) as session:
                asked = solves.beat(session, self.solve_id, self.attempt, self.numbers, packed)
                exchanged = None if asked is None else self._exchange(session)
        except DATABASE_AWAY as exc:
            _log.warning("database_unreachable", solve=str(self.solve_id), exc_info=exc)
            self.parcels.lose()
            return True
        self.beat_at = now
        self.numbers = None
        if exchanged is not None:
            self.parcels.take(exchanged)
        if packed is not None:
            self.checkpoint, self.checkpoint_at = None, now
        if asked and self.cancel_at is None:
            self.cancel_at = now
        return asked is not None

    def _exchange(self, session: Session) -> _Exchanged:
        """Store what is lent, drop what is recalled, and fetch answers, all in one transaction."""
        parcels = self.parcels
        lent = {
            number: lend_parcel(session, self.authority_id, self.solve_id, self.work.name, content)
            for number, content in parcels.to_lend.items()
        }
        drop_parcels(session, parcels.to_drop)
        answers = collect_answers(session, self.solve_id) if parcels.out else {}
        free = count_free(session, self.solve_id, self.work.settings)
        return _Exchanged(lent, tuple(parcels.to_drop), answers, free)


@dataclass(frozen=True, slots=True)
class _Exchanged:
    """What became of a solve's parcels in one transaction."""

    lent: dict[int, UUID]
    dropped: tuple[UUID, ...]
    answers: dict[UUID, bytes]
    free: int


@dataclass(slots=True)
class _Parcels:
    """A solve's parcels: what its process wants done with them, and what it is to be told."""

    to_lend: dict[int, bytes] = field(default_factory=dict)
    to_drop: list[UUID] = field(default_factory=list)
    out: dict[UUID, int] = field(default_factory=dict)
    free: int = 0
    news: Elsewhere | None = None

    def hear(self, message: Lent | Recalled) -> None:
        """Note what the solve's process wants."""
        if isinstance(message, Lent):
            self.to_lend[message.number] = message.parcel
            return
        self.to_lend.pop(message.number, None)
        gone = [parcel for parcel, number in self.out.items() if number == message.number]
        self.to_drop += gone
        for parcel in gone:
            del self.out[parcel]

    def lose(self) -> None:
        """Lend nothing while the database is away."""
        self.to_lend.clear()
        if self.free:
            self.free = 0
            self.news = Elsewhere(0)

    def take(self, exchanged: _Exchanged) -> None:
        """Note what was stored, dropped and fetched, once that is committed."""
        for number, parcel in exchanged.lent.items():
            del self.to_lend[number]
            self.out[parcel] = number
        self.to_drop = [parcel for parcel in self.to_drop if parcel not in exchanged.dropped]
        answers = tuple(
            (self.out.pop(parcel), answer)
            for parcel, answer in exchanged.answers.items()
            if parcel in self.out
        )
        before = () if self.news is None else self.news.answers
        if answers or exchanged.free != self.free:
            self.free = exchanged.free
            self.news = Elsewhere(self.free, (*before, *answers))


def run_solve(work: Work, authority_id: UUID, solve_id: UUID) -> None:
    """Do a queued solve and store its plans; do nothing if another worker has it."""
    with work.database.of_authority(authority_id) as session:
        row = solves.take_solve(session, solve_id)
        if row is None:
            return
        attempt = row.attempt
    _log.info("solve_started", solve=str(solve_id), authority=str(authority_id), attempt=attempt)
    run = _Run(work, authority_id, solve_id, attempt)
    try:
        outcome = _do(run)
    except DATABASE_AWAY:
        raise  # the sweep takes the solve up again when the heartbeat is old
    except Exception as exc:
        outcome = _explain(run, exc)
    if outcome is not None:
        _store(run, outcome)


def _explain(run: _Run, exc: Exception) -> Failed:
    """Log a failure and return it in words that may be shown."""
    _log.error("solve_broke", solve=str(run.solve_id), exc_info=exc)
    if isinstance(exc, SchoolrunError):
        return Failed(name_failure(exc), str(exc))
    return Failed("unexpected", f"the solve broke off ({type(exc).__name__})")


def _do(run: _Run) -> Finished | Failed | None:
    """Read what the solve needs and do it; `None` if it is not ours any more."""
    with run.work.database.of_authority(run.authority_id) as session:
        order = build_order(session, run.work, run.solve_id)
    run.dataset = order.dataset
    return _attend(run, SolveProcess(order))


def build_order(session: Session, work: Work, solve_id: UUID) -> SolveOrder:
    """Return everything that the solve needs, read from its rows."""
    solve = solves.get_solve(session, solve_id)
    scenario = session.scalars(select(ScenarioRow).where(ScenarioRow.id == solve.scenario_id)).one()
    dataset = session.scalars(select(DatasetRow).where(DatasetRow.id == solve.dataset_id)).one()
    policy = session.scalars(select(PolicyRow).where(PolicyRow.id == scenario.policy_id)).one()
    card = session.scalars(select(RateCardRow).where(RateCardRow.id == scenario.rate_card_id)).one()
    roads = session.scalars(select(RoadsRow).where(RoadsRow.id == scenario.roads_id)).one()
    if dataset.content is None:
        raise PurgedError("the data set was deleted while the solve waited")
    folder = work.settings.roads_folder
    return SolveOrder(
        kind=solve.kind,
        name=scenario.name,
        dataset=mapping.unpack(Dataset, dataset.content),
        policy=mapping.from_json(Policy, policy.content),
        rate_card=mapping.from_json(RateCard, card.content),
        roads=get_roads_path(folder, roads.content_hash, roads.suffix),
        roads_cache=folder / "cache",
        levers=tuple(scenario.levers),
        seed=solve.seed,
        seconds=solve.seconds,
        iterations=solve.iterations,
        bound_seconds=solve.bound_seconds,
        starts=_list_starts(session, solve) if solve.kind == "scenario" else (),
    )


def _list_starts(session: Session, solve: SolveRow) -> tuple[Plan, ...]:
    """List plans to start from: this solve's checkpoint, then the latest of the same data set.

    Where the data set has none yet, the authority's latest plan; the pipeline keeps what fits.
    """
    starts = [mapping.unpack(Plan, solve.checkpoint)] if solve.checkpoint else []
    ours = (
        select(PlanRow.content)
        .where(PlanRow.content.is_not(None), PlanRow.is_as_is.is_(False))
        .order_by(PlanRow.created_at.desc(), PlanRow.id)
    )
    contents = list(
        session.scalars(ours.where(PlanRow.dataset_id == solve.dataset_id).limit(_MOST_STARTS))
    ) or list(session.scalars(ours.limit(1)))
    starts += [mapping.unpack(CostedPlan, content).plan for content in contents if content]
    return tuple(starts)


def _attend(run: _Run, process: SolveProcess) -> Finished | Failed | None:
    """Listen to the solve's process until it answers; `None` if the solve is not ours any more."""
    settings = run.work.settings
    has_asked = has_progressed = False
    try:
        while True:
            message = process.wait(_TICK_S)
            if isinstance(message, Finished | Failed):
                return message
            if isinstance(message, Progressed):
                has_progressed = True
                run.numbers = message.numbers
                run.checkpoint = message.plan or run.checkpoint
            if isinstance(message, Lent | Recalled):
                run.parcels.hear(message)
            now = time.monotonic()
            if now - run.beat_at >= _TICK_S and not run.beat():
                _log.warning("solve_fenced", solve=str(run.solve_id), attempt=run.attempt)
                return None
            if run.parcels.news is not None:
                process.tell(run.parcels.news)
                run.parcels.news = None
            if run.work.stopping.is_set():
                _hand_back(run)
                return None
            if run.cancel_at is not None and not has_progressed:
                return Finished(())  # the matrix is being built: there is no plan to wait for
            if run.cancel_at is not None and not has_asked:
                process.ask_to_stop()
                has_asked = True
            if run.cancel_at is not None and now - run.cancel_at > settings.cancel_grace_s:
                return Finished(())
    except (EOFError, OSError):
        return Failed(
            "solver-ended",
            "the solver process ended without an answer, most likely for want of memory; start "
            "the solve again on a machine with more, or with fewer pupils",
        )
    finally:
        process.end()


def _hand_back(run: _Run) -> None:
    """Give the solve back to the queue because this worker was asked to end."""
    packed = mapping.pack(run.checkpoint) if run.checkpoint else None
    with run.work.database.of_authority(run.authority_id) as session:
        if solves.beat(session, run.solve_id, run.attempt, None, packed) is None:
            return
        row = solves.get_solve(session, run.solve_id, for_update=True)
        solves.requeue_solve(session, row, "its worker was asked to end")


def _measure(run: _Run, outcome: Finished | Failed) -> _Measured | Failed:
    """Return the plans with their metrics; a failure where there are none or may be none."""
    if isinstance(outcome, Failed):
        return outcome
    rejected = check_plans(outcome.plans)
    if rejected is not None:
        return rejected
    try:
        return tuple((costed, _summarise(run, costed)) for costed in outcome.plans)
    except Exception as exc:
        return _explain(run, exc)


def _summarise(run: _Run, costed: CostedPlan) -> dict[str, Any]:
    if run.dataset is None:
        raise ValueError("a plan without the data set that it was made from")
    return engine.summarise(costed, run.dataset)


def _store(run: _Run, outcome: Finished | Failed) -> None:
    """Store what the solve came to, waiting for the database while it is away."""
    measured = _measure(run, outcome)
    failure = None
    stored: _Measured = ()
    if isinstance(measured, Failed):
        failure = {"code": measured.code, "text": measured.text}
    else:
        stored = measured
    state = "succeeded" if failure is None else "failed"
    if run.cancel_at is not None and not _is_rejected(failure):
        state = "cancelled"
    until = time.monotonic() + _STORE_FOR_S
    while True:
        try:
            with run.work.database.of_authority(run.authority_id) as session:
                is_ours = solves.finish_solve(
                    session, run.solve_id, run.attempt, state, plans=stored, failure=failure
                )
            break
        except DATABASE_AWAY:
            if time.monotonic() > until:
                raise
            time.sleep(1.0)
    _log.info(
        "solve_ended" if is_ours else "solve_fenced",
        solve=str(run.solve_id),
        attempt=run.attempt,
        state=state,
        failure=failure["code"] if failure else None,
    )


def _is_rejected(failure: dict[str, Any] | None) -> bool:
    """Whether the checker refused the plan: that must be seen, cancelled or not."""
    return failure is not None and failure["code"] == "plan-rejected"
