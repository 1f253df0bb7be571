"""The reference instance format: how solvers are compared side by side (spec, last section).

One adapter to the domain types and the same solver, by switches of :class:`Rules`: no shared door,
unloading by visit, the ride limit as given, no earliest time, the whole charge per run.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from solver.arrays import IntArray
from solver.domain import (
    EVERY_WEEKDAY,
    UNREACHABLE,
    Bound,
    FleetType,
    Instance,
    InstanceError,
    Layout,
    Point,
    Remembered,
    Rider,
    Rules,
    SchoolCall,
    SeatPrice,
    SessionPlan,
    TravelMatrix,
)

if TYPE_CHECKING:
    from solver.prices import SessionPrices

_ASSISTANT = {"none": "none", "shared": "shared", "one_to_one": "dedicated"}


def read_instance(path: Path) -> tuple[Instance, TravelMatrix]:
    """Read a reference instance and its two `.npy` arrays (seconds, metres; paths beside it).

    Raises
    ------
    InstanceError
        If a file is missing or does not hold what the format asks for; the message says what.
    """
    raw = _read_json(path)
    try:
        matrix = TravelMatrix(_load(path, raw["time"]), _load(path, raw["dist"]))
        instance = _build_instance(raw)
    except KeyError as error:
        raise InstanceError(f"{path.name}: {error.args[0]!r} is missing or unknown") from error
    except (AttributeError, TypeError, ValueError) as error:
        raise InstanceError(f"{path.name}: is not in the reference format: {error}") from error
    if len(matrix) != len(instance.stops):
        raise InstanceError(
            f"{path.name}: {len(instance.stops)} points but a matrix of {len(matrix)} rows"
        )
    return instance, matrix


def write_plan(path: Path, instance: Instance, plan: SessionPlan) -> None:
    """Write a plan in the reference format. Without a bound, `lower_bound` is 0.

    Raises
    ------
    InstanceError
        If pupils are left out, each named with the reasons, or the file cannot be written.
    """
    if plan.unassigned:
        left_out = "; ".join(
            f"{instance.riders[item.rider].reference}: "
            + ", ".join(sorted({f"{reason.rule} {reason.text}" for reason in item.reasons}))
            for item in plan.unassigned
        )
        raise InstanceError(
            f"{len(plan.unassigned)} pupils cannot be carried, and the reference format has no "
            f"word for that: {left_out}"
        )
    runs = [
        {
            "type": instance.fleet[run.vehicle_type].code,
            "stops": [
                stop
                for visit in run.visits
                for stop in (
                    [["school", instance.schools[visit.school].urn]]
                    if visit.school is not None
                    else [["pickup", instance.riders[r].reference] for r in visit.riders]
                )
            ],
        }
        for run in plan.runs
    ]
    content = {
        "runs": runs,
        "cost": round(plan.cost, 4),
        "lower_bound": plan.bound.value if plan.bound else 0.0,
        "seconds": round(plan.seconds, 2),
        "seed": plan.seed,
    }
    _write_json(path, content)


def read_runs(path: Path, instance: Instance) -> list[IntArray]:
    """Read a plan's runs as node sequences: riders, and schools after them.

    Raises
    ------
    InstanceError
        If the file is not a plan, or names pupils or schools that the instance has not.
    """
    nodes = {("pickup", who.reference): r for r, who in enumerate(instance.riders)}
    calls = enumerate(instance.schools, len(instance.riders))
    nodes |= {("school", school.urn): node for node, school in calls}
    try:
        return [
            np.array([nodes[kind, name] for kind, name in run["stops"]], dtype=np.int64)
            for run in _read_json(path)["runs"]
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise InstanceError(
            f"{path.name}: is not a plan of {instance.name}: {error} is missing or unknown"
        ) from error


def write_prices(path: Path, instance: Instance, prices: SessionPrices) -> None:
    """Write what each pupil adds and each change of a rule would save, GBP a day (JSON).

    Raises
    ------
    InstanceError
        If the file cannot be written.
    """
    bound = prices.plan.bound
    content = {
        "instance": instance.digest(),
        "cost": round(prices.plan.cost, 4),
        "lower_bound": bound.value if bound else 0.0,
        "pupils": [
            {
                "pupil": who.reference,
                "school": instance.schools[who.school].urn,
                "gbp_a_day": round(price, 4),
            }
            for who, price in zip(instance.riders, prices.riders, strict=True)
        ],
        "rules": [
            {
                "change": rule.code,
                "words": rule.words,
                "saves_by_prices_gbp_a_day": round(rule.by_prices, 4),
                "saves_by_planning_gbp_a_day": round(rule.by_planning, 4),
                "saves_at_most_gbp_a_day": round(rule.at_most, 4),
            }
            for rule in prices.rules
        ],
    }
    _write_json(path, content, indent=1)


def _write_json(path: Path, content: dict[str, Any], indent: int | None = None) -> None:
    try:
        path.write_text(json.dumps(content, indent=indent), encoding="utf-8")
    except OSError as error:
        raise InstanceError(f"{path.name}: cannot be written: {error.strerror}") from error


def _read_json(path: Path) -> dict[str, Any]:
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InstanceError(f"{path.name}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise InstanceError(f"{path.name}: is not JSON: {error}") from error
    if not isinstance(raw, dict):
        raise InstanceError(f"{path.name}: is not in the reference format: not one JSON object")
    return raw


def write_certificate(path: Path, instance: Instance, matrix: TravelMatrix, bound: Bound) -> Path:
    """Write the duals that prove a plan's bound beside the plan; returns that file's path.

    The plan's own format has no place for them, and does not change.

    Raises
    ------
    InstanceError
        If the file cannot be written.
    """
    beside = name_certificate(path)
    content = {
        "instance": instance.digest(),
        "matrix": matrix.digest(),
        "lower_bound": bound.value,
        "seconds": round(bound.seconds, 2),
        "duals": {
            rider.reference: dual for rider, dual in zip(instance.riders, bound.duals, strict=True)
        },
        "vehicle_type_duals": {
            kind.code: dual for kind, dual in zip(instance.fleet, bound.kind_duals, strict=False)
        },
        "memory": [
            [hint.vehicle_type, *hint.crew, hint.node, list(hint.riders)] for hint in bound.memory
        ],
        "seat_prices": [[hint.vehicle_type, *hint.crew, hint.price] for hint in bound.seats],
    }
    _write_json(beside, content, indent=1)
    return beside


def read_certificate(
    path: Path, instance: Instance, matrix: TravelMatrix
) -> tuple[Bound, float, float]:
    """Read a plan's bound with its duals; returns it with the plan's cost and stated bound.

    Raises
    ------
    InstanceError
        If the plan or its certificate is missing or unreadable, or belongs to another instance.
    """
    plan, beside = _read_json(path), name_certificate(path)
    content = _read_json(beside)
    if (content.get("instance"), content.get("matrix")) != (instance.digest(), matrix.digest()):
        raise InstanceError(f"{beside.name}: proves a bound of another instance or other roads")
    try:
        bound = Bound(
            value=float(content["lower_bound"]),
            duals=tuple(float(content["duals"][r.reference]) for r in instance.riders),
            seconds=float(content["seconds"]),
            kind_duals=tuple(
                float(content["vehicle_type_duals"].get(t.code, 0.0)) for t in instance.fleet
            ),
            memory=tuple(
                Remembered(int(kind), (int(shared), int(own)), int(node), tuple(map(int, riders)))
                for kind, shared, own, node, riders in content.get("memory", ())
            ),
            seats=tuple(
                SeatPrice(int(kind), (int(shared), int(own)), float(price))
                for kind, shared, own, price in content.get("seat_prices", ())
            ),
        )
        return bound, float(plan["cost"]), float(plan["lower_bound"])
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise InstanceError(f"{beside.name}: lacks or misstates {error}") from error


def name_certificate(path: Path) -> Path:
    """Name the file beside a plan that holds the duals of its bound."""
    return path.with_suffix(".duals.json")


def _load(path: Path, name: str) -> NDArray[np.int32]:
    """Read a matrix; entries of :data:`UNREACHABLE` and over all mean that no road leads there."""
    try:
        table = np.load(path.parent / name, allow_pickle=False)
    except (OSError, EOFError, ValueError) as error:
        raise InstanceError(
            f"{path.name}: its matrix {name} cannot be read as a .npy file beside it"
        ) from error
    if not isinstance(table, np.ndarray) or not np.issubdtype(table.dtype, np.integer):
        raise InstanceError(f"{path.name}: its matrix {name} does not hold whole numbers")
    if table.size and table.min() < 0:
        raise InstanceError(
            f"{path.name}: its matrix {name} has negative entries; where no road joins two points, "
            f"give {UNREACHABLE}"
        )
    return np.minimum(table, UNREACHABLE).astype(np.int32)


def _build_instance(raw: dict[str, Any]) -> Instance:
    points = [Point(float(lat), float(lon)) for lat, lon in raw["points"]]
    calls = {school["id"]: i for i, school in enumerate(raw["schools"])}
    number = {pupil["id"]: i for i, pupil in enumerate(raw["pupils"])}
    if len(number) != len(raw["pupils"]) or len(calls) != len(raw["schools"]):
        raise ValueError("two pupils or two schools have the same id")
    return Instance(
        name=str(raw["name"]),
        session="AM",
        stops=tuple(points),
        riders=tuple(_build_rider(pupil, calls, number) for pupil in raw["pupils"]),
        schools=tuple(
            SchoolCall(
                urn=school["id"],
                name=school["id"],
                stop=int(school["point"]),
                window_from_s=int(school["arrive_from"]),
                window_to_s=int(school["arrive_to"]),
                dwell_s=int(school["unload_s"]),
                wheelchair_extra_s=0,
            )
            for school in raw["schools"]
        ),
        fleet=tuple(_build_type(kind) for kind in raw["vehicle_types"]),
        rules=Rules(
            earliest_s=0,
            latest_s=24 * 3600,
            shared_door_extra_s=None,
            shared_pupils_per_assistant=None,
            max_schools_per_run=None,
            ride_excess_gbp_per_min=0.0,
        ),
        pa_per_s=float(raw["pa_per_hour"]) / 3600,
        pa_fixed=float(raw["pa_fixed"]),
    )


def _build_rider(pupil: dict[str, Any], calls: dict[str, int], number: dict[str, int]) -> Rider:
    in_chair = bool(pupil["wheelchair"])
    return Rider(
        reference=pupil["id"],
        stop=int(pupil["point"]),
        school=calls[pupil["school"]],
        weekdays=EVERY_WEEKDAY,
        seats=0 if in_chair else int(pupil.get("seats", 1)),
        bays=1 if in_chair else 0,
        folded_chairs=0,
        assistant=_ASSISTANT[pupil["pa"]],  # type: ignore[arg-type]
        dwell_s=int(pupil["board_s"]),
        direct_s=0,
        ride_cap_s=int(pupil["max_ride_s"]),
        ride_target_s=int(pupil["max_ride_s"]),
        needs_lift=bool(pupil["needs_lift"]) or in_chair,
        is_solo=bool(pupil["solo"]),
        must_not_share=tuple(sorted(number[other] for other in pupil["incompatible"])),
    )


def _build_type(kind: dict[str, Any]) -> FleetType:
    return FleetType(
        code=kind["id"],
        layouts=tuple(Layout(seats, bays) for seats, bays in kind["layouts"]),
        has_lift=bool(kind["lift"]),
        tags=(),
        count=None if kind["count"] is None else int(kind["count"]),
        base=None if kind["depot"] is None else int(kind["depot"]),
        session_charge=float(kind["fixed"]),
        per_live_m=float(kind["per_km"]) / 1000,
        per_dead_m=float(kind["per_km"]) / 1000,
        per_driver_s=float(kind["per_hour"]) / 3600,
    )
