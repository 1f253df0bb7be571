"""Moved: import from :mod:`solver.checker`."""

from solver.checker import check_costs

__all__ = ["check_costs"]
