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
makes them. Such runs never meet, so this costs nothing and saves a vehicle. The joining with and
the one without are both solved, and the cheaper is taken: least cost among joinings whose blocks
hold runs on the same weekdays or runs so paired, which is nearly always the least of all.
"""

from __future__ import annotations

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
    """Runs of one session that one vehicle makes on different weekdays; mostly a single run."""

    session: Session
    runs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Link:
    before: int
    after: int
    cost: float
    drive_s: int = 0
    """At the wheel between the two runs, on the longest weekday."""


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
    routes: list[Route] = []
    for kind in range(len(instances["AM"].fleet)):
        single = {session: _list_single(session, plans[session], kind) for session in SESSIONS}
        shared = {
            session: _share_weekdays(instances[session], plans[session], single[session])
            for session in SESSIONS
        }
        joiners = [
            _Joiner(
                kind, [*shifts["AM"], *shifts["PM"]], instances, plans, matrices, policy, rate_card
            )
            for shifts in ([shared] if shared == single else [shared, single])
        ]
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
        chosen = self._choose(links) if links else []
        most = self.fleet.count
        if most is not None and len(self.nodes) - len(chosen) > most:
            raise JoiningError(
                f"{len(self.nodes) - len(chosen)} vehicles of type {self.fleet.code} are needed, "
                f"there are {most}"
            )
        following = {link.before: link.after for link in chosen}
        chains = []
        for first in sorted(set(range(len(self.nodes))) - set(following.values())):
            chain = [first]
            while chain[-1] in following:
                chain.append(following[chain[-1]])
            chains.append([self.nodes[i] for i in chain])
        return sum(link.cost for link in chosen), chains

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

    def _choose(self, links: list[_Link]) -> list[_Link]:
        """Choose links of least cost; hours at the wheel are asked for only where they bind."""
        chosen = self._solve(links, is_wheel_limited=False)
        if self._most_driving(chosen) > self.policy.max_driving_s:
            chosen = self._solve(links, is_wheel_limited=True)
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

    def _solve(self, links: list[_Link], *, is_wheel_limited: bool) -> list[_Link]:
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
        if self.fleet.count is not None:
            row = np.concatenate([ones, np.zeros(n)])[None, :]
            constraints.append(LinearConstraint(row, lb=n - self.fleet.count))
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

    def _ends(self, i: int) -> dict[int, tuple[int, int, int, int, int]]:
        """By weekday: first stop, start, last stop, end, assistants."""
        ends = {}
        for run in self.runs[i]:
            for day in run.days:
                made = [k for k, t in enumerate(day.depart_s) if t >= 0]
                ends[day.weekday] = (
                    run.visits[made[0]].stop,
                    day.start_s[made[0]],
                    run.visits[made[-1]].stop,
                    day.depart_s[made[-1]],
                    day.assistants,
                )
        return ends

    def _link_sessions(self, i: int, j: int) -> _Link | None:
        """From AM to PM: the day charge in place of two half-day charges."""
        before, after = self._ends(i), self._ends(j)
        common = before.keys() & after.keys()
        if any(before[d][3] + self.policy.turnaround_s > after[d][1] for d in common):
            return None
        saved = 2 * float(self.rates.half_day_charge) - float(self.rates.day_charge)
        pupils = len(self.references[i] & self.references[j])
        return _Link(i, j, -saved * len(common) / 5 - _TIE_GBP * pupils)

    def _link_runs(self, i: int, j: int) -> _Link | None:
        """Within a session, for runs on the same weekdays; None where there is no time.

        On the same weekdays, so that what holds between neighbours in a chain holds on every day.
        """
        before, after = self._ends(i), self._ends(j)
        if before.keys() != after.keys():
            return None
        matrix, base = self.matrices[self.nodes[i].session], self.fleet.base
        total, longest = 0.0, 0
        for weekday in before:
            _, _, stop, end, crew_before = before[weekday]
            first, start, _, _, crew_after = after[weekday]
            drive, metres = int(matrix.time_s[stop, first]), int(matrix.dist_m[stop, first])
            seconds = start - end
            if seconds < drive + self.policy.turnaround_s:
                return None
            if base is not None:
                metres -= int(matrix.dist_m[stop, base]) + int(matrix.dist_m[base, first])
                seconds -= int(matrix.time_s[stop, base]) + int(matrix.time_s[base, first])
            crew = min(crew_before, crew_after)
            total += seconds * (self.fleet.per_driver_s + crew * self.pa_per_s)
            total += metres * self.fleet.per_dead_m
            total -= float(self.rates.half_day_charge) + crew * self.pa_fixed
            longest = max(longest, drive)
        return _Link(i, j, total / 5, longest)

    def _longest_drive(self, i: int) -> int:
        """Seconds at the wheel of a shift on its longest weekday."""
        matrix = self.matrices[self.nodes[i].session]
        longest = 0
        for run in self.runs[i]:
            for day in run.days:
                made = [v for v, end in zip(run.visits, day.depart_s, strict=True) if end >= 0]
                drive = sum(int(matrix.time_s[a.stop, b.stop]) for a, b in pairwise(made))
                longest = max(longest, drive)
        return longest
