"""Years compared: a plan of the search beside the plans that it started from.

The search goes by a day's objective. Joining runs to routes, part weeks and the calendar come after
it, so a start that it left behind can still be the cheaper year. Each start whose runs this
scenario's rules allow unchanged is therefore joined, checked and costed as well.
"""

from __future__ import annotations

from dataclasses import replace

from scenarios.instances import Sessions
from solver.arrays import build_arrays
from solver.domain import CostedPlan, InstanceError, Plan, Session, SessionPlan
from solver.sequences import adapt_plan, build_session_plan

_PENCE = 100
_ROUNDING_GBP = 1e-6


def keep_runs(
    start: Plan, sessions: Sessions, am: SessionPlan, pm: SessionPlan
) -> tuple[SessionPlan, SessionPlan] | None:
    """Take a start's runs unchanged as both sessions, to stand beside the answer `am` and `pm`.

    Returns
    -------
    tuple of SessionPlan or None
        `None` where the start leaves out other pupils than the answer does, needs a vehicle type
        that is not there, has a run without a timetable or layout here, or is the answer itself.
        Other rules are for the checker.
    """
    kept_am = _keep_session(start, sessions, "AM", am)
    kept_pm = _keep_session(start, sessions, "PM", pm)
    if kept_am is None or kept_pm is None or (kept_am.runs, kept_pm.runs) == (am.runs, pm.runs):
        return None
    return kept_am, kept_pm


def _keep_session(
    start: Plan, sessions: Sessions, session: Session, answer: SessionPlan
) -> SessionPlan | None:
    """Time and price a start's runs of one session by the rules here; `None` where it cannot be.

    The answer's bound is kept: it holds for every plan of the same instance.
    """
    instance, matrix = sessions.instances[session], sessions.matrices[session]
    other, plan = start.get_session(session)
    codes = [kind.code for kind in instance.fleet]
    sequences, kinds = [], []
    for run in plan.runs:
        code = other.fleet[run.vehicle_type].code
        adapted = adapt_plan(instance, other, replace(plan, runs=(run,)))
        if adapted and code not in codes:
            return None
        sequences += adapted
        kinds += [codes.index(code)] * len(adapted)
    carried = [int(node) for nodes in sequences for node in nodes if node < len(instance.riders)]
    left_out = [item.rider for item in answer.unassigned]
    if sorted(carried + left_out) != list(range(len(instance.riders))):
        return None
    try:
        kept = build_session_plan(
            instance, matrix, build_arrays(instance, matrix), sequences, kinds, answer.unassigned
        )
    except InstanceError:
        return None
    return replace(
        kept,
        seed=answer.seed,
        iterations=answer.iterations,
        seconds=answer.seconds,
        bound=answer.bound,
    )


def is_bound_false(plan: SessionPlan) -> bool:
    """Whether a session's lower bound is above the objective of its own plan: a defect."""
    return plan.bound is not None and plan.bound.value > plan.objective + _ROUNDING_GBP


def value_year(costed: CostedPlan) -> int:
    """Value a plan's year in pence: its cost lines and the soft prices of its days.

    The prices on long rides and on changes for pupils are part of what a plan is chosen by and no
    cost line, so they count here as they do in the search, on every operating day.
    """
    plan = costed.plan
    penalty = plan.am.penalty + plan.pm.penalty
    return costed.year_pence + round(_PENCE * penalty * costed.operating_days)
