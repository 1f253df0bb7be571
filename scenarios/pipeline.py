"""The main job, one call a stage: from a data set to a checked and costed plan.

Dataset + levers -> build_sessions -> solve_jobs (AM and PM) -> join_runs -> check_plan
  -> YearCost -> check_costs -> CostedPlan; the starts likewise, and the best year is kept;
  -> choose_together (AM and PM by what their routes cost) -> join_runs -> ... -> the better year
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from data.roads import RoadNetwork
from scenarios.asis import build_as_is
from scenarios.instances import Sessions, build_sessions
from scenarios.levers import Lever, apply_levers, describe_levers
from scenarios.years import is_bound_false, keep_runs, value_year
from solver.blocks import JoiningError, join_runs
from solver.checker import check_costs, check_plan
from solver.child import Job, solve_jobs
from solver.cost import YearCost
from solver.domain import (
    SESSIONS,
    CostedPlan,
    Dataset,
    InstanceError,
    Plan,
    PlanRejectedError,
    Policy,
    RateCard,
    SessionPlan,
    TravelMatrix,
)
from solver.domain.geography import Session
from solver.sequences import adapt_plan
from solver.session import Progress as SearchProgress
from solver.session import SearchLimits as Limits
from solver.together import Going, Lender, choose_together

__all__ = ["AsIs", "Limits", "Progress", "solve_scenario", "value_as_is"]

TOGETHER_SHARE = 0.5
"""Share of the limit that both sessions are searched together, after each by itself."""


type _Given = tuple[Dataset, Policy, RateCard]


@dataclass(frozen=True, slots=True)
class AsIs:
    """Today's contract valued twice: at what is paid, and at the rate card on its own routes."""

    at_contract_prices: CostedPlan
    at_rate_card: CostedPlan


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a scenario's search is: one session's numbers, and now and then a plan to keep.

    `objective` and its lower `bound`, where one is known, are GBP a day of the session. `plan`
    holds the best runs of both sessions so far, not yet joined to routes: what a solve that is
    taken up again starts from.
    """

    session: Session
    phase: str
    seconds: float
    objective: float
    runs: int
    unassigned: int
    iterations: int
    bound: float | None = None
    plan: Plan | None = None


def value_as_is(
    dataset: Dataset, policy: Policy, rate_card: RateCard, network: RoadNetwork
) -> AsIs:
    """Value today's contract; its violations are found, kept with the plan, and never refused."""
    sessions = build_sessions(dataset, policy, rate_card, network)
    plan = build_as_is(dataset, sessions)
    plan = replace(plan, violations=check_plan(plan, sessions.matrices, policy))
    year = _build_year(plan, sessions.matrices, rate_card, dataset)
    return AsIs(year.build_at_contract_prices(), year.build())


