"""What boarding takes of a large vehicle's room, as a price instead of a count.

Whoever boards before the first call is aboard when it comes. So where every such boarding costs a
price a seat more, and the run as a whole that price times its room less, no run has become dearer.
Whatever the price is, what is proven with it holds; a good one leaves no gain in overfilling. A
home is two nodes here, boarded before the first call and after one: only the first has a price.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from solver.certificate.ground import FAR, Ground, Ints
from solver.domain import UNREACHABLE


class Seats(NamedTuple):
    """A vehicle's room, and what each home boarded before the first call takes of it."""

    room: int
    use: Ints

    def count_empty(self, way: Ints) -> int:
        """The room that a run leaves at its first call."""
        return self.room - int(self.use[way[way < len(self.use)]].sum())


def limit_price(price: int, room: int) -> int:
    """A price that gives no more than :data:`FAR` back for all the room: sums stay exact."""
    return max(0, min(price, FAR // max(1, room)))


def read_seats(ground: Ground) -> Seats:
    """The seats of a ground that counts them."""
    return Seats(ground.room, ground.use)


def change_price(ground: Ground, seats: Seats, by: int) -> Ground:
    """The ground with a price of seats that is `by` more, whole parts."""
    first_cost = ground.first_cost.copy()
    first_cost[: len(seats.use)] += by * (seats.use - seats.room)
    return ground._replace(
        live=_add(ground.live, by * seats.use),
        dead=_add(ground.dead, by * seats.use),
        first_cost=first_cost,
    )


def part_homes(ground: Ground) -> Ground:
    """The ground of a vehicle that is never full; homes before the first call come first."""
    homes, schools = len(ground.school), len(ground.opens_s)
    ready = _ready_late(ground)
    late = _find_late(ground, ready)
    home = np.concatenate([np.arange(homes), late])
    node = np.concatenate([home, np.arange(homes, homes + schools)])
    first_late, first_school = homes, len(home)
    is_shut = np.zeros((len(node), len(node)), dtype=bool)
    is_shut[:first_late, first_late:first_school] = True  # no call between
    is_shut[first_late:, :first_late] = True  # one has been
    ways = np.ix_(node, node)
    return ground._replace(
        person=ground.person[home],
        school=ground.school[home],
        leg_s=np.where(is_shut, UNREACHABLE, ground.leg_s[ways]).astype(np.int32),
        step_s=np.where(is_shut, FAR, ground.step_s[ways]).astype(np.int32),
        live=ground.live[ways],
        dead=ground.dead[ways],
        short_s=ground.short_s[node],
        cap_s=ground.cap_s[home],
        ready_s=np.concatenate([ground.ready_s, ready[late]]).astype(np.int32),
        use=np.zeros(len(home), np.int32),
        takes=np.zeros(len(home), np.int32),
        own=ground.own[home],
        starts=np.arange(len(home)) < homes,
        first_cost=ground.first_cost[home],
        known=ground.known[node],
        place=ground.place[np.ix_(node, home)],
        tabled=ground.tabled[node],
        room=0,
        seats=0,
    )


def count_aboard(ground: Ground, seats: Seats) -> Ground:
    """The ground of parted homes whose labels count the seats that its table does not."""
    return ground._replace(takes=seats.use[ground.person], seats=seats.room)


def _add(costs: Ints, more: Ints) -> Ints:
    """Costs with `more` for each of the first columns."""
    costs = costs.copy()
    costs[:, : len(more)] += more
    return costs


def _ready_late(ground: Ground) -> Ints:
    """The earliest end of boarding at each home after a call."""
    homes = len(ground.school)
    after = ground.done_from_s.astype(np.int64)
    reached = np.full(len(ground.step_s), FAR, dtype=np.int64)
    reached[homes:] = after
    for _ in range(len(reached)):  # by any way from a call on, other homes in between
        sooner = np.minimum(reached, (reached[:, None] + ground.step_s).min(axis=0))
        if (sooner == reached).all():
            break
        reached = sooner
    return np.maximum(reached[:homes], ground.ready_s).astype(np.int32)


def _find_late(ground: Ground, ready: Ints) -> Ints:
    """The homes that can be boarded after a call and still reach their school in time."""
    at = np.arange(len(ground.school))
    latest = ground.done_to_s - ground.dwell_s
    in_time = ready + ground.short_s[at, ground.school] <= latest[ground.school]
    return np.flatnonzero(in_time).astype(np.int32)
