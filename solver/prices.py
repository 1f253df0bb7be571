"""What each pupil and each rule adds to the cost of a session, in GBP a day.

Pupils: the duals of the linear programme over runs (:mod:`solver.bound`) share its value among
them. Rules: the session is planned and bounded again as if the rule were not there, or a stricter
one were. The programmes' values give the rule's price, and three plans and proofs stand beside it:
what the new plan saves in fact, and what no plan can save more than.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

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
    """A session as if a rule were another: what is changed, in words, and the session then."""

    code: str
    words: str
    instance: Instance


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
        if change.instance != instance and (is_mixed or change.code != "schools_one")
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

    def solve(
        words: str, changed: Instance, begin: Sequence[Sequence[IntArray]]
    ) -> tuple[SessionPlan, Bound]:
        plan = solve_session(
            changed, matrix, limits, starts=begin, on_progress=lambda p: on_progress(words, p)
        )
        # a session of nobody has no bound: it costs what nobody costs
        return plan, plan.bound or Bound(plan.objective, (), 0.0, relaxed=plan.objective)

    plan, bound = solve("the rules as they are", instance, starts)
    again = [[to_sequence(instance, run) for run in plan.runs]]
    rules = []
    for change in list_changes(instance):
        other, its = solve(change.words, change.instance, again)
        rules.append(
            RulePrice(
                change.code,
                change.words,
                bound.relaxed - its.relaxed,
                plan.objective - other.objective,
                plan.objective - its.value,
            )
        )
    return SessionPrices(plan, bound.prices, tuple(rules))
