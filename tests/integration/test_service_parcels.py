"""Pieces of a solve improved by another worker: through the queue, row security and its process."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest
from installation import Council, Installation, start_solve, wait_for
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app import solves
from app.db.tables import ParcelRow
from app.parcels import count_free, drop_old_parcels, lend_parcel, take_parcel
from app.work.child import Lent, Recalled
from app.work.elsewhere import improve_parcel
from app.work.run import _Run
from app.work.worker import Work
from solver.together import refine
from solver.together.parcels import Task, pack_tasks, take_answer
from solver.together.search import weigh_state
from tests.solver.test_parcels import _build_tasks
from tests.solver.test_together import _build_day


@pytest.fixture(scope="module")
def installation(private_installation: Installation) -> Installation:
    """A worker runs here, so the database is this module's own."""
    return private_installation


@pytest.fixture
def tasks(monkeypatch: pytest.MonkeyPatch) -> list[Task]:
    monkeypatch.setattr(refine, "PIECE_PUPILS", 10)
    return _build_tasks(_build_day(2, pupils=30), 3)


@pytest.fixture
def run(installation: Installation, council: Council) -> Iterator[_Run]:
    """A solve that a worker has whose name is "lender": this test."""
    solve = start_solve(council.planner, council.scenario["id"], seconds=300)
    work = Work(installation.database, installation.settings, "lender")
    with installation.database.of_authority(council.authority) as session:
        row = solves.take_solve(session, UUID(solve["id"]))
        assert row is not None
        attempt, job = row.attempt, row.job_id
        (mine, _) = _note_workers(session, 1)
        session.execute(
            text(
                "UPDATE procrastinate_jobs SET status = 'doing', worker_id = :mine WHERE id = :job"
            ),
            {"mine": mine, "job": job},
        )
    yield _Run(work, council.authority, UUID(solve["id"]), attempt)
    with installation.database.of_authority(council.authority) as session:
        session.execute(text("DELETE FROM procrastinate_jobs"))
        session.execute(text("DELETE FROM procrastinate_workers WHERE last_heartbeat > now()"))
        row = solves.get_solve(session, UUID(solve["id"]), for_update=True)
        solves.end_solve(session, row, "cancelled")


def _count_parcels(run: _Run) -> int:
    with run.work.database.of_authority(run.authority_id) as session:
        return session.scalar(select(func.count()).select_from(ParcelRow)) or 0


def _count_jobs(session: Session) -> int:
    jobs = text("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'schoolrun.parcel'")
    return session.execute(jobs).scalar_one()


def _note_workers(session: Session, workers: int) -> list[int]:
    """Note living worker processes in the queue, each with its two queues' workers."""
    note = "INSERT INTO procrastinate_workers VALUES (DEFAULT, now() + interval '1 h') RETURNING id"
    return [session.execute(text(note)).scalar_one() for _ in range(2 * workers)]


def _has_answer(run: _Run) -> bool:
    assert run.beat()
    return run.parcels.news is not None and bool(run.parcels.news.answers)


def test_another_worker_improves_what_is_lent(
    installation: Installation, run: _Run, tasks: list[Task]
) -> None:
    worker = installation.start_worker()

    def is_free() -> bool:
        run.beat()
        return run.parcels.free > 0

    wait_for(is_free, 40, "a free worker")
    run.parcels.news = None
    before = sum(weigh_state(task.piece.state, task.tariff, task.piece.a)[0] for task in tasks)
    run.parcels.hear(Lent(7, pack_tasks(tasks, 2.0)))
    wait_for(lambda: _has_answer(run), 60, "an answer")
    assert run.parcels.news is not None
    ((number, answer),) = run.parcels.news.answers
    assert number == 7
    assert take_answer(tasks, answer) > 0
    after = sum(weigh_state(task.piece.best, task.tariff, task.piece.a)[0] for task in tasks)
    assert after < before
    assert _count_parcels(run) == 0
    worker.terminate()
    assert worker.wait(20) == 0


def test_what_is_recalled_or_too_old_is_gone_and_its_job_does_nothing(
    run: _Run, tasks: list[Task]
) -> None:
    run.parcels.hear(Lent(1, pack_tasks(tasks, 2.0)))
    assert run.beat()
    assert _count_parcels(run) == 1
    (parcel,) = run.parcels.out
    run.parcels.hear(Recalled(1))
    assert run.beat()
    assert _count_parcels(run) == 0
    other = Work(run.work.database, run.work.settings, "other")
    began = time.monotonic()
    improve_parcel(other, run.authority_id, parcel)
    assert time.monotonic() - began < 1.0
    with run.work.database.of_authority(run.authority_id) as session:
        left = lend_parcel(session, run.authority_id, run.solve_id, "lender", b"")
        row = session.get(ParcelRow, (run.authority_id, left))
        assert row is not None
        row.created_at = row.created_at.replace(year=2020)
        session.flush()
        drop_old_parcels(session)
    assert _count_parcels(run) == 0


def test_a_parcel_is_taken_once_and_not_by_its_lender(run: _Run, council: Council) -> None:
    database = run.work.database
    with database.of_authority(run.authority_id) as session:
        parcel = lend_parcel(session, run.authority_id, run.solve_id, "lender", b"numbers")
    with database.of_authority(run.authority_id) as session:
        assert take_parcel(session, uuid4(), "other") is None
        jobs = _count_jobs(session)
        assert take_parcel(session, parcel, "lender") is None
        assert _count_jobs(session) == jobs + 1  # queued again, for another worker
        assert take_parcel(session, parcel, "other") == b"numbers"
        assert take_parcel(session, parcel, "third") is None
        assert _count_jobs(session) == jobs + 1
    with database.of_authority(run.authority_id) as session:
        row = solves.get_solve(session, run.solve_id, for_update=True)
        solves.requeue_solve(session, row, "test")
    assert _count_parcels(run) == 0


def test_free_are_the_other_workers_less_the_jobs_that_they_have(run: _Run) -> None:
    settings = run.work.settings.model_copy(update={"worker_solves": 2})
    with run.work.database.of_authority(run.authority_id) as session:

        def count() -> int:
            session.flush()
            return count_free(session, run.solve_id, settings)

        assert count() == 0  # nobody but the lender
        _note_workers(session, 3)
        assert count() == 6
        lend_parcel(session, run.authority_id, run.solve_id, "lender", b"")
        assert count() == 5
        session.rollback()


@pytest.mark.parametrize("why", ["recalled", "a solve waits", "the worker is to end"])
def test_a_parcel_is_given_up_early(
    run: _Run, tasks: list[Task], council: Council, why: str
) -> None:
    other = Work(run.work.database, run.work.settings, "other")
    run.parcels.hear(Lent(1, pack_tasks(tasks, 80.0)))
    assert run.beat()
    (parcel,) = run.parcels.out
    with ThreadPoolExecutor(1) as threads:
        done = threads.submit(improve_parcel, other, run.authority_id, parcel)
        time.sleep(2.0)
        assert not done.done()
        if why == "recalled":
            run.parcels.hear(Recalled(1))
            assert run.beat()
        elif why == "a solve waits":
            start_solve(council.planner, council.scenario["id"], seconds=300)
        else:
            other.stopping.set()
        done.result(timeout=30.0)
    if why != "recalled":
        assert _has_answer(run)
