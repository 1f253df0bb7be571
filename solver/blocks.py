"""Runs to routes at least cost: which AM run is followed by which run, and which PM run (C11, C16).

Each run has at most one next run of the same vehicle. A run by itself pays the half-day charge. A
link from AM to PM replaces two of them by the day charge; a link within a session saves one, the
way to the base and back and the second fixed charge of assistants, and costs leg and paid gap.
So the least-cost joining is an assignment with two side constraints (vehicles of a type, hours at
the wheel), solved exactly as a mixed-integer programme by HiGHS. Money is a mean over the five
weekdays. Among joinings of equal cost the one whose AM and PM runs have most pupils in common is
taken, so that a child meets the same driver twice a day.

Before that, runs of one session on different weekdays are put on one vehicle: a school that closes
early on Fridays has Friday runs of its own, and the vehicle that is there from Monday to Thursday
makes them. Such runs never meet, so this costs nothing and saves a vehicle. It is done to single
runs; to second runs joined before it, so that on Fridays the vehicle may make another pair; and not
at all. All three are solved and the cheapest is taken: least cost among joinings whose blocks hold
runs on the same weekdays or runs so put together, which is nearly always the least of all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from solver.domain import (
    SESSIONS,
    Block,
    Instance,
    Policy,
    RateCard,
    Route,
    SchoolrunError,
    Session,
    SessionPlan,
    TravelMatrix,
)

_TIE_GBP = 1e-5
"""What a pupil in common is worth, only to choose between joinings of equal cost."""


class JoiningError(SchoolrunError):
    """The runs cannot be joined to routes within the fleet."""


@dataclass(frozen=True, slots=True)
class _Shift:
    """Runs of one session that one vehicle makes, in order on each weekday; mostly a single run."""

    session: Session
    runs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Made:
    """A run on one weekday: its stops in order, when it starts and ends, its assistants."""

    stops: list[int]
    start_s: int
    end_s: int
    crew: int


@dataclass(frozen=True, slots=True)
class _Link:
    before: int
    after: int
    cost: float
    drive_s: int = 0
    """At the wheel between the two shifts, on the longest weekday."""


def join_runs(
    instances: Mapping[Session, Instance],
    plans: Mapping[Session, SessionPlan],
    matrices: Mapping[Session, TravelMatrix],
    policy: Policy,
    rate_card: RateCard,
) -> tuple[Route, ...]:
    """Join the runs of both sessions to routes at least cost a day.

    Raises
    ------
    JoiningError
        If a type has fewer vehicles than any joining of its runs needs.
    """
    given = instances, plans, matrices, policy, rate_card
    routes: list[Route] = []
    for kind in range(len(instances["AM"].fleet)):
        single = {session: _list_single(session, plans[session], kind) for session in SESSIONS}
        chained = {
            session: _Joiner(kind, single[session], *given).chain_runs() for session in SESSIONS
        }
        ways = [
            {
                session: _share_weekdays(instances[session], plans[session], shifts[session])
                for session in SESSIONS
            }
            for shifts in (single, chained)
        ]
        ways = [way for n, way in enumerate([*ways, single]) if way not in ways[:n]]
        joiners = [_Joiner(kind, [*way["AM"], *way["PM"]], *given) for way in ways]
        for chain in _join_cheapest(joiners):
            am = tuple(n for shift in chain if shift.session == "AM" for n in shift.runs)
            pm = tuple(n for shift in chain if shift.session == "PM" for n in shift.runs)
            routes.append(
                Route(
                    reference=f"R{len(routes) + 1:03d}",
                    vehicle_type=kind,
                    am=Block("AM", am) if am else None,
                    pm=Block("PM", pm) if pm else None,
                )
            )
    return tuple(routes)


def _join_cheapest(joiners: Sequence[_Joiner]) -> list[list[_Shift]]:
    """Return the cheapest joining, the first where they are equal."""
    best: tuple[float, list[list[_Shift]]] | None = None
    failure: JoiningError | None = None
    for joiner in joiners:
        try:
            answer = joiner.solve()
        except JoiningError as error:
            failure = error
            continue
        if best is None or answer[0] < best[0] - _TIE_GBP:
            best = answer
    if best is None:
        raise failure or JoiningError("there is nothing to join")
    return best[1]


def _list_single(session: Session, plan: SessionPlan, kind: int) -> list[_Shift]:
    return [_Shift(session, (n,)) for n, run in enumerate(plan.runs) if run.vehicle_type == kind]


def _share_weekdays(instance: Instance, plan: SessionPlan, shifts: list[_Shift]) -> list[_Shift]:
    """Put runs on different weekdays on one vehicle, as many as go.

    Each round pairs as many shifts as can be paired, and of the ways to do so takes the one that
    keeps most pupils with their vehicle; rounds go on while there is a pair.
    """
    while True:
        days = [
            {day.weekday for number in shift.runs for day in plan.runs[number].days}
            for shift in shifts
        ]
        pupils = [
            {instance.riders[r].reference for n in shift.runs for r in plan.runs[n].riders}
            for shift in shifts
        ]
        pairs = [
            (i, j)
            for i in range(len(shifts))
            for j in range(i + 1, len(shifts))
            if not days[i] & days[j]
        ]
        if not pairs:
            return shifts
        worth = np.array([1 + 1e-3 * len(pupils[i] & pupils[j]) for i, j in pairs])
        column = np.arange(len(pairs))
        rows = np.array(pairs).T.ravel()
        once = coo_array(
            (np.ones(2 * len(pairs)), (rows, np.concatenate([column, column]))),
            shape=(len(shifts), len(pairs)),
        ).tocsr()
        answer = milp(
            -worth,
            constraints=[LinearConstraint(once, ub=1)],
            integrality=np.ones(len(pairs), dtype=np.int64),
            bounds=Bounds(0, 1),
            options={"mip_rel_gap": 0.0},
        )
        assert answer.x is not None  # choosing no pair is always allowed
        chosen = [pair for pair, x in zip(pairs, answer.x, strict=True) if x > 0.5]
        paired = {i for pair in chosen for i in pair}
        shifts = [
            *(_Shift(instance.session, shifts[i].runs + shifts[j].runs) for i, j in chosen),
            *(shift for i, shift in enumerate(shifts) if i not in paired),
        ]


class _Joiner:
    """The assignment model of one vehicle type."""

    def __init__(
        self,
        kind: int,
        nodes: list[_Shift],
        instances: Mapping[Session, Instance],
        plans: Mapping[Session, SessionPlan],
        matrices: Mapping[Session, TravelMatrix],
        policy: Policy,
        rate_card: RateCard,
    ) -> None:
        self.kind, self.nodes, self.policy = kind, nodes, policy
        self.instances, self.matrices = instances, matrices
        self.fleet = instances["AM"].fleet[kind]
        self.rates = rate_card.get_rates(self.fleet.code)
        self.pa_per_s = float(rate_card.pa_per_hour) / 3600
        self.pa_fixed = float(rate_card.pa_fixed)
        self.runs = [[plans[node.session].runs[n] for n in node.runs] for node in nodes]
        self.made = [self._list_made(i) for i in range(len(nodes))]
        self.driving = [self._longest_drive(i) for i in range(len(nodes))]
        self.references = [
            {instances[node.session].riders[r].reference for run in runs for r in run.riders}
            for node, runs in zip(nodes, self.runs, strict=True)
        ]

    def solve(self) -> tuple[float, list[list[_Shift]]]:
        """Join the shifts; returns what the links add, GBP a day, and each vehicle's shifts."""
        if not self.nodes:
            return 0.0, []
        links = self._list_links()
        chosen = self._choose(links)
        most = self.fleet.count
        if most is not None and len(self.nodes) - len(chosen) > most:
            raise JoiningError(
                f"{len(self.nodes) - len(chosen)} vehicles of type {self.fleet.code} are needed, "
                f"there are {most}"
            )
        links_gbp = sum(self._price_within(i) for i in range(len(self.nodes)))
        return links_gbp + sum(link.cost for link in chosen), self._follow(chosen)

    def _follow(self, chosen: Sequence[_Link]) -> list[list[_Shift]]:
        """The shifts of each vehicle, in order."""
        following = {link.before: link.after for link in chosen}
        chains = []
        for first in sorted(set(range(len(self.nodes))) - set(following.values())):
            chain = [first]
            while chain[-1] in following:
                chain.append(following[chain[-1]])
            chains.append([self.nodes[i] for i in chain])
        return chains

    def chain_runs(self) -> list[_Shift]:
        """Join runs of one session only: second runs as shifts, whatever the vehicles there are."""
        links = self._list_links()
        chosen = self._choose([link for link in links if link.cost < 0], is_fleet_limited=False)
        return [
            _Shift(chain[0].session, tuple(n for shift in chain for n in shift.runs))
            for chain in self._follow(chosen)
        ]

    def _list_links(self) -> list[_Link]:
        """Every pair of runs that one vehicle can make in this order, if it does not cost more."""
        links = []
        for i, before in enumerate(self.nodes):
            for j, after in enumerate(self.nodes):
                if i == j or (before.session, after.session) == ("PM", "AM"):
                    continue
                is_within = before.session == after.session
                link = self._link_runs(i, j) if is_within else self._link_sessions(i, j)
                if link is None:
                    continue
                driving = self.driving[i] + link.drive_s + self.driving[j]
                if driving <= self.policy.max_driving_s:
                    links.append(link)
        return [link for link in links if link.cost < 0 or self.fleet.count is not None]

    def _choose(self, links: list[_Link], *, is_fleet_limited: bool = True) -> list[_Link]:
        """Choose links of least cost; hours at the wheel are asked for only where they bind."""
        if not links:
            return []
        most = self.fleet.count if is_fleet_limited else None
        chosen = self._solve(links, most, is_wheel_limited=False)
        if self._most_driving(chosen) > self.policy.max_driving_s:
            chosen = self._solve(links, most, is_wheel_limited=True)
        return chosen

    def _most_driving(self, chosen: list[_Link]) -> int:
        following = {link.before: link for link in chosen}
        most = 0
        for first in set(range(len(self.nodes))) - {link.after for link in chosen}:
            at, total = first, self.driving[first]
            while at in following:
                link = following[at]
                at = link.after
                total += link.drive_s + self.driving[at]
            # a run that is too long by itself is the checker's to name; no joining mends it
            most = max(most, total if at != first else 0)
        return most

    def _solve(
        self, links: list[_Link], count: int | None, *, is_wheel_limited: bool
    ) -> list[_Link]:
        n, m = len(self.nodes), len(links)
        cost = np.concatenate([[link.cost for link in links], np.zeros(n)])
        column = np.arange(m)
        before = np.array([link.before for link in links])
        after = np.array([link.after for link in links])
        ones = np.ones(m)
        constraints = [
            LinearConstraint(coo_array((ones, (before, column)), shape=(n, m + n)).tocsr(), ub=1),
            LinearConstraint(coo_array((ones, (after, column)), shape=(n, m + n)).tocsr(), ub=1),
        ]
        if count is not None:
            row = np.concatenate([ones, np.zeros(n)])[None, :]
            constraints.append(LinearConstraint(row, lb=n - count))
        most = float(self.policy.max_driving_s)
        wheel = np.array(self.driving, dtype=float)
        if is_wheel_limited:
            # hours at the wheel up to and with a run: u_j >= u_i + drive_ij + wheel_j, i before j
            drive = np.array([link.drive_s for link in links], dtype=float)
            entries = np.concatenate([-(most + drive), ones, -ones])
            rows = np.concatenate([column, column, column])
            columns = np.concatenate([column, m + after, m + before])
            table = coo_array((entries, (rows, columns)), shape=(m, m + n)).tocsr()
            constraints.append(LinearConstraint(table, lb=wheel[after] - most))
        answer = milp(
            cost,
            constraints=constraints,
            integrality=np.concatenate([ones, np.zeros(n)]),
            bounds=Bounds(
                np.concatenate([np.zeros(m), np.minimum(wheel, most)]),
                np.concatenate([ones, np.full(n, most)]),
            ),
            options={"mip_rel_gap": 0.0},
        )
        if answer.x is None:
            raise JoiningError(
                f"the runs of type {self.fleet.code} cannot be joined to {self.fleet.count} "
                f"vehicles within {self.policy.max_driving_s / 3600:.1f} hours at the wheel; "
                f"add vehicles of this type or allow longer driving"
            )
        return [link for link, x in zip(links, answer.x, strict=False) if x > 0.5]

    # --- what a link is worth -------------------------------------------------------------------

    def _list_made(self, i: int) -> dict[int, list[_Made]]:
        """By weekday what a shift makes, in order."""
        made = defaultdict(list)
        for run in self.runs[i]:
            for day in run.days:
                at = [k for k, t in enumerate(day.depart_s) if t >= 0]
                stops = [run.visits[k].stop for k in at]
                made[day.weekday].append(
                    _Made(stops, day.start_s[at[0]], day.depart_s[at[-1]], day.assistants)
                )
        return made

    def _link_sessions(self, i: int, j: int) -> _Link | None:
        """From AM to PM: the day charge in place of two half-day charges."""
        before, after = self.made[i], self.made[j]
        common = before.keys() & after.keys()
        turnaround = self.policy.turnaround_s
        if any(before[d][-1].end_s + turnaround > after[d][0].start_s for d in common):
            return None
        saved = 2 * float(self.rates.half_day_charge) - float(self.rates.day_charge)
        pupils = len(self.references[i] & self.references[j])
        return _Link(i, j, -saved * len(common) / 5 - _TIE_GBP * pupils)

    def _link_runs(self, i: int, j: int) -> _Link | None:
        """Within a session, for runs on the same weekdays; None where there is no time.

        On the same weekdays, so that what holds between neighbours in a chain holds on every day.
        """
        before, after = self.made[i], self.made[j]
        if before.keys() != after.keys():
            return None
        total, longest = 0.0, 0
        for weekday in before:
            leg = self._price_leg(self.nodes[i].session, before[weekday][-1], after[weekday][0])
            if leg is None:
                return None
            total += leg[0]
            longest = max(longest, leg[1])
        return _Link(i, j, total / 5, longest)

    def _price_leg(self, session: Session, before: _Made, after: _Made) -> tuple[float, int] | None:
        """What it adds on one weekday that a run follows another, GBP, and seconds at the wheel."""
        matrix, base = self.matrices[session], self.fleet.base
        stop, first = before.stops[-1], after.stops[0]
        drive, metres = int(matrix.time_s[stop, first]), int(matrix.dist_m[stop, first])
        seconds = after.start_s - before.end_s
        if seconds < drive + self.policy.turnaround_s:
            return None
        if base is not None:
            metres -= int(matrix.dist_m[stop, base]) + int(matrix.dist_m[base, first])
            seconds -= int(matrix.time_s[stop, base]) + int(matrix.time_s[base, first])
        crew = min(before.crew, after.crew)
        cost = seconds * (self.fleet.per_driver_s + crew * self.pa_per_s)
        cost += metres * self.fleet.per_dead_m
        cost -= float(self.rates.half_day_charge) + crew * self.pa_fixed
        return cost, drive

    def _list_legs(self, i: int) -> list[list[tuple[float, int]]]:
        """By weekday the legs between the runs of a shift."""
        session = self.nodes[i].session
        legs = [
            [self._price_leg(session, *pair) for pair in pairwise(made)]
            for made in self.made[i].values()
        ]
        return [[leg for leg in day if leg is not None] for day in legs]

    def _price_within(self, i: int) -> float:
        """What the legs between the runs of a shift add, GBP on a mean weekday."""
        return sum(cost for day in self._list_legs(i) for cost, _ in day) / 5

    def _longest_drive(self, i: int) -> int:
        """Seconds at the wheel of a shift on its longest weekday."""
        matrix = self.matrices[self.nodes[i].session]
        longest = 0
        for made, legs in zip(self.made[i].values(), self._list_legs(i), strict=True):
            drive = sum(seconds for _, seconds in legs)
            for run in made:
                drive += sum(int(matrix.time_s[a, b]) for a, b in pairwise(run.stops))
            longest = max(longest, drive)
        return longest
