"""Pieces improved by workers elsewhere: parcels and answers as bytes, and what comes of them."""

from __future__ import annotations

import io
import pickle
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from solver.limits import SearchLimits
from solver.pieces import pad_groups
from solver.together import refine
from solver.together.parcels import Task, pack_tasks, take_answer, work_parcel
from solver.together.search import improve_together, weigh_state
from tests.solver.days import Day
from tests.solver.test_together import _build_day, _choose


def _build_tasks(day: Day, pieces: int) -> list[Task]:
    side = refine._Side(
        day.instances["AM"],
        day.matrices["AM"],
        day.plans["AM"],
        day.policy,
        day.card,
        is_only=False,
    )
    rng = np.random.default_rng(1)
    cut = side.cut(side.start, rng)
    assert len(cut) >= pieces
    return [Task(piece, side.tariff, 1.0, k) for k, piece in enumerate(cut)]


@pytest.fixture
def tasks(monkeypatch: pytest.MonkeyPatch) -> list[Task]:
    monkeypatch.setattr(refine, "PIECE_PUPILS", 10)
    return _build_tasks(_build_day(2, pupils=30), 3)


def test_an_answer_comes_into_the_pieces_it_was_made_from(tasks: list[Task]) -> None:
    before = [weigh_state(task.piece.state, task.tariff, task.piece.a)[0] for task in tasks]
    everyone = [np.flatnonzero(task.piece.state.run_of >= 0) for task in tasks]
    began = time.perf_counter()
    answer = work_parcel(
        pack_tasks(tasks, 1.0), lambda seconds: time.perf_counter() - began >= seconds
    )
    made = take_answer(tasks, answer)
    after = [weigh_state(task.piece.best, task.tariff, task.piece.a)[0] for task in tasks]
    assert made > 100
    assert sum(after) < sum(before) - 1.0
    assert all(now <= then + 1e-9 for now, then in zip(after, before, strict=True))
    for task, riders in zip(tasks, everyone, strict=True):
        assert np.array_equal(np.flatnonzero(task.piece.best.run_of >= 0), riders)
        assert (task.piece.state.free >= 0).all()


def test_an_answer_without_somebody_is_not_taken(tasks: list[Task]) -> None:
    first, second, *_ = tasks
    answer = work_parcel(pack_tasks([first, second], 0.0), lambda _: True)
    kept = first.piece.state, second.piece.state
    assert take_answer([second, first], answer) == 0  # of other pieces: not these riders
    assert first.piece.state is kept[0]
    assert second.piece.state is kept[1]
    assert take_answer([first, second], answer) == 0
    assert first.piece.state is not kept[0]
    assert second.piece.state is not kept[1]


Written = dict[str, NDArray[Any]]


def _edit(answer: bytes, change: Callable[[Written], None]) -> bytes:
    with np.load(io.BytesIO(answer)) as content:
        written = dict(content)
    change(written)
    buffer = io.BytesIO()
    np.savez(buffer, **written)
    return buffer.getvalue()


def _lengthen(written: Written) -> None:
    """A run of nobody more."""
    written["0.best.lengths"] = np.append(written["0.best.lengths"], 0)
    written["0.best.kinds"] = np.append(written["0.best.kinds"], 0)


BROKEN: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda _: b"",
    "cut off": lambda answer: answer[:-30],
    "another format": lambda answer: b"PK" + answer[2:100],
    "pickled": lambda _: pickle.dumps({"made": 1}),
    "fractions": lambda answer: _edit(
        answer, lambda w: w.update({"0.best.nodes": w["0.best.nodes"] * 1.0})
    ),
    "a table": lambda answer: _edit(
        answer, lambda w: w.update({"0.best.nodes": w["0.best.nodes"][None]})
    ),
    "a run of nobody": lambda answer: _edit(answer, _lengthen),
    "one type for all": lambda answer: _edit(
        answer, lambda w: w.update({"0.best.kinds": w["0.best.kinds"][:1]})
    ),
    "an unknown type": lambda answer: _edit(
        answer, lambda w: w.update({"0.best.kinds": w["0.best.kinds"] + 100})
    ),
    "unknown stops": lambda answer: _edit(
        answer, lambda w: w.update({"0.best.nodes": w["0.best.nodes"] + 1000})
    ),
    "stops below nought": lambda answer: _edit(
        answer, lambda w: w.update({"0.best.nodes": w["0.best.nodes"] - 1000})
    ),
    "no count": lambda answer: _edit(answer, lambda w: w.update({"made": np.array("many")})),
}


@pytest.mark.parametrize("break_it", BROKEN.values(), ids=BROKEN)
def test_broken_bytes_change_nothing(tasks: list[Task], break_it: Callable[[bytes], bytes]) -> None:
    task = tasks[0]
    answer = work_parcel(pack_tasks([task], 0.0), lambda _: True)
    kept = task.piece.state, task.piece.best
    assert take_answer([task], break_it(answer)) == 0
    assert (task.piece.state, task.piece.best) == kept
    take_answer([task], answer)
    assert task.piece.state is not kept[0]


