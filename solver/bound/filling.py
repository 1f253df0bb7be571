"""Seats as a price: what a run boards before its first call is all aboard at once.

No table of a large vehicle counts its seats: that would take one number for every seat. Instead
each boarding before the first call pays a price a seat, and the run gets it back for as many seats
as there are. No run is dearer by that, as it never boards more than there is room for; walks that
board more are. The price is chosen that does most for the least of all walks (a Lagrangian
relaxation). To tell such boardings from later ones a home is two nodes: before and after a call.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solver.bound.modes import FAR, PENNY_PARTS, Capacity, Ints, Mode, count_parts
from solver.domain import UNREACHABLE

_PRICES = np.arange(0, 30 * PENNY_PARTS, PENNY_PARTS // 10)
"""Prices of a seat that are compared, whole parts of a penny."""
_FALL, _RISE, _STEP = 0.7, 1.4, PENNY_PARTS
"""From one table to the next a price goes to these shares of it at most, and a pound further."""


@dataclass(frozen=True, slots=True)
class Filling:
    """A mode whose homes are told apart by what came before them.

    Node x is node `origin[x]` of the plain mode; the first `before` nodes are its homes as they are
    boarded before the first call, then those that can be boarded after one, then the schools.
    """

    mode: Mode
    origin: Ints
    before: int

    def fold(self, walk: list[int]) -> list[int]:
        """A walk as nodes of the plain mode."""
        return [int(self.origin[node]) for node in walk]


def tell_apart(m: Mode, capacity: Capacity | None, price: int) -> Filling:
    """Tell boardings before the first call from later ones, and let them pay `price` a seat.

    The mode as it is where no capacity is given: there its seats count.
    """
    homes, schools = len(m.homes), len(m.opens)
    if capacity is None:
        return Filling(m, np.arange(homes + schools, dtype=np.int32), homes)
    called = m.opens[:, None] + m.short_time[homes:, :homes]
    called[m.school_of, np.arange(homes)] = FAR  # nobody boards for a school after its call
    ready = np.maximum(m.ready, called.min(axis=0))
    late = np.flatnonzero(ready <= m.latest)
    home = np.concatenate([np.arange(homes), late])
    origin = np.concatenate([home, np.arange(homes, homes + schools)])
    split, first_school = homes, len(home)
    between = np.ix_(origin, origin)
    leg_time = m.leg_time[between]
    leg_time[:split, split:first_school] = UNREACHABLE
    leg_time[split:, :split] = UNREACHABLE
    step_cost = m.step_cost[between]
    step_cost[:, :split] += price * capacity.use
    first_cost = m.first_cost[home]
    first_cost[:split] += price * (capacity.use - capacity.room)
    near = m.near[origin]
    near[split:first_school, 0] = np.arange(split, first_school)
    mode = m._replace(
        homes=m.homes[home],
        school_of=m.school_of[home],
        step_time=m.step_time[between],
        step_cost=step_cost,
        leg_time=leg_time,
        short_time=m.short_time[between],
        reach=m.reach[home],
        ready=np.concatenate([m.ready, ready[late]]).astype(np.int32),
        latest=m.latest[home],
        use=m.use[home],
        takes=m.takes[home],
        is_dedicated=m.is_dedicated[home],
        starts=np.arange(first_school) < split,  # no run starts after a call
        first_cost=first_cost,
        near=near,
        place=m.place[np.ix_(origin, home)],
        tabled=m.tabled[origin],
    )
    return Filling(mode, origin.astype(np.int32), homes)


def draw_lines(
    filling: Filling, capacity: Capacity, dual: Ints, walks: Iterable[list[int]], price: int
) -> NDArray[np.int64]:
    """What walks cost beyond their duals by the price of a seat: its value at nought, its slope.

    The slope of a walk is what it boards before its first call, less the room.
    """
    m, homes = filling.mode, len(filling.mode.homes)
    lines = []
    for walk in walks:
        inside = [node for node in walk if node < homes]
        cost = count_parts(m, walk) - int(dual[inside].sum())
        early = [filling.origin[node] for node in inside if node < filling.before]
        over = int(capacity.use[early].sum()) - capacity.room
        lines.append((cost - price * over, over))
    return np.array(lines, dtype=np.int64).reshape(len(lines), 2)


def choose_price(lines: NDArray[np.int64], before: int, room: int) -> int:
    """The price of a seat at which the least of walks is greatest, whole parts of a penny.

    Not far from that `before`, whose walks these are; for all the room it gives no more back than
    :data:`FAR`.
    """
    low = _FALL * before - _STEP
    high = min(_RISE * before + _STEP, FAR // max(1, room))
    near = _PRICES[(low <= _PRICES) & (high >= _PRICES)]
    least = (lines[:, :1] + lines[:, 1:] * near).min(axis=0)
    return int(near[int(least.argmax())])
