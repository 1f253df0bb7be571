"""Levers: the stated changes that make a scenario out of today's data and policy.

They apply in one order whatever order they are given in: pupils, then the fleet, then policy
settings, then the named limits. Two levers on the same thing are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from solver.domain import Dataset, Policy, Pupil, SchoolrunError, VehicleType


class LeverError(SchoolrunError):
    """Levers that are unknown, wrong or contradict each other; `faults` holds every one."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class Lever:
    """One change: its kind and its parameters, as they were given and checked."""

    kind: str
    parameters: tuple[tuple[str, Any], ...] = ()

    def get(self, name: str) -> Any:
        """Return a parameter; raises `KeyError` where the lever has none of that name."""
        return dict(self.parameters)[name]


@dataclass(frozen=True, slots=True)
class LeverKind:
    """What a kind of lever does, what it takes, and which setting it turns."""

    name: str
    meaning: str
    parameters: Mapping[str, Callable[[Any], Any]]
    turns: str


def _whole(low: int, high: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        if not is_whole or not low <= value <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(value)

    return read


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise ValueError("must be a text that is not empty")
    return value.strip()


def _settings(value: Any) -> tuple[tuple[str, Any], ...]:
    if not isinstance(value, dict) or not value:
        raise ValueError("must be settings of the policy with their new values")
    known = {setting.name: setting.value for setting in Policy().list_settings()}
    pairs = []
    for name, new in sorted(value.items()):
        if name not in known:
            raise ValueError(f"there is no policy setting {name!r}")
        pairs.append((name, _read_setting(name, known[name], new)))
    return tuple(pairs)


def _read_setting(name: str, old: object, new: Any) -> Any:
    if new is None and name in _MAY_BE_UNSET:
        return None
    if isinstance(new, bool) or not isinstance(new, int | float | str):
        raise ValueError(f"setting {name!r} must be a number")
    try:
        value = Decimal(str(new))
    except ArithmeticError:
        raise ValueError(f"setting {name!r} must be a number") from None
    low, high = _list_limits(name)
    if not value.is_finite() or not low <= value <= high:
        raise ValueError(f"setting {name!r} must be from {low} to {high}")
    if isinstance(old, Decimal):
        return value
    if isinstance(old, float):
        return float(value)
    if value != int(value):
        raise ValueError(f"setting {name!r} must be a whole number")
    return int(value)


def _list_limits(name: str) -> tuple[Decimal, Decimal]:
    """The least and the most that a setting may be; beyond, it is a slip of the pen."""
    if "factor" in name:
        return Decimal("0.5"), Decimal(5)
    if name.endswith("_s"):
        return Decimal(0), Decimal(24 * 3600)
    if name.endswith("_m"):
        return Decimal(1), Decimal(5000)
    return Decimal(1 if name in _MAY_BE_UNSET else 0), Decimal(1000)


_MAY_BE_UNSET: Final = ("ride_limit_s", "shared_pupils_per_assistant", "max_schools_per_run")

LEVER_KINDS: Final[Mapping[str, LeverKind]] = {
    kind.name: kind
    for kind in (
        LeverKind(
            "share_assistants",
            "Pupils with a dedicated assistant share one where their risk assessment allows it.",
            {},
            "assistants",
        ),
        LeverKind(
            "vehicle_count",
            "No more than `count` vehicles of `vehicle_type` are available.",
            {"vehicle_type": _text, "count": _whole(0, 100_000)},
            "count",
        ),
        LeverKind(
            "policy",
            "Replace settings of the policy.",
            {"settings": _settings},
            "settings",
        ),
        LeverKind(
            "ride_limit",
            "No derived ride cap is over `minutes`; pupils whose direct ride is longer get it + 5.",
            {"minutes": _whole(1, 240)},
            "ride_limit_s",
        ),
        LeverKind("single_school_runs", "Each run serves one school.", {}, "max_schools_per_run"),
        LeverKind(
            "max_schools_per_run",
            "A run serves at most `schools` schools.",
            {"schools": _whole(1, 20)},
            "max_schools_per_run",
        ),
    )
}
_ORDER: Final = tuple(LEVER_KINDS)


def parse_levers(raw: Iterable[Mapping[str, Any]]) -> tuple[Lever, ...]:
    """Read levers from plain records like `{"kind": "ride_limit", "minutes": 60}`.

    Returns
    -------
    tuple of Lever
        In the order in which they apply.

    Raises
    ------
    LeverError
        With every fault: unknown kind, missing, unknown or wrong parameter, two on one thing.
    """
    faults: list[str] = []
    levers = []
    for number, record in enumerate(raw, start=1):
        lever = _parse(number, record, faults)
        if lever is not None:
            levers.append(lever)
    levers.sort(key=lambda lever: (_ORDER.index(lever.kind), lever.parameters))
    _refuse_conflicts(levers, faults)
    if faults:
        raise LeverError(faults)
    return tuple(levers)


def _parse(number: int, record: Mapping[str, Any], faults: list[str]) -> Lever | None:
    if not isinstance(record, Mapping) or not isinstance(record.get("kind"), str):
        faults.append(f"lever {number}: must be a record with a `kind`")
        return None
    kind = LEVER_KINDS.get(record["kind"])
    if kind is None:
        faults.append(f"lever {number}: unknown kind; the kinds are {', '.join(_ORDER)}")
        return None
    before = len(faults)
    given = {name: value for name, value in record.items() if name != "kind"}
    faults.extend(
        f"lever {number} ({kind.name}): has no parameter {name!r}"
        for name in sorted(given.keys() - kind.parameters.keys())
    )
    parameters = []
    for name, read in kind.parameters.items():
        if name not in given:
            faults.append(f"lever {number} ({kind.name}): {name!r} is missing")
            continue
        try:
            parameters.append((name, read(given[name])))
        except ValueError as error:
            faults.append(f"lever {number} ({kind.name}): {name!r} {error}")
    return Lever(kind.name, tuple(parameters)) if len(faults) == before else None


def _refuse_conflicts(levers: list[Lever], faults: list[str]) -> None:
    turned: dict[str, str] = {}
    for lever in levers:
        names = [LEVER_KINDS[lever.kind].turns]
        if lever.kind == "vehicle_count":
            names = [f"count of {lever.get('vehicle_type')}"]
        if lever.kind == "policy":
            names = [name for name, _ in lever.get("settings")]
        for name in names:
            if name in turned:
                faults.append(
                    f"{lever.kind} and {turned[name]} both change {name.replace('_', ' ')}: "
                    f"keep one of them"
                )
            turned[name] = lever.kind


def apply_levers(
    dataset: Dataset, policy: Policy, levers: Iterable[Lever]
) -> tuple[Dataset, Policy]:
    """Apply levers in their order; returns the data set and policy of the scenario.

    Raises
    ------
    LeverError
        If a lever names a vehicle type that the data set does not have, or the settings together
        leave no school window.
    """
    for lever in levers:
        source = f"scenario lever {lever.kind}"
        if lever.kind == "share_assistants":
            dataset = replace(dataset, pupils=tuple(_share(pupil) for pupil in dataset.pupils))
        elif lever.kind == "vehicle_count":
            dataset = replace(dataset, vehicle_types=_limit(dataset.vehicle_types, lever))
        elif lever.kind == "policy":
            policy = policy.with_changes(dict(lever.get("settings")), source=source)
        elif lever.kind == "ride_limit":
            limit = {"ride_limit_s": 60 * lever.get("minutes")}
            policy = policy.with_changes(limit, source=source)
        else:
            most = 1 if lever.kind == "single_school_runs" else lever.get("schools")
            policy = policy.with_changes({"max_schools_per_run": most}, source=source)
    if policy.arrive_earliest_before_bell_s < policy.arrive_latest_before_bell_s:
        raise LeverError(
            [
                "policy: arrive_earliest_before_bell_s is under arrive_latest_before_bell_s, so no "
                "arrival time is left: make the earliest arrival the earlier of the two"
            ]
        )
    return dataset, policy


def _share(pupil: Pupil) -> Pupil:
    if pupil.assistant == "dedicated" and pupil.may_share_assistant:
        return replace(pupil, assistant="shared")
    return pupil


def _limit(types: tuple[VehicleType, ...], lever: Lever) -> tuple[VehicleType, ...]:
    code = lever.get("vehicle_type")
    if code not in {kind.code for kind in types}:
        known = ", ".join(kind.code for kind in types)
        raise LeverError([f"vehicle_count: no vehicle type {code!r}; the types are {known}"])
    return tuple(
        replace(kind, count=lever.get("count")) if kind.code == code else kind for kind in types
    )