def test_an_answer_that_parts_siblings_is_not_taken(tasks: list[Task]) -> None:
    task = next(t for t in tasks if (t.piece.state.length > 0).sum() > 1)
    answer = work_parcel(pack_tasks([task], 0.0), lambda _: True)
    run_of = task.piece.state.run_of
    one = int(np.flatnonzero(run_of >= 0)[0])
    other = int(np.flatnonzero((run_of >= 0) & (run_of != run_of[one]))[0])
    parted, group_of = pad_groups([[one, other]], len(run_of))
    apart = replace(task, piece=replace(task.piece, groups=parted, group_of=group_of))
    kept = apart.piece.state
    take_answer([apart], answer)
    assert apart.piece.state is kept
    take_answer([task], answer)
    assert task.piece.state is not kept


def test_kernels_compiled_here_serve_a_parcel(tasks: list[Task]) -> None:
    for task in tasks:
        task.step(1)
    compiled = len(improve_together.signatures)
    began = time.perf_counter()
    work_parcel(pack_tasks(tasks, 0.2), lambda seconds: time.perf_counter() - began >= seconds)
    assert len(improve_together.signatures) == compiled


class _Elsewhere:
    """Workers of another process, as threads here; one that is lost never answers."""

    def __init__(self, free: int, *, is_lost: bool = False) -> None:
        self.free, self.is_lost = free, is_lost
        self.threads = ThreadPoolExecutor(4)
        self.parcels: list[Future[bytes]] = []
        self.recalled: list[int] = []

    def count_free(self) -> int:
        return self.free

    def lend(self, parcel: bytes) -> int:
        began = time.perf_counter()
        self.parcels.append(
            self.threads.submit(
                work_parcel, parcel, lambda seconds: time.perf_counter() - began >= seconds
            )
        )
        return len(self.parcels) - 1

    def collect(self, number: int) -> bytes | None:
        done = self.parcels[number].done() and not self.is_lost
        return self.parcels[number].result() if done else None

    def recall(self, number: int) -> None:
        self.recalled.append(number)


@pytest.mark.parametrize("is_lost", [False, True])
def test_pieces_are_lent_and_the_plan_keeps_every_rule(
    monkeypatch: pytest.MonkeyPatch, *, is_lost: bool
) -> None:
    monkeypatch.setattr(refine, "PIECE_PUPILS", 10)
    monkeypatch.setattr(refine, "ROUNDS", 3)
    for name, seconds in (("LESS", 0.1), ("LEAST", 0.1), ("LATE", 0.3)):
        monkeypatch.setattr(refine, f"LENT_{name}_S", seconds)
    day = _build_day(2, pupils=40)
    before = day.price_week(day.join())
    elsewhere = _Elsewhere(1, is_lost=is_lost)
    found = _choose(day, SearchLimits(seconds=4.0, seed=1), lender=elsewhere)
    assert len(elsewhere.parcels) >= (2 if is_lost else 3)  # not in the round after a loss
    assert sorted(elsewhere.recalled) == list(range(len(elsewhere.parcels)))
    assert found is not None
    day.plans = found
    plan = day.join()
    assert day.check(plan) == ()
    assert day.price_week(plan) < before


@pytest.mark.parametrize(("free", "lent"), [(0, 0), (5, 3)])
def test_nothing_is_lent_where_nobody_is_free(
    monkeypatch: pytest.MonkeyPatch, free: int, lent: int
) -> None:
    monkeypatch.setattr(refine, "PIECE_PUPILS", 10)
    monkeypatch.setattr(refine, "ROUNDS", 1)
    for name, seconds in (("LESS", 0.1), ("LEAST", 0.0)):
        monkeypatch.setattr(refine, f"LENT_{name}_S", seconds)
    elsewhere = _Elsewhere(free)
    _choose(_build_day(2, pupils=40), SearchLimits(seconds=1.5, seed=1), lender=elsewhere)
    assert len(elsewhere.parcels) == lent


def test_after_losses_less_and_less_is_lent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refine, "PIECE_PUPILS", 10)
    monkeypatch.setattr(refine, "ROUNDS", 12)
    for name, seconds in (("LESS", 0.1), ("LEAST", 0.0), ("LATE", 0.0)):
        monkeypatch.setattr(refine, f"LENT_{name}_S", seconds)
    day = _build_day(2, pupils=40)
    rounds: list[int] = []
    make = refine._Rounds._lend

    def note(self: refine._Rounds, parcels: Any, end: float) -> Any:
        if parcels:
            rounds.append(self.number)
        return make(self, parcels, end)

    monkeypatch.setattr(refine._Rounds, "_lend", note)
    lost = _Elsewhere(1, is_lost=True)
    _choose(day, SearchLimits(seconds=3.0, seed=1), lender=lost)
    assert rounds == [1, 3, 7]
