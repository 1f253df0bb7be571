"""The roles, and which role may call which operation: one table, and nothing else decides."""

from __future__ import annotations

from typing import Final, Literal, get_args

Role = Literal["commissioner", "planner", "procurement", "operator", "auditor", "admin", "batch"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)

EVERYONE: Final = frozenset(ROLES)
PLANNING: Final[frozenset[Role]] = frozenset({"commissioner", "planner"})
STARTING: Final[frozenset[Role]] = PLANNING | {"batch"}
STATUS: Final[frozenset[Role]] = PLANNING | {"procurement", "auditor", "batch"}
TOTALS: Final[frozenset[Role]] = PLANNING | {"procurement", "auditor"}
"""Totals, routes and lots: nothing about a pupil."""
PUPILS: Final[frozenset[Role]] = PLANNING
"""Rows about pupils: by reference, with the stop at their home."""

OPERATIONS: Final[dict[str, frozenset[Role]]] = {
    "get_me": EVERYONE,
    "get_openapi": EVERYONE,
    "get_metrics": frozenset({"admin", "batch"}),
    "list_templates": TOTALS | {"admin"},
    "get_template": TOTALS | {"admin"},
    "create_dataset": PLANNING,
    "list_datasets": STATUS | {"admin"},
    "get_dataset": STATUS | {"admin"},
    "get_dataset_report": PUPILS,
    "delete_dataset": frozenset({"commissioner", "admin"}),
    "create_roads": PLANNING,
    "list_roads": STATUS,
    "get_roads": STATUS,
    "list_policies": STATUS,
    "get_policy": STATUS,
    "create_policy": PLANNING,
    "list_rate_cards": STATUS,
    "get_rate_card": STATUS,
    "create_rate_card": PLANNING,
    "create_scenario": PLANNING,
    "list_scenarios": STATUS,
    "get_scenario": STATUS,
    "create_solve": STARTING,
    "list_solves": STATUS,
    "get_solve": STATUS,
    "stream_solve_events": STATUS,
    "cancel_solve": STARTING,
    "get_solve_result": TOTALS,
    "list_nights": TOTALS,
    "list_plans": TOTALS,
    "get_plan": TOTALS,
    "list_plan_runs": PUPILS,
    "list_plan_violations": TOTALS,
    "get_plan_routes": TOTALS,
    "list_plan_costs": TOTALS,
    "get_plan_costs_csv": TOTALS,
    "get_plan_lots": TOTALS,
    "get_plan_workbook": TOTALS,
    "get_plan_geopackage": PUPILS,
    "get_plan_map": PUPILS,
    "get_comparison": TOTALS,
    "get_comparison_workbook": TOTALS,
}
"""Operation id to the roles that may call it. An operation that is not here cannot be served."""

OPEN: Final = frozenset({"get_health", "get_ready"})
"""Operations without a key: they say nothing but whether the service lives."""


def is_allowed(role: Role, operation: str) -> bool:
    """Whether `role` may call `operation`; raises `KeyError` for an operation not in the table."""
    return role in OPERATIONS[operation]