def solve_scenario(
    dataset: Dataset,
    policy: Policy,
    rate_card: RateCard,
    network: RoadNetwork,
    levers: Sequence[Lever],
    limits: Limits,
    *,
    name: str,
    starts: Sequence[Plan] = (),
    on_progress: Callable[[Progress], None] = lambda _: None,
    should_stop: Callable[[], bool] = lambda: False,
    together_share: float = TOGETHER_SHARE,
    lender: Lender | None = None,
) -> CostedPlan:
    """Plan, join, check and cost one scenario.

    Parameters
    ----------
    levers
        What differs from the data set and policy as they are.
    limits
        Of the whole search: first for each session by itself, side by side, then, by the
        `together_share`, for both together by what their routes cost. With `bound_seconds` each
        session comes with a lower bound of its objective.
    starts
        Plans of the same data, from other scenarios or an earlier night: the year
        (:func:`scenarios.years.value_year`) is no dearer than that of any of them that this
        scenario's rules allow. Where one of them stays the best, `changes` says so.
    should_stop
        Polled several times a second; once true, the best plan so far is joined, checked and
        costed, and no more starts' years are compared with it.
    lender
        Workers elsewhere, who are handed pieces of large councils in the second part.

    Raises
    ------
    PlanRejectedError
        If the checker finds a violation: the plan must not be stored. Where only the search of
        both together is at fault, the plan of before is kept, and `changes` says so.
    """
    dataset, policy = apply_levers(dataset, policy, levers)
    sessions = build_sessions(dataset, policy, rate_card, network)
    alone = _take_share(limits, 1.0 - together_share)
    jobs = [_build_job(sessions, session, alone, starts) for session in SESSIONS]
    keeper = _Keeper(name, sessions, on_progress)
    am, pm = solve_jobs(
        jobs, on_progress=keeper.pass_on, on_better=keeper.keep, should_stop=should_stop
    )
    changes = describe_levers(levers)
    given = dataset, policy, rate_card
    answer = _value(name, changes, sessions, {"AM": am, "PM": pm}, given)
    best = _keep_best_year(answer, starts, sessions, given, should_stop)
    if together_share <= 0.0 or should_stop():
        return best
    plans = {session: best.plan.get_session(session)[1] for session in SESSIONS}
    keeper.keep_both(plans)
    try:
        better = choose_together(
            sessions.instances,
            sessions.matrices,
            plans,
            policy,
            rate_card,
            _take_share(limits, together_share),
            on_progress=keeper.pass_on_both,
            should_stop=should_stop,
            lender=lender,
        )
        costed = None if better is None else _value(name, changes, sessions, better, given)
    except JoiningError:
        return best  # more vehicles of a type than there are
    except PlanRejectedError as refused:
        rules = ", ".join(sorted({str(found).partition(":")[0] for found in refused.violations}))
        return _say(best, f"what was found for both sessions together broke {rules}: thrown away")
    except InstanceError:
        return _say(best, "the search of both sessions together failed, a defect: thrown away")
    return best if costed is None or value_year(costed) >= value_year(best) else costed


def _say(costed: CostedPlan, what: str) -> CostedPlan:
    return replace(costed, plan=replace(costed.plan, changes=(*costed.plan.changes, what)))


def _take_share(limits: Limits, share: float) -> Limits:
    """A share of the seconds or of the iterations, at least one of these."""
    iterations, seconds = limits.iterations, limits.seconds
    if iterations is not None:
        return replace(limits, iterations=max(1, round(share * iterations)))
    return replace(limits, seconds=share * (seconds or 0.0))


def _value(
    name: str,
    changes: tuple[str, ...],
    sessions: Sessions,
    plans: Mapping[Session, SessionPlan],
    given: _Given,
) -> CostedPlan:
    """Join two sessions, check them and cost the year.

    Raises
    ------
    JoiningError
        If a type has too few vehicles.
    PlanRejectedError
        If the checker finds a violation.
    """
    dataset, policy, rate_card = given
    am, pm = plans["AM"], plans["PM"]
    if any(is_bound_false(found) for found in (am, pm)):
        am, pm = replace(am, bound=None), replace(pm, bound=None)
        changes += ("a lower bound above the plan's own cost, a defect, was thrown away",)
    plan = replace(build_plan(name, sessions, am, pm, policy, rate_card), changes=changes)
    violations = check_plan(plan, sessions.matrices, policy)
    if violations:
        raise PlanRejectedError(violations)
    return cost_plan(plan, sessions.matrices, rate_card, dataset)


def _keep_best_year(
    answer: CostedPlan,
    starts: Sequence[Plan],
    sessions: Sessions,
    given: _Given,
    should_stop: Callable[[], bool],
) -> CostedPlan:
    """Return the answer of the search, or the start that is the better year within the rules."""
    dataset, policy, rate_card = given
    best, plan = answer, answer.plan
    for start in starts:
        if should_stop():
            break
        kept = keep_runs(start, sessions, plan.am, plan.pm)
        if kept is None:
            continue
        said = f"runs as in the plan {start.name!r}, which the search did not better over the year"
        try:
            joined = build_plan(plan.name, sessions, *kept, policy, rate_card)
        except JoiningError:
            continue  # more vehicles of a type than there are
        joined = replace(joined, changes=(*plan.changes, said))
        if check_plan(joined, sessions.matrices, policy):
            continue
        costed = cost_plan(joined, sessions.matrices, rate_card, dataset)
        if value_year(costed) < value_year(best):
            best = costed
    return best


