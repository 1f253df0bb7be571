"""Pieces as parcels: bytes that a worker elsewhere can improve and answer with bytes.

A parcel holds numbers only: renumbered homes and schools with the drives between them, what the
rules need of each rider, the runs as they are, charges and the temperature. No names, references or
places on a map are in it. An answer holds runs; they are set and priced anew where the piece came
from, and an answer that does not hold everyone is not taken.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from solver.arrays import Arrays, IntArray
from solver.insertion import build_neighbours
from solver.limits import work_in_slices
from solver.pieces import Piece
from solver.search import seed_search
from solver.state import State, build_state, copy_state, is_sound, list_runs, set_run
from solver.together.chains import Tariff
from solver.together.search import improve_together

THREADS = 2
_log = logging.getLogger(__name__)
_Numbers = Mapping[str, NDArray[Any]]


class Lender(Protocol):
    """Workers elsewhere that may improve parcels meanwhile."""

    def count_free(self) -> int:
        """How many would take a parcel now."""

    def lend(self, parcel: bytes) -> int:
        """Hand a parcel out; returns the number to ask for it by."""

    def collect(self, number: int) -> bytes | None:
        """The answer to a parcel, or None where there is none yet."""

    def recall(self, number: int) -> None:
        """Give up a parcel: no answer is wanted any more."""


@dataclass(frozen=True, slots=True)
class Task:
    """A piece to improve, at what charges and temperature, by which chances."""

    piece: Piece
    tariff: Tariff
    heat: float
    seed: int

    def step(self, steps: int) -> None:
        """Make so many steps."""
        piece = self.piece
        improve_together(
            piece.state,
            piece.best,
            piece.groups,
            piece.group_of,
            piece.neighbours,
            steps,
            self.heat,
            self.tariff,
            piece.a,
        )

    def work(self, is_over: Callable[[], bool]) -> int:
        """Make steps until it is over; returns how many."""
        seed_search(self.seed)
        return work_in_slices(self.step, is_over)


def pack_tasks(tasks: Sequence[Task], seconds: float) -> bytes:
    """Pack pieces that are to be improved for some seconds in all."""
    content: dict[str, Any] = {"seconds": seconds, "tasks": len(tasks)}
    for n, task in enumerate(tasks):
        piece = task.piece
        used = np.bincount(piece.state.kind[piece.state.length > 0], minlength=len(piece.a.type))
        content |= {f"{n}.a.{name}": value for name, value in piece.a._asdict().items()}
        content |= {f"{n}.tariff.{name}": value for name, value in task.tariff._asdict().items()}
        content |= {
            f"{n}.groups": piece.groups,
            f"{n}.group_of": piece.group_of,
            f"{n}.fleet": piece.state.free + used,
            f"{n}.heat": task.heat,
            f"{n}.seed": task.seed,
        }
        content |= _write_runs(f"{n}.runs", piece.state)
    return _pack(content)


def work_parcel(parcel: bytes, is_over: Callable[[float], bool]) -> bytes:
    """Improve the pieces of a parcel, two at a time, and pack the answer.

    Parameters
    ----------
    is_over
        Given seconds, whether so many have gone since the parcel came, or a stop was asked for.
    """
    content = _unpack(parcel)
    tasks = [_read_task(content, n) for n in range(int(content["tasks"]))]
    seconds = float(content["seconds"])
    turns = -(-len(tasks) // THREADS)

    def work(n: int) -> int:
        until = seconds * (n // THREADS + 1) / turns
        return tasks[n].work(lambda: is_over(until))

    with ThreadPoolExecutor(THREADS) as threads:
        made = list(threads.map(work, range(len(tasks))))
    answer: dict[str, Any] = {"made": sum(made)}
    for n, task in enumerate(tasks):
        answer |= _write_runs(f"{n}.state", task.piece.state)
        answer |= _write_runs(f"{n}.best", task.piece.best)
    return _pack(answer)


def take_answer(tasks: Sequence[Task], answer: bytes) -> int:
    """Put an answer's runs into the pieces; returns the steps that were made elsewhere.

    A piece whose runs do not keep the rules, or do not hold everyone, stays as it was; so do all
    where the answer cannot be read, as from a worker of another version: whatever is wrong with
    bytes from elsewhere, the search here goes on.
    """
    try:
        content = _unpack(answer)
        found = [
            [_read_state(content, f"{n}.{name}", task.piece) for name in ("state", "best")]
            for n, task in enumerate(tasks)
        ]
        made = int(content["made"])
    except Exception as exc:
        _log.warning("an answer to a parcel could not be read (%s)", type(exc).__name__)
        return 0
    for task, (state, best) in zip(tasks, found, strict=True):
        if state is not None and best is not None:
            task.piece.state, task.piece.best = state, best
    return made


def set_runs(a: Arrays, fleet: IntArray, runs: Sequence[IntArray], kinds: IntArray) -> State | None:
    """Set runs in the vehicle types that they have; None where the rules do not allow it."""
    state = build_state(a, fleet)
    free = fleet.copy()
    for row, (nodes, kind) in enumerate(zip(runs, kinds, strict=True)):
        state.free[:] = 0
        state.free[kind] = free[kind]
        if not set_run(state, row, nodes, a):
            return None
        free[kind] -= 1
    state.free[:] = free
    return state


# --- numbers as bytes -----------------------------------------------------------------------------


def _pack(content: Mapping[str, Any]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **content)
    return buffer.getvalue()


def _unpack(packed: bytes) -> _Numbers:
    with np.load(io.BytesIO(packed), allow_pickle=False) as content:
        return dict(content)


def _write_runs(name: str, state: State) -> dict[str, IntArray]:
    runs = list_runs(state)
    return {
        f"{name}.nodes": np.concatenate([*runs, np.empty(0, np.int64)]),
        f"{name}.lengths": np.array([len(run) for run in runs], dtype=np.int64),
        f"{name}.kinds": state.kind[state.length > 0],
    }


def _read_runs(content: _Numbers, name: str) -> tuple[list[IntArray], IntArray]:
    nodes, lengths, kinds = (
        _read_integers(content[f"{name}.{part}"]) for part in ("nodes", "lengths", "kinds")
    )
    if len(lengths) != len(kinds) or (lengths < 1).any() or lengths.sum() != len(nodes):
        raise ValueError("runs are written otherwise")
    return np.split(nodes, np.cumsum(lengths)[:-1]), kinds


def _read_integers(value: NDArray[Any]) -> IntArray:
    if value.ndim != 1 or value.dtype != np.int64:
        raise ValueError(f"{value.ndim} dimensions of {value.dtype} are not a list of integers")
    return value


def _read_state(content: _Numbers, name: str, piece: Piece) -> State | None:
    """The runs of an answer as a state of the piece; None where they are not such a state."""
    a, now = piece.a, piece.state
    riders, calls, types = len(a.rider), len(a.school), len(a.type)
    runs, kinds = _read_runs(content, name)
    nodes = np.concatenate(runs)
    aboard = np.sort(nodes[nodes < riders])
    if (
        len(runs) > len(now.length)
        or ((nodes < 0) | (nodes >= riders + calls)).any()
        or ((kinds < 0) | (kinds >= types)).any()
        or not np.array_equal(aboard, np.flatnonzero(now.run_of >= 0))
        or not all(is_sound(run, a) for run in runs)
    ):
        return None
    fleet = now.free + np.bincount(now.kind[now.length > 0], minlength=types)
    state = set_runs(a, fleet, runs, kinds)
    if state is None or not _holds_groups(state, piece):
        return None
    return state


def _holds_groups(state: State, piece: Piece) -> bool:
    """C9: whether everybody who must travel together does."""
    for group in piece.groups:
        rows = state.run_of[group[group >= 0]]
        if len(set(rows.tolist())) > 1:
            return False
    return True


def _read_task(content: _Numbers, n: int) -> Task:
    a = Arrays(**dict(_read_fields(content, f"{n}.a.")))
    tariff = Tariff(**dict(_read_fields(content, f"{n}.tariff.")))
    runs, kinds = _read_runs(content, f"{n}.runs")
    state = set_runs(a, content[f"{n}.fleet"], runs, kinds)
    if state is None:
        raise ValueError("the runs of a parcel do not keep the rules")
    riders = np.arange(len(a.rider))
    calls = np.arange(len(a.school))
    piece = Piece(
        a,
        riders,
        calls,
        content[f"{n}.groups"],
        content[f"{n}.group_of"],
        build_neighbours(a),
        state,
        copy_state(state),
        len(riders),
    )
    return Task(piece, tariff, float(content[f"{n}.heat"]), int(content[f"{n}.seed"]))


def _read_fields(content: _Numbers, prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in content.items():
        if name.startswith(prefix):
            field = name.removeprefix(prefix)
            if value.ndim == 0:
                yield field, value.item()
            else:
                yield field, value.view(np.recarray) if value.dtype.names else value
