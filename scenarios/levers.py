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
class Parameter:
    """What a lever takes: how it is written, and what reads it (raising `ValueError`)."""

    written_as: str
    read: Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class LeverKind:
    """What a kind of lever does, what it takes, which setting it turns, and an example."""

    name: str
    meaning: str
    parameters: Mapping[str, Parameter]
    turns: str
    example: Mapping[str, Any]


def _whole(low: int, high: int) -> Parameter:
    def read(value: Any) -> int:
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        if not is_whole or not low <= value <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(value)

    return Parameter(f"a whole number from {low} to {high}", read)


def _read_text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise ValueError("must be a text that is not empty")
    return value.strip()


def _read_settings(value: Any) -> tuple[tuple[str, Any], ...]:
    if not isinstance(value, dict) or not value:
        raise ValueError("must be settings of the policy with their new values")
    pairs, faults = [], []
    for name, new in sorted(value.items(), key=lambda pair: str(pair[0])):
        try:
            if name not in _DEFAULTS:
                raise ValueError(f"there is no policy setting {name!r}")
            pairs.append((name, read_setting(name, new)))
        except ValueError as error:
            faults.append(str(error))
    if faults:
        raise ValueError("; ".join(faults))
    return tuple(pairs)


def read_setting(name: str, new: Any) -> Any:
    """Read a new value of a policy setting: a number, or `None` where it may be unset.

    Returns
    -------
    int, float, Decimal or None
        The value in the setting's own type and unit.

    Raises
    ------
    ValueError
        If it is no number, not a whole one where it must be, or beyond the limits.
    """
    old = _DEFAULTS[name]
    limits = get_setting_limits(name)
    if new is None and limits.may_be_unset:
        return None
    if isinstance(new, bool) or not isinstance(new, int | float | str | Decimal):
        raise ValueError(f"setting {name!r} must be a number")
    try:
        value = Decimal(str(new))
    except ArithmeticError:
        raise ValueError(f"setting {name!r} must be a number") from None
    if not value.is_finite() or not limits.low <= value <= limits.high:
        raise ValueError(f"setting {name!r} must be from {limits.low} to {limits.high}")
    if limits.is_whole and value != int(value):
        raise ValueError(f"setting {name!r} must be a whole number")
    if isinstance(old, Decimal):
        return value
    return float(value) if isinstance(old, float) else int(value)


@dataclass(frozen=True, slots=True)
class SettingLimits:
    """The least and the most that a setting may be; beyond, it is a slip of the pen."""

    low: Decimal
    high: Decimal
    is_whole: bool
    may_be_unset: bool


def get_setting_limits(name: str) -> SettingLimits:
    """Return the limits of a policy setting; raises `KeyError` where there is none of that name."""
    is_whole = not isinstance(_DEFAULTS[name], float | Decimal)
    may_be_unset = name in _MAY_BE_UNSET
    low, high = Decimal(1 if may_be_unset else 0), Decimal(1000)
    if "factor" in name:
        low, high = Decimal("0.5"), Decimal(5)
    elif name.endswith("_s"):
        low, high = Decimal(0), Decimal(24 * 3600)
    elif name.endswith("_m"):
        low, high = Decimal(1), Decimal(5000)
    return SettingLimits(low, high, is_whole, may_be_unset)


def list_policy_faults(policy: Policy) -> list[str]:
    """List what settings together leave no time for: a school window, or the day itself."""
    faults = []
    if policy.arrive_earliest_before_bell_s < policy.arrive_latest_before_bell_s:
        faults.append(
            "policy: arrive_earliest_before_bell_s is under arrive_latest_before_bell_s, so no "
            "arrival time is left: make the earliest arrival the earlier of the two"
        )
    if policy.latest_setdown_s <= policy.earliest_pickup_s:
        faults.append(
            "policy: latest_setdown_s is not after earliest_pickup_s, so no time of day is left: "
            "make the last set-down the later of the two"
        )
    return faults


_DEFAULTS: Final = {setting.name: setting.value for setting in Policy().list_settings()}
_MAY_BE_UNSET: Final = ("ride_limit_s", "shared_pupils_per_assistant", "max_schools_per_run")