class _Keeper:
    """Passes progress on, with the best plan of both sessions whenever there is a better one."""

    def __init__(
        self, name: str, sessions: Sessions, on_progress: Callable[[Progress], None]
    ) -> None:
        self.name, self.sessions, self.on_progress = name, sessions, on_progress
        self.best: dict[Session, SessionPlan] = {}
        self.is_new = False
        self.began = time.perf_counter()

    def keep(self, number: int, plan: SessionPlan) -> None:
        self.best[SESSIONS[number]] = plan
        self.is_new = True

    def keep_both(self, plans: Mapping[Session, SessionPlan]) -> None:
        self.best = dict(plans)
        self.is_new = True

    def pass_on(self, said: SearchProgress) -> None:
        """Pass on how far the search of one session by itself is."""
        self.on_progress(
            Progress(
                said.session,
                said.phase,
                said.seconds,
                said.objective,
                said.runs,
                said.unassigned,
                said.iterations,
                said.bound,
                self._take_new(),
            )
        )

    def pass_on_both(self, said: Going) -> None:
        """Pass on how far the search of both together is; `seconds` count from the very start."""
        if said.plans is not None:
            self.keep_both(said.plans)
        for session, found in self.best.items():
            self.on_progress(
                Progress(
                    session,
                    "vehicle days",
                    time.perf_counter() - self.began,
                    found.objective,
                    said.runs[session],
                    len(found.unassigned),
                    found.iterations + said.steps,
                    None if found.bound is None else found.bound.value,
                    self._take_new(),
                )
            )

    def _take_new(self) -> Plan | None:
        """The best runs of both sessions, if they were not taken before."""
        if not self.is_new or len(self.best) < len(SESSIONS):
            return None
        self.is_new = False
        return Plan(
            name=self.name,
            am_instance=self.sessions.instances["AM"],
            pm_instance=self.sessions.instances["PM"],
            am=self.best["AM"],
            pm=self.best["PM"],
            routes=(),
        )


def build_plan(
    name: str,
    sessions: Sessions,
    am: SessionPlan,
    pm: SessionPlan,
    policy: Policy,
    rate_card: RateCard,
) -> Plan:
    """Join two sessions' runs to routes; homes off the map are named as such."""
    plans: Mapping[Session, SessionPlan] = {
        "AM": _name_off_map(am, sessions),
        "PM": _name_off_map(pm, sessions),
    }
    routes = join_runs(sessions.instances, plans, sessions.matrices, policy, rate_card)
    return Plan(
        name=name,
        am_instance=sessions.instances["AM"],
        pm_instance=sessions.instances["PM"],
        am=plans["AM"],
        pm=plans["PM"],
        routes=routes,
    )


def cost_plan(
    plan: Plan,
    matrices: Mapping[Session, TravelMatrix],
    rate_card: RateCard,
    dataset: Dataset,
) -> CostedPlan:
    """Cost a plan of ours for the year and have every line recomputed.

    Raises
    ------
    PlanRejectedError
        If the recomputed cost differs by a penny on any line.
    """
    costed = _build_year(plan, matrices, rate_card, dataset).build()
    violations = check_costs(
        costed, matrices, rate_card, dataset.calendar.open_days, list_closed_days(dataset)
    )
    if violations:
        raise PlanRejectedError(violations)
    return costed


def list_closed_days(dataset: Dataset) -> dict[str, frozenset[date]]:
    """List each school's own closed days, by URN."""
    return {school.urn: frozenset(school.closed_days) for school in dataset.schools}


def _build_year(
    plan: Plan,
    matrices: Mapping[Session, TravelMatrix],
    rate_card: RateCard,
    dataset: Dataset,
) -> YearCost:
    return YearCost(
        plan, matrices, rate_card, dataset.calendar.open_days, list_closed_days(dataset)
    )


def _build_job(sessions: Sessions, session: Session, limits: Limits, starts: Sequence[Plan]) -> Job:
    instance = sessions.instances[session]
    sequences = []
    for start in starts:
        other, plan = start.get_session(session)
        sequences.append(adapt_plan(instance, other, plan))
    return Job(instance, sessions.matrices[session], limits, tuple(sequences))


def _name_off_map(plan: SessionPlan, sessions: Sessions) -> SessionPlan:
    riders = sessions.instances[plan.session].riders
    named = []
    for item in plan.unassigned:
        lost = sessions.find_off_map(riders[item.rider])
        named.append(item if lost is None else replace(item, reasons=(lost,)))
    return replace(plan, unassigned=tuple(named))
