"""Failures. Input faults and outcomes (infeasible, unassigned) are return values, not these."""

from __future__ import annotations


class SchoolrunError(Exception):
    """Root of every failure that this project raises on purpose."""


class UnknownSettingError(SchoolrunError):
    """A policy or scenario names a setting that does not exist."""

    def __init__(self, name: str, known: list[str]) -> None:
        super().__init__(f"there is no setting {name!r}; the settings are: {', '.join(known)}")
        self.name = name


class InstanceError(SchoolrunError):
    """An instance cannot be built or read: the message says which part and what to do."""


class PlanRejectedError(SchoolrunError):
    """The checker found violations in a plan of ours, so it must not be stored."""

    def __init__(self, violations: tuple[object, ...]) -> None:
        shown = "; ".join(str(violation) for violation in violations[:5])
        super().__init__(f"the checker rejected the plan, {len(violations)} violations: {shown}")
        self.violations = violations