LEVER_KINDS: Final[Mapping[str, LeverKind]] = {
    kind.name: kind
    for kind in (
        LeverKind(
            "share_assistants",
            "Pupils with a dedicated assistant share one where their risk assessment allows it.",
            {},
            "assistants",
            {"kind": "share_assistants"},
        ),
        LeverKind(
            "vehicle_count",
            "No more than `count` vehicles of `vehicle_type` are available.",
            {
                "vehicle_type": Parameter("the code of a type in the data set", _read_text),
                "count": _whole(0, 100_000),
            },
            "count",
            {"kind": "vehicle_count", "vehicle_type": "WAV", "count": 8},
        ),
        LeverKind(
            "policy",
            "Replace settings of the policy.",
            {
                "settings": Parameter(
                    "a record of settings with their new values, see below", _read_settings
                )
            },
            "settings",
            {"kind": "policy", "settings": {"turnaround_s": 900, "traffic_factor_am": 1.3}},
        ),
        LeverKind(
            "ride_limit",
            "Every derived ride cap becomes `minutes`; pupils whose direct ride is longer get "
            "their direct ride + 5 minutes.",
            {"minutes": _whole(1, 240)},
            "ride_limit_s",
            {"kind": "ride_limit", "minutes": 60},
        ),
        LeverKind(
            "single_school_runs",
            "Each run serves one school.",
            {},
            "max_schools_per_run",
            {"kind": "single_school_runs"},
        ),
        LeverKind(
            "max_schools_per_run",
            "A run serves at most `schools` schools.",
            {"schools": _whole(1, 20)},
            "max_schools_per_run",
            {"kind": "max_schools_per_run", "schools": 2},
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
    levers.sort(key=lambda lever: (_ORDER.index(lever.kind), repr(lever.parameters)))
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
    for name, parameter in kind.parameters.items():
        if name not in given:
            faults.append(f"lever {number} ({kind.name}): {name!r} is missing")
            continue
        try:
            parameters.append((name, parameter.read(given[name])))
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
        If levers name vehicle types that the data set does not have, or the settings together
        leave no school window.
    """
    faults: list[str] = []
    for lever in levers:
        source = f"scenario lever {lever.kind}"
        if lever.kind == "share_assistants":
            dataset = replace(dataset, pupils=tuple(_share(pupil) for pupil in dataset.pupils))
        elif lever.kind == "vehicle_count":
            dataset = replace(dataset, vehicle_types=_limit(dataset.vehicle_types, lever, faults))
        elif lever.kind == "policy":
            policy = policy.with_changes(dict(lever.get("settings")), source=source)
        elif lever.kind == "ride_limit":
            limit = {"ride_limit_s": 60 * lever.get("minutes")}
            policy = policy.with_changes(limit, source=source)
        else:
            most = 1 if lever.kind == "single_school_runs" else lever.get("schools")
            policy = policy.with_changes({"max_schools_per_run": most}, source=source)
    faults += list_policy_faults(policy)
    if faults:
        raise LeverError(faults)
    return dataset, policy


def _share(pupil: Pupil) -> Pupil:
    if pupil.assistant == "dedicated" and pupil.may_share_assistant:
        return replace(pupil, assistant="shared")
    return pupil


def _limit(
    types: tuple[VehicleType, ...], lever: Lever, faults: list[str]
) -> tuple[VehicleType, ...]:
    code = lever.get("vehicle_type")
    if code not in {kind.code for kind in types}:
        known = ", ".join(kind.code for kind in types)
        faults.append(f"vehicle_count: no vehicle type {code!r}; the types are {known}")
    return tuple(
        replace(kind, count=lever.get("count")) if kind.code == code else kind for kind in types
    )


def describe_levers(levers: Iterable[Lever]) -> tuple[str, ...]:
    """Say in words what each lever changes."""
    return tuple(_describe(lever) for lever in levers)


def _describe(lever: Lever) -> str:
    if lever.kind == "share_assistants":
        return "assistants shared where the risk assessment allows it"
    if lever.kind == "vehicle_count":
        return f"at most {lever.get('count')} vehicles of type {lever.get('vehicle_type')}"
    if lever.kind == "ride_limit":
        return f"ride limit {lever.get('minutes')} minutes"
    if lever.kind == "single_school_runs":
        return "one school a run"
    if lever.kind == "max_schools_per_run":
        return f"at most {lever.get('schools')} schools a run"
    return ", ".join(
        f"{name.replace('_', ' ')} = {'not set' if value is None else value}"
        for name, value in lever.get("settings")
    )
