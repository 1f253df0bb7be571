"""One mode for all crews: assistants of riders' own paid rider by rider.

Whoever has an assistant of their own pays for them as far as they go for certain: the way straight
to school. They go with the whole run, so no run is dearer by that, whatever its crew; what holds
for this mode holds for each crew, and it is labelled once instead of once a crew. Only where it
does not hold and knows no run that undercuts, is it parted into the crews that it stands for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from solver.bound.modes import MOST_CREW, Ground, Mode, ModeKey, cost_of
from solver.bound.walks import Walk, call_once
from solver.domain import BY_RIDER


class Crews:
    """The modes that are asked: each type's crews as one, or those it has been parted into.

    `asked` are those now, `all` every crew apart.
    """

    def __init__(self, ground: Ground, *, are_one: bool) -> None:
        self.ground = ground
        self.all = [key for key in ground.members if key.dedicated != BY_RIDER]
        one = [key for key in ground.members if key.dedicated == BY_RIDER and are_one]
        joined = {key for crew in one for key in self.list_crews(crew)}
        self.asked = sorted({*self.all, *one} - joined, key=list(ground.members).index)

    def list_crews(self, key: ModeKey) -> list[ModeKey]:
        """The crews that a mode stands for."""
        if key.dedicated != BY_RIDER:
            return [key]
        return [one for one in self.all if replace(one, dedicated=BY_RIDER) == key]

    def list_apart(self, keys: Iterable[ModeKey]) -> list[ModeKey]:
        """All the crews that modes stand for."""
        return [one for key in keys for one in self.list_crews(key)]

    def part(self, key: ModeKey) -> list[ModeKey]:
        """Ask a mode's crews instead from now on; they begin with what it has learned."""
        crews = self.list_crews(key)
        for one in crews:
            self.ground.inherit(one, key)
        at = self.asked.index(key)
        self.asked[at : at + 1] = crews
        return crews

    def pay(self, key: ModeKey, walks: list[Walk]) -> list[Walk]:
        """A mode's walks at what they cost with their own crews, without those that none can go."""
        if key.dedicated != BY_RIDER:
            return walks
        ground = self.ground
        paid = []
        modes: dict[ModeKey, tuple[Mode, dict[int, int]]] = {}

        def price(places: list[int]) -> float | None:
            crew = replace(key, dedicated=min(self._count_own(places), MOST_CREW))
            if crew not in ground.members:
                return None
            if crew not in modes:
                schools = range(len(ground.riders), len(ground.stops))
                nodes = [*ground.members[crew], *schools]
                modes[crew] = ground.build_mode(crew), {place: n for n, place in enumerate(nodes)}
            mode, local = modes[crew]
            return cost_of(mode, [local[place] for place in places])

        for walk in walks:
            cost = price(walk.places)
            once = price(call_once(walk.places, len(ground.riders)))
            if cost is not None and once is not None:
                paid.append(Walk(cost, once, walk.places))
        return paid

    def _count_own(self, places: list[int]) -> int:
        riders, people = self.ground.riders, self.ground.instance.riders
        return sum(people[riders[x]].assistant == "dedicated" for x in places if x < len(riders))
