"""One session's plan: C1-C10, C12, C15 and its stated objective."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from itertools import combinations, pairwise

from solver.checker.timing import Halt, SessionTimer, format_clock
from solver.domain import (
    UNREACHABLE,
    FleetType,
    Instance,
    Run,
    RunDay,
    SessionPlan,
    TravelMatrix,
    Unassigned,
    Violation,
    Visit,
    is_on,
)

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
    return tuple(dict.fromkeys(checker.check()))  # what is found on each weekday counts once


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
        yield from self._check_pinned()
        for item in self.plan.unassigned:
            yield from self._check_unassigned(item)
        if is_sound and not self.is_as_is:
            yield from self._check_counts()
            yield from self._check_objective()

    def _violation(
        self, rule: str, run: int | None, text: str, riders: Collection[int] = ()
    ) -> Violation:
        names = tuple(sorted({self.instance.riders[r].reference for r in riders}))
        return Violation(rule, self.instance.session, run, text, names)

    def _check_pinned(self) -> Iterator[Violation]:
        """C13: pinned runs are in the plan as they are."""
        held = {(run.vehicle_type, _flatten(run.visits)) for run in self.plan.runs}
        for pinned in self.instance.pinned:
            if (pinned.vehicle_type, _flatten(pinned.visits)) not in held:
                riders = {r for visit in pinned.visits for r in visit.riders}
                yield self._violation("C13", None, "a pinned run is not kept as it was", riders)

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
        if not run.visits:
            yield self._violation("C1", number, "the run is empty")
        calls = [visit.school for visit in run.visits if visit.school is not None]
        if len(set(calls)) != len(calls):
            yield self._violation("C12", number, "a school is called at twice")
        schools = {self.instance.schools[call].urn for call in calls}  # one may have two bells
        most = self.instance.rules.max_schools_per_run
        if most is not None and len(schools) > most:
            yield self._violation("C12", number, f"{len(schools)} schools, {most} allowed")
        for visit in run.visits:
            yield from self._check_visit(number, visit.stop, visit.school, visit.riders)
        yield from self._check_order(number, run)

    def _check_order(self, number: int, run: Run) -> Iterator[Violation]:
        """Everyone boards once and alights once, in this order."""
        boarded: set[int] = set()
        alighted: set[int] = set()
        for visit in run.visits:
            boards = (visit.school is None) == self.is_am
            for rider in visit.riders:
                if boards and rider in boarded:
                    yield self._violation("C1", number, "a pupil boards twice", [rider])
                if not boards and (rider not in boarded or rider in alighted):
                    text = "a pupil alights without being aboard"
                    yield self._violation("C1", number, text, [rider])
                (boarded if boards else alighted).add(rider)
        if boarded - alighted:
            yield self._violation("C1", number, "a pupil never alights", boarded - alighted)

    def _check_visit(
        self, number: int, stop: int, school: int | None, riders: Sequence[int]
    ) -> Iterator[Violation]:
        if not riders:
            yield self._violation("C1", number, "a stop is made for nobody")
        if school is not None and stop != self.instance.schools[school].stop:
            yield self._violation("C1", number, "a school call is at another place")
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
            due = self.timer.crew(riders)
            # a contract may carry more assistants than the rules ask for; ours may not
            if day.assistants < due or (day.assistants > due and not self.is_as_is):
                text = f"{day.assistants} assistants where {due} are due"
                yield self._violation("C8", number, text)
            yield from self._check_loads(number, run, halts, max(due, day.assistants))
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
                stated, due = (" to ".join(map(format_clock, span)) for span in (taken, least))
                yield self._violation("S1", number, f"runs {stated} where {due} would do")

    def _check_window(self, number: int, halt: Halt, start_s: int) -> Iterator[Violation]:
        rules = self.instance.rules
        if halt.school is not None:
            call = self.instance.schools[halt.school]
            if not call.window_from_s <= start_s <= call.window_to_s:
                yield self._violation(
                    "C3",
                    number,
                    f"at a school at {format_clock(start_s)}, its window is "
                    f"{format_clock(call.window_from_s)} to {format_clock(call.window_to_s)}",
                )
        elif self.is_am and start_s < rules.earliest_s:
            yield self._violation(
                "C4", number, f"a pick-up at {format_clock(start_s)}", halt.present
            )
        elif not self.is_am and start_s > rules.latest_s:
            yield self._violation(
                "C4", number, f"a set-down at {format_clock(start_s)}", halt.present
            )

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

    def _check_unassigned(self, item: Unassigned) -> Iterator[Violation]:
        """C17: a vehicle of their own is the cheapest type able to carry them, else the dearest."""
        if not 0 <= item.vehicle_type < len(self.instance.fleet):
            yield self._violation("COST", None, "an own vehicle of unknown type", [item.rider])
            return
        prices = [self._price_own(item.rider, kind) for kind in self.instance.fleet]
        able = [i for i, kind in enumerate(self.instance.fleet) if self._is_able(item.rider, kind)]
        due = min(prices[i] for i in able) if able else max(prices)
        stands = item.vehicle_type in able or not able
        if bool(able) != item.is_type_able or not stands:
            text = "whether and which type could carry a pupil alone is stated otherwise"
            yield self._violation("COST", None, text, [item.rider])
        if abs(due - item.session_price) > _MONEY_TOLERANCE or (
            abs(prices[item.vehicle_type] - due) > _MONEY_TOLERANCE
        ):
            text = f"an own vehicle is stated at GBP {item.session_price:.2f}, GBP {due:.2f} is due"
            yield self._violation("COST", None, text, [item.rider])

    def _is_able(self, rider: int, kind: FleetType) -> bool:
        who = self.instance.riders[rider]
        seats = who.seats + self.timer.crew([rider])
        return (
            (kind.has_lift or not (who.needs_lift or who.bays))
            and set(who.tags) <= set(kind.tags)
            and kind.count != 0
            and any(
                seats <= layout.seats
                and who.bays <= layout.bays
                and who.folded_chairs <= layout.folded_chairs
                for layout in kind.layouts
            )
        )

    def _price_own(self, rider: int, kind: FleetType) -> float:
        who = self.instance.riders[rider]
        call = self.instance.schools[who.school]
        legs = (who.stop, call.stop) if self.is_am else (call.stop, who.stop)
        drive, metres = int(self.matrix.time_s[legs]), int(self.matrix.dist_m[legs])
        if drive >= UNREACHABLE:
            drive = metres = 0
        seconds = drive + self.timer.dwell(None, [rider]) + self.timer.dwell(who.school, [rider])
        crew = self.timer.crew([rider])
        price = kind.session_charge + metres * kind.per_live_m + crew * self.instance.pa_fixed
        return price + seconds * (kind.per_driver_s + crew * self.instance.pa_per_s)

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
            penalty += self._least_penalty(halts) + self._price_changes(run)
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

    def _price_changes(self, run: Run) -> float:
        """C13: what a change of crew and of vehicle type costs, GBP; changed times are left out."""
        rules, riders = self.instance.rules, self.instance.riders
        if not (rules.change_run_gbp or rules.change_type_gbp):
            return 0.0
        by_run: dict[int, list[int]] = {}
        for number, rider in enumerate(riders):
            if rider.habit is not None:
                by_run.setdefault(rider.habit.run, []).append(number)
        aboard = set(run.riders)
        stay: list[int] = []
        for members in by_run.values():
            here = [r for r in members if r in aboard]
            if len(here) > len(members) - len(here) and len(here) > len(stay):
                stay = here
        total = 0.0
        for r in aboard:
            habit = riders[r].habit
            if habit is not None:
                total += 0.0 if r in stay else rules.change_run_gbp
                total += 0.0 if habit.vehicle_type == run.vehicle_type else rules.change_type_gbp
        return total

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


def _flatten(visits: Sequence[Visit]) -> tuple[tuple[int, int], ...]:
    """A run's order, whoever boards together: (0, rider) at homes and (1, call) at schools."""
    return tuple(
        step
        for visit in visits
        for step in (
            [(0, r) for r in visit.riders] if visit.school is None else [(1, visit.school)]
        )
    )
