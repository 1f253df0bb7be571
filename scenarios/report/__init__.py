"""Plans and comparisons as the tables that people read; the writers know nothing else."""

from scenarios.report.bounds import (
    ABOUT_BOUNDS,
    ABOUT_PRICES,
    build_bounds_table,
    build_prices_table,
    explain_bound,
)
from scenarios.report.nights import build_nights_table
from scenarios.report.plans import (
    build_costs_table,
    build_day_costs_table,
    build_long_rides_table,
    build_lots_table,
    build_routes_table,
    build_stops_table,
    build_unassigned_table,
    build_violations_table,
    list_plan_tables,
)
from scenarios.report.settings import build_settings_table
from scenarios.report.side_by_side import ILLUSTRATIVE, build_comparison_table

__all__ = [
    "ABOUT_BOUNDS",
    "ABOUT_PRICES",
    "ILLUSTRATIVE",
    "build_bounds_table",
    "build_comparison_table",
    "build_costs_table",
    "build_day_costs_table",
    "build_long_rides_table",
    "build_lots_table",
    "build_nights_table",
    "build_prices_table",
    "build_routes_table",
    "build_settings_table",
    "build_stops_table",
    "build_unassigned_table",
    "build_violations_table",
    "explain_bound",
    "list_plan_tables",
]
