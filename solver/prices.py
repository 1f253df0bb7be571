"""What each pupil and each rule adds to the cost of a session, in GBP a day.

Pupils: the duals of the linear programme over runs (:mod:`solver.bound`) are what each adds to its
value. Rules: the session is planned and bounded again as if the rule were not there, or a stricter
one were. The programmes' values give the rule's price, an estimate; beside it stands what the plan
made again saves in fact, and what no plan can save more than, which is proven.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from solver.arrays import IntArray
from solver.domain import Bound, Instance, Rider, SessionPlan, TravelMatrix
from solver.limits import Progress, SearchLimits
from solver.sequences import to_sequence
from solver.session import solve_session

LONGER_S = 600
"""How much longer rides may be in the first of the changes."""
ANY_RIDE_S = 24 * 3600


@dataclass(frozen=True, slots=True)
class RuleChange:
    """A session as if a rule were another: what is changed, in words, and the session then.

    Under a rule that is looser every plan of the session still holds; under a stricter one every
    plan made is one of the session too.
    """

    code: str
    words: str
    instance: Instance
    is_looser: bool = True


@dataclass(frozen=True, slots=True)
class RulePrice:
    """What a change of a rule would save, GBP a day; below 0 it would cost more.

    `by_prices` is by how much the linear programme falls, `by_planning` by how much the plan made
    again is cheaper, `at_most` what no plan under the changed rule saves more than, as proven.
    """

    code: str
    words: str
    by_prices: float
    by_planning: float
    at_most: float


@dataclass(frozen=True, slots=True)
class SessionPrices:
    """A session's plan with its bound, what each rider adds, GBP a day, and what rules cost."""

    plan: SessionPlan
    riders: tuple[float, ...]
    rules: tuple[RulePrice, ...]


def list_changes(instance: Instance) -> Iterator[RuleChange]:
    """The changes of rules that make a difference to the session, one rule at a time."""

    def with_riders(change: Callable[[Rider], Rider]) -> Instance:
        return replace(instance, riders=tuple(change(who) for who in instance.riders))

    def with_rides(most_s: Callable[[Rider], int]) -> Instance:
        return with_riders(lambda who: replace(who, ride_cap_s=most_s(who)))

    rules = instance.rules
    minutes = LONGER_S // 60
    changes = [
        RuleChange(
            "ride_longer",
            f"rides up to {minutes} minutes longer",
            with_rides(lambda who: who.ride_cap_s + LONGER_S),
        ),
        RuleChange("ride_any", "no limit on rides", with_rides(lambda _: ANY_RIDE_S)),
        RuleChange(
            "schools_any",
            "pupils of any schools may share a run",
            replace(
                with_riders(lambda who: replace(who, bars_mixed_schools=False)),
                rules=replace(rules, max_schools_per_run=None),
            ),
        ),
        RuleChange(
            "schools_one",
            "one school a run",
            replace(instance, rules=replace(rules, max_schools_per_run=1)),
            is_looser=False,
        ),
        RuleChange(
            "assistants_none",
            "no assistants",
            with_riders(lambda who: replace(who, assistant="none")),
        ),
        RuleChange(
            "sharing_any",
            "any pupils may share a vehicle",
            with_riders(lambda who: replace(who, is_solo=False, must_not_share=())),
        ),
        RuleChange(
            "siblings_apart",
            "those who travel together may travel apart",
            with_riders(lambda who: replace(who, must_share=())),
        ),
        RuleChange(
            "vehicles_any",
            "as many vehicles of each type as wanted",
            replace(instance, fleet=tuple(replace(kind, count=None) for kind in instance.fleet)),
        ),
    ]
    is_mixed = len({who.school for who in instance.riders}) > 1
    return (
        change
        for change in changes
        if change.instance != instance and (is_mixed or change.is_looser)
    )


def price_session(
    instance: Instance,
    matrix: TravelMatrix,
    starts: Sequence[Sequence[IntArray]],
    limits: SearchLimits,
    *,
    on_progress: Callable[[str, Progress], None] = lambda *_: None,
) -> SessionPrices:
    """Plan and bound a session as it is, then with each change of a rule, all with `limits`.

    Each changed session starts from the plan of the rules as they are. These are planned once more
    from all the plans made, so that neither side had more of a search than the other.

    Parameters
    ----------
    starts
        Node sequences of plans to start from.
    limits
        Of each solve; `bound_seconds` above 0.
    on_progress
        Called with what is being solved, in words, and how far that is.

    Raises
    ------
    ValueError
        If `limits` ask for no bound.
    """
    if limits.bound_seconds <= 0:
        raise ValueError("prices need a bound: give bound_seconds above 0")
    words = "the rules as they are"
    first = solve_session(
        instance, matrix, limits, starts=starts, on_progress=partial(on_progress, words)
    )
    made = [_list_runs(instance, first)]
    others: list[tuple[RuleChange, SessionPlan]] = []
    for change in list_changes(instance):
        plan = solve_session(
            change.instance,
            matrix,
            limits,
            starts=made[:1],
            on_progress=partial(on_progress, change.words),
        )
        made.append(_list_runs(change.instance, plan))
        others.append((change, plan))
    again = solve_session(
        instance,
        matrix,
        replace(limits, bound_seconds=0.0),
        starts=made,
        on_progress=partial(on_progress, f"{words}, again"),
    )
    bound = _get_bound(instance, first)
    best = replace(again if again.objective < first.objective else first, bound=first.bound)
    rules = tuple(_compare(change, best, bound, plan) for change, plan in others)
    return SessionPrices(best, bound.prices, rules)


def _list_runs(instance: Instance, plan: SessionPlan) -> list[IntArray]:
    return [to_sequence(instance, run) for run in plan.runs]


def _get_bound(instance: Instance, plan: SessionPlan) -> Bound:
    """A plan's bound; where nothing was to be planned, what the riders left out cost."""
    if plan.bound is not None:
        return plan.bound
    alone = {item.rider: item.session_price for item in plan.unassigned}
    prices = tuple(alone.get(rider, 0.0) for rider in range(len(instance.riders)))
    return Bound(plan.objective, prices, 0.0, relaxed=plan.objective, prices=prices)


def _compare(change: RuleChange, plan: SessionPlan, bound: Bound, other: SessionPlan) -> RulePrice:
    """What a change saves: a looser rule never costs more, a stricter one never saves."""
    its = _get_bound(change.instance, other)
    by_planning = plan.objective - other.objective
    by_prices = bound.relaxed - its.relaxed
    at_most = plan.objective - its.value
    if change.is_looser:
        by_planning, by_prices = max(by_planning, 0.0), max(by_prices, 0.0)
    else:
        by_planning, by_prices = min(by_planning, 0.0), min(by_prices, 0.0)
        at_most = plan.objective - max(its.value, bound.value)
    return RulePrice(change.code, change.words, by_prices, by_planning, at_most)
