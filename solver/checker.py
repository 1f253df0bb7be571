"""The independent check of a plan: every time, load and pound again, knowing no solver.

Imports the domain and nothing else of ours. Works in clock time with plain integers; the least
duration of a run is found by sweeping and halving, not as the search or the schedule find it.
Runs in tests and in production: no plan of ours is stored with a violation.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

from solver.domain import (
    SESSIONS,
    Instance,
    Plan,
    Policy,
    Route,
    Run,
    RunDay,
    Session,
    SessionPlan,
    TravelMatrix,
    Violation,
    is_on,
)

_NEVER = 10**9
_MONEY_TOLERANCE = 0.01


def check_session_plan(
    instance: Instance, matrix: TravelMatrix, plan: SessionPlan, *, is_as_is: bool = False
) -> tuple[Violation, ...]:
    """Check one session's plan against C1-C12 and its stated objective.

    Parameters
    ----------
    is_as_is
        The plan is a council's own: its timetable need not have the least duration, and nothing
        is claimed about its objective.

    Returns
    -------
    tuple of Violation
        Empty where nothing is broken.
    """
    checker = _SessionChecker(instance, matrix, plan, is_as_is)
    return tuple(checker.check())


def check_plan(
    plan: Plan, matrices: Mapping[Session, TravelMatrix], policy: Policy
) -> tuple[Violation, ...]:
    """Check both sessions and the joining of runs to routes (C11, C16)."""
    found: list[Violation] = []
    for session in SESSIONS:
        instance, session_plan = plan.get_session(session)
        found += check_session_plan(
            instance, matrices[session], session_plan, is_as_is=plan.is_as_is
        )
    if found and not plan.is_as_is:
        return tuple(found)
    found += _check_routes(plan, matrices, policy)
    return tuple(found)


@dataclass(slots=True)
class Halt:
    """One visit that is made on the day that is looked at."""

    number: int
    stop: int
    school: int | None
    present: list[int]
    dwell_s: int


class SessionTimer:
    """Dwell, crew and least duration of runs of one session, in clock time."""

    def __init__(self, instance: Instance, matrix: TravelMatrix) -> None:
        self.instance, self.matrix = instance, matrix
        self.is_am = instance.session == "AM"

    def crew(self, riders: Collection[int]) -> int:
        """C8: assistants due for these riders."""
        dedicated = sum(self.instance.riders[r].assistant == "dedicated" for r in riders)
        shared = sum(self.instance.riders[r].assistant == "shared" for r in riders)
        ratio = self.instance.rules.shared_pupils_per_assistant or max(shared, 1)
        return dedicated + (shared + ratio - 1) // ratio

    def halts(self, run: Run, riders: Collection[int]) -> list[Halt]:
        """List the visits at which one of `riders` boards or alights."""
        halts = []
        for number, visit in enumerate(run.visits):
            present = [r for r in visit.riders if r in riders]
            if present:
                dwell = self.dwell(visit.school, present)
                halts.append(Halt(number, visit.stop, visit.school, present, dwell))
        return halts

    def dwell(self, school: int | None, present: Sequence[int]) -> int:
        """C5: seconds that a halt takes."""
        riders = self.instance.riders
        if school is not None:
            call = self.instance.schools[school]
            chairs = sum(riders[r].bays for r in present)
            return call.dwell_s + (call.wheelchair_extra_s if chairs else 0)
        longest = max(riders[r].dwell_s for r in present)
        return longest + (len(present) - 1) * (self.instance.rules.shared_door_extra_s or 0)

    def least_span(self, halts: Sequence[Halt]) -> tuple[int, int]:
        """First start and last end of least duration: the earliest end, the latest first start.

        Raises
        ------
        ValueError
            If the halts have no timetable.
        """
        earliest = self._sweep(halts, -_NEVER)
        if earliest is None:
            raise ValueError("the halts have no timetable")
        end = earliest[-1]
        low, high = earliest[0], end
        while low < high:
            middle = (low + high + 1) // 2
            times = self._sweep(halts, middle)
            if times is not None and times[-1] == end:
                low = middle
            else:
                high = middle - 1
        return low, end + halts[-1].dwell_s

    def _sweep(self, halts: Sequence[Halt], first: int) -> list[int] | None:
        """Earliest starts when the first is not before `first`; None where there are none."""
        rules = self.instance.rules
        low, high = [], []
        for halt in halts:
            if halt.school is not None:
                call = self.instance.schools[halt.school]
                low.append(call.window_from_s)
                high.append(call.window_to_s)
            else:
                low.append(rules.earliest_s if self.is_am else -_NEVER)
                high.append(_NEVER if self.is_am else rules.latest_s)
        low[0] = max(low[0], first)
        rides = self.rides(halts)
        while True:
            times: list[int] = []
            for i, halt in enumerate(halts):
                t = low[i]
                if i:
                    before = halts[i - 1]
                    drive = int(self.matrix.time_s[before.stop, halt.stop])
                    t = max(t, times[-1] + before.dwell_s + drive)
                if t > high[i]:
                    return None
                times.append(t)
            late = [(i, times[j] - most) for i, j, most in rides if times[i] < times[j] - most]
            if not late:
                return times
            for i, t in late:
                low[i] = max(low[i], t)

    def rides(self, halts: Sequence[Halt]) -> list[tuple[int, int, int]]:
        """List boarding halt, alighting halt and most seconds between their starts (C2)."""
        board: dict[int, int] = {}
        rides = []
        for j, halt in enumerate(halts):
            for rider in halt.present:
                if (halt.school is None) == self.is_am:
                    board[rider] = j
                elif rider in board:
                    i = board[rider]
                    cap = self.instance.riders[rider].ride_cap_s
                    rides.append((i, j, halts[i].dwell_s + cap))
        return rides


class _SessionChecker:
    def __init__(
        self, instance: Instance, matrix: TravelMatrix, plan: SessionPlan, is_as_is: bool
    ) -> None:
        self.instance, self.matrix, self.plan, self.is_as_is = instance, matrix, plan, is_as_is
        self.is_am = instance.session == "AM"
        self.timer = SessionTimer(instance, matrix)

    def check(self) -> Iterator[Violation]:
        if self.plan.session != self.instance.session:
            yield self._violation("C1", None, "the plan is for the other session")
            return
        yield from self._check_everyone()
        is_sound = True
        for number, run in enumerate(self.plan.runs):
            broken = list(self._check_shape(number, run))
            yield from broken
            if broken and not self.is_as_is:
                is_sound = False
                continue
            yield from self._check_company(number, run)
            yield from self._check_vehicle(number, run)
            yield from self._check_days(number, run)
        yield from self._check_siblings()
        if is_sound and not self.is_as_is:
            yield from self._check_counts()
            yield from self._check_objective()

    def _violation(
        self, rule: str, run: int | None, text: str, riders: Collection[int] = ()
    ) -> Violation:
        names = tuple(sorted({self.instance.riders[r].reference for r in riders}))
        return Violation(rule, self.instance.session, run, text, names)

    # --- C1, C12: everyone, once, in the right order ----------------------------------------------

    def _check_everyone(self) -> Iterator[Violation]:
        times = Counter(r for run in self.plan.runs for r in set(run.riders))
        out = Counter(u.rider for u in self.plan.unassigned)
        for rider in range(len(self.instance.riders)):
            carried, left = times[rider], out[rider]
            if carried + left == 0:
                yield self._violation("C1", None, "a pupil is neither carried nor named", [rider])
            if carried > 1:
                yield self._violation("C1", None, f"a pupil is on {carried} runs", [rider])
            if left > 1 or (carried and left):
                yield self._violation("C1", None, "a pupil is carried and unassigned", [rider])
        for item in self.plan.unassigned:
            if not item.reasons:
                yield self._violation(
                    "C1", None, "a pupil is left out without reason", [item.rider]
                )

    def _check_shape(self, number: int, run: Run) -> Iterator[Violation]:
        fleet = self.instance.fleet
        if not 0 <= run.vehicle_type < len(fleet):
            yield self._violation("C6", number, "unknown vehicle type")
            return
        if not 0 <= run.layout < len(fleet[run.vehicle_type].layouts):
            yield self._violation("C6", number, "unknown layout")
        boarded: set[int] = set()
        alighted: set[int] = set()
        calls: list[int] = []
        for visit in run.visits:
            if not visit.riders:
                yield self._violation("C1", number, "a stop is made for nobody")
            if visit.school is not None:
                calls.append(visit.school)
                if visit.stop != self.instance.schools[visit.school].stop:
                    yield self._violation("C1", number, "a school call is at another place")
            yield from self._check_visit(number, visit.stop, visit.school, visit.riders)
            boards = (visit.school is None) == self.is_am
            for rider in visit.riders:
                if boards:
                    if rider in boarded:
                        yield self._violation("C1", number, "a pupil boards twice", [rider])
                    boarded.add(rider)
                else:
                    if rider not in boarded or rider in alighted:
                        yield self._violation(
                            "C1", number, "a pupil alights without being aboard", [rider]
                        )
                    alighted.add(rider)
        if boarded - alighted:
            yield self._violation("C1", number, "a pupil never alights", boarded - alighted)
        if not run.visits:
            yield self._violation("C1", number, "the run is empty")
        if len(set(calls)) != len(calls):
            yield self._violation("C12", number, "a school is called at twice")
        most = self.instance.rules.max_schools_per_run
        if most is not None and len(set(calls)) > most:
            yield self._violation("C12", number, f"{len(set(calls))} schools, {most} allowed")

    def _check_visit(
        self, number: int, stop: int, school: int | None, riders: Sequence[int]
    ) -> Iterator[Violation]:
        for rider in riders:
            who = self.instance.riders[rider]
            if school is None and stop != who.stop:
                yield self._violation("C1", number, "a pupil's home stop is another", [rider])
            if school is not None and school != who.school:
                yield self._violation("C1", number, "a pupil is at a school not theirs", [rider])
        if school is None and self.instance.rules.shared_door_extra_s is None and len(riders) > 1:
            yield self._violation("C5", number, "several pupils board as one at a door", riders)

    # --- C9: who travels with whom ----------------------------------------------------------------

    def _check_company(self, number: int, run: Run) -> Iterator[Violation]:
        riders = run.riders
        schools = {self.instance.schools[self.instance.riders[r].school].urn for r in riders}
        pupils = {self.instance.riders[r].reference for r in riders}
        for one, other in combinations(riders, 2):
            barred = self.instance.riders[one].must_not_share
            if other in barred or one in self.instance.riders[other].must_not_share:
                yield self._violation(
                    "C9", number, "two pupils who must not share a run", [one, other]
                )
        for rider in riders:
            who = self.instance.riders[rider]
            if who.is_solo and len(pupils) > 1:
                yield self._violation("C9", number, "a solo pupil has company", [rider])
            if who.bars_mixed_schools and len(schools) > 1:
                yield self._violation("C9", number, "a pupil bars mixed schools", [rider])

    def _check_siblings(self) -> Iterator[Violation]:
        run_of = {r: i for i, run in enumerate(self.plan.runs) for r in run.riders}
        pairs = {
            (min(rider, sibling), max(rider, sibling))
            for rider, who in enumerate(self.instance.riders)
            for sibling in who.must_share
            if who.school == self.instance.riders[sibling].school
        }
        for one, other in sorted(pairs):
            both = one in run_of and other in run_of
            if both and run_of[one] != run_of[other]:
                yield self._violation("C9", None, "siblings ride apart", [one, other])

    # --- C6, C7, C8, C10: the vehicle and its crew ------------------------------------------------

    def _check_vehicle(self, number: int, run: Run) -> Iterator[Violation]:
        kind = self.instance.fleet[run.vehicle_type]
        for rider in run.riders:
            who = self.instance.riders[rider]
            if (who.needs_lift or who.bays) and not kind.has_lift:
                yield self._violation("C7", number, f"{kind.code} has no lift or ramp", [rider])
            if not set(who.tags) <= set(kind.tags):
                yield self._violation(
                    "C10", number, f"{kind.code} lacks what a pupil needs", [rider]
                )

    def _check_loads(
        self, number: int, run: Run, halts: Sequence[Halt], crew: int
    ) -> Iterator[Violation]:
        layout = self.instance.fleet[run.vehicle_type].layouts[run.layout]
        aboard: set[int] = set()
        for halt in halts:
            if (halt.school is None) == self.is_am:
                aboard.update(halt.present)
            else:
                aboard.difference_update(halt.present)
            seats = crew + sum(self.instance.riders[r].seats for r in aboard)
            bays = sum(self.instance.riders[r].bays for r in aboard)
            folded = sum(self.instance.riders[r].folded_chairs for r in aboard)
            if seats > layout.seats or bays > layout.bays or folded > layout.folded_chairs:
                yield self._violation(
                    "C6",
                    number,
                    f"{seats} seats, {bays} bays and {folded} folded chairs in a layout of "
                    f"{layout.seats}, {layout.bays} and {layout.folded_chairs}",
                )
                return

    # --- C2-C5: times -----------------------------------------------------------------------------

    def _check_days(self, number: int, run: Run) -> Iterator[Violation]:
        weekdays = {
            d
            for d in range(5)
            if any(is_on(self.instance.riders[r].weekdays, d) for r in run.riders)
        }
        timed = [day.weekday for day in run.days]
        if sorted(timed) != sorted(weekdays):
            yield self._violation("C15", number, f"timed on weekdays {timed}, needed {weekdays}")
            return
        for day in run.days:
            riders = {r for r in run.riders if is_on(self.instance.riders[r].weekdays, day.weekday)}
            halts = self.timer.halts(run, riders)
            if day.assistants != self.timer.crew(riders):
                yield self._violation(
                    "C8",
                    number,
                    f"{day.assistants} assistants where {self.timer.crew(riders)} are due",
                )
            yield from self._check_loads(number, run, halts, self.timer.crew(riders))
            yield from self._check_timetable(number, run, day, halts)

    def _check_timetable(
        self, number: int, run: Run, day: RunDay, halts: Sequence[Halt]
    ) -> Iterator[Violation]:
        made = {halt.number for halt in halts}
        for i in range(len(run.visits)):
            if i not in made and (day.arrive_s[i], day.start_s[i], day.depart_s[i]) != (-1, -1, -1):
                yield self._violation("C15", number, "a stop is timed on a day with nobody there")
        for halt in halts:
            i = halt.number
            if day.start_s[i] < day.arrive_s[i]:
                yield self._violation("C5", number, "service starts before the vehicle is there")
            if day.depart_s[i] - day.start_s[i] != halt.dwell_s:
                yield self._violation(
                    "C5",
                    number,
                    f"a stop of {day.depart_s[i] - day.start_s[i]} s should take {halt.dwell_s} s",
                )
            yield from self._check_window(number, halt, day.start_s[i])
        for before, after in pairwise(halts):
            drive = int(self.matrix.time_s[before.stop, after.stop])
            if day.arrive_s[after.number] != day.depart_s[before.number] + drive:
                yield self._violation("C5", number, f"a drive of {drive} s is timed otherwise")
        yield from self._check_rides(number, day, halts)
        if not self.is_as_is and halts:
            taken = (day.start_s[halts[0].number], day.depart_s[halts[-1].number])
            try:
                least = self.timer.least_span(halts)
            except ValueError:
                return
            if taken != least:
                yield self._violation(
                    "S1",
                    number,
                    f"runs {_clock(taken[0])} to {_clock(taken[1])} where {_clock(least[0])} to "
                    f"{_clock(least[1])} would do",
                )

    def _check_window(self, number: int, halt: Halt, start_s: int) -> Iterator[Violation]:
        rules = self.instance.rules
        if halt.school is not None:
            call = self.instance.schools[halt.school]
            if not call.window_from_s <= start_s <= call.window_to_s:
                yield self._violation(
                    "C3",
                    number,
                    f"at a school at {_clock(start_s)}, its window is "
                    f"{_clock(call.window_from_s)} to {_clock(call.window_to_s)}",
                )
        elif self.is_am and start_s < rules.earliest_s:
            yield self._violation("C4", number, f"a pick-up at {_clock(start_s)}", halt.present)
        elif not self.is_am and start_s > rules.latest_s:
            yield self._violation("C4", number, f"a set-down at {_clock(start_s)}", halt.present)

    def _check_rides(self, number: int, day: RunDay, halts: Sequence[Halt]) -> Iterator[Violation]:
        board: dict[int, int] = {}
        for halt in halts:
            for rider in halt.present:
                if (halt.school is None) == self.is_am:
                    board[rider] = day.depart_s[halt.number]
                    continue
                if rider not in board:
                    continue
                ride = day.start_s[halt.number] - board[rider]
                cap = self.instance.riders[rider].ride_cap_s
                if ride > cap:
                    yield self._violation(
                        "C2",
                        number,
                        f"a ride of {ride / 60:.1f} minutes over a cap of {cap / 60:.1f}",
                        [rider],
                    )

    # --- C11 and the stated objective -------------------------------------------------------------

    def _check_counts(self) -> Iterator[Violation]:
        used = Counter(run.vehicle_type for run in self.plan.runs)
        for kind, count in used.items():
            most = self.instance.fleet[kind].count
            if most is not None and count > most:
                code = self.instance.fleet[kind].code
                yield self._violation("C11", None, f"{count} runs by {code}, there are {most}")

    def _check_objective(self) -> Iterator[Violation]:
        cost = sum(item.session_price for item in self.plan.unassigned)
        penalty = 0.0
        for run in self.plan.runs:
            halts = self.timer.halts(run, run.riders)
            try:
                start, end = self.timer.least_span(halts)
            except ValueError:
                return
            cost += self._price(run, halts, end - start)
            penalty += self._least_penalty(halts)
        if abs(cost - self.plan.cost) > _MONEY_TOLERANCE:
            yield self._violation(
                "COST", None, f"states GBP {self.plan.cost:.2f} a day, costs GBP {cost:.2f}"
            )
        if penalty > self.plan.penalty + _MONEY_TOLERANCE:
            yield self._violation(
                "COST",
                None,
                f"states GBP {self.plan.penalty:.2f} of penalties, "
                f"at least GBP {penalty:.2f} are due",
            )

    def _price(self, run: Run, halts: Sequence[Halt], seconds: int) -> float:
        kind = self.instance.fleet[run.vehicle_type]
        crew = self.timer.crew(run.riders)
        price = kind.session_charge + crew * self.instance.pa_fixed
        aboard = 0
        for before, after in pairwise(halts):
            boards = (before.school is None) == self.is_am
            aboard += len(before.present) if boards else -len(before.present)
            metres = int(self.matrix.dist_m[before.stop, after.stop])
            price += metres * (kind.per_live_m if aboard else kind.per_dead_m)
        if kind.base is not None:
            for leg in ((kind.base, halts[0].stop), (halts[-1].stop, kind.base)):
                price += int(self.matrix.dist_m[leg]) * kind.per_dead_m
                seconds += int(self.matrix.time_s[leg])
        return price + seconds * (kind.per_driver_s + crew * self.instance.pa_per_s)

    def _least_penalty(self, halts: Sequence[Halt]) -> float:
        """What rides over target cost at the least, GBP: as if nobody waited aboard."""
        board: dict[int, int] = {}
        total = 0
        for j, halt in enumerate(halts):
            for rider in halt.present:
                if (halt.school is None) == self.is_am:
                    board[rider] = j
                    continue
                legs = halts[board[rider] : j + 1]
                ride = sum(int(self.matrix.time_s[a.stop, b.stop]) for a, b in pairwise(legs))
                ride += sum(middle.dwell_s for middle in legs[1:-1])
                total += max(0, ride - self.instance.riders[rider].ride_target_s)
        return total / 60 * self.instance.rules.ride_excess_gbp_per_min


def _check_routes(
    plan: Plan, matrices: Mapping[Session, TravelMatrix], policy: Policy
) -> Iterator[Violation]:
    """C11, C16: each run in one route, one type a route, time between runs, driving, counts."""
    for session in SESSIONS:
        _, session_plan = plan.get_session(session)
        blocks = [r.am if session == "AM" else r.pm for r in plan.routes]
        used = Counter(number for block in blocks if block for number in block.runs)
        for number in range(len(session_plan.runs)):
            if used[number] != 1:
                text = f"the run is in {used[number]} routes"
                yield Violation("C11", session, number, text)
    for route in plan.routes:
        yield from _check_route_day(plan, matrices, policy, route)
    if plan.is_as_is:
        return
    vehicles = Counter(route.vehicle_type for route in plan.routes)
    for kind, count in vehicles.items():
        most = plan.am_instance.fleet[kind].count
        if most is not None and count > most:
            code = plan.am_instance.fleet[kind].code
            yield Violation("C11", "day", None, f"{count} routes by {code}, there are {most}")


def _check_route_day(
    plan: Plan, matrices: Mapping[Session, TravelMatrix], policy: Policy, route: Route
) -> Iterator[Violation]:
    for weekday in range(5):
        driving = 0
        before: tuple[Session, int, int] | None = None
        for session in SESSIONS:
            block = route.am if session == "AM" else route.pm
            _, session_plan = plan.get_session(session)
            matrix = matrices[session]
            for number in block.runs if block else ():
                run = session_plan.runs[number]
                if run.vehicle_type != route.vehicle_type:
                    yield Violation("C11", session, number, "a run of another vehicle type")
                day = next((d for d in run.days if d.weekday == weekday), None)
                if day is None:
                    continue
                made = [i for i, t in enumerate(day.depart_s) if t >= 0]
                stops = [run.visits[i].stop for i in made]
                driving += sum(int(matrix.time_s[a, b]) for a, b in pairwise(stops))
                if before is not None:
                    last_session, last_stop, last_end = before
                    drive = int(matrix.time_s[last_stop, stops[0]])
                    gap = day.start_s[made[0]] - last_end
                    if last_session == session:
                        driving += drive
                    needed = policy.turnaround_s + (drive if last_session == session else 0)
                    if gap < needed and not plan.is_as_is:
                        yield Violation(
                            "C11",
                            session,
                            number,
                            f"{gap} s after the vehicle's last run, {needed} s are needed",
                        )
                before = (session, stops[-1], day.depart_s[made[-1]])
        if driving > policy.max_driving_s:
            yield Violation(
                "C11",
                "day",
                None,
                f"route {route.reference}: {driving / 3600:.1f} hours at the wheel",
            )


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02d}:{seconds % 3600 // 60:02d}:{seconds % 60:02d}"
