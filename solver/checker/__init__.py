"""The independent check of a plan: every time, load and pound again, knowing no solver.

Imports the domain and nothing else of ours. Works in clock time with plain integers; the least
duration of a run is found by sweeping and halving, not as the search or the schedule find it.
Runs in tests and in production: no plan of ours is stored with a violation.
"""

from solver.checker.costs import check_costs
from solver.checker.routes import check_plan
from solver.checker.session import check_session_plan
from solver.checker.timing import SessionTimer

__all__ = ["SessionTimer", "check_costs", "check_plan", "check_session_plan"]
