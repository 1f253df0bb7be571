"""Domain types to JSON and back: the one place where the two meet.

Large contents are stored as compressed JSON (`pack`, `unpack`), small ones as JSON columns.
"""

from __future__ import annotations

import json
import zlib
from typing import Any

from pydantic import TypeAdapter

from solver.domain import CostedPlan, Dataset, Plan, Policy, RateCard

_adapters: dict[Any, TypeAdapter[Any]] = {}


def _get_adapter(kind: Any) -> TypeAdapter[Any]:
    """Return the adapter of a type, built once (it takes milliseconds)."""
    if kind not in _adapters:
        _adapters[kind] = TypeAdapter(kind)
    return _adapters[kind]


def to_json(value: Any, kind: Any = None) -> Any:
    """Return `value` as plain JSON types; `kind` where it is not its class, as for tuples."""
    return _get_adapter(kind or type(value)).dump_python(value, mode="json")


def from_json[T](kind: type[T], raw: Any) -> T:
    """Return the domain value that `raw`, plain JSON types, states.

    Raises
    ------
    pydantic.ValidationError
        If `raw` is not such a value.
    """
    value: T = _get_adapter(kind).validate_json(json.dumps(raw))
    return value


def pack(value: Any) -> bytes:
    """Return a domain value as compressed JSON."""
    return zlib.compress(_get_adapter(type(value)).dump_json(value), level=3)


def unpack[T](kind: type[T], raw: bytes) -> T:
    """Return the domain value that :func:`pack` stored."""
    value: T = _get_adapter(kind).validate_json(zlib.decompress(raw))
    return value


STORED = (Dataset, Policy, RateCard, Plan, CostedPlan)
"""What the tables hold; a test takes each there and back."""


def count_dataset(dataset: Dataset) -> dict[str, int]:
    """Return the numbers of a data set that stay when its rows are wiped."""
    return {
        "pupils": len(dataset.pupils),
        "schools": len(dataset.schools),
        "vehicle_types": len(dataset.vehicle_types),
        "contract_routes": len(dataset.contract),
        "open_days": len(dataset.calendar.open_days),
    }


def total_routes(costed: CostedPlan) -> list[dict[str, Any]]:
    """Return the yearly pence of each route, and of unassigned pupils together, in plan order.

    This is what stays of a plan's costs when its data set is deleted: no line by pupil.
    """
    totals: dict[str, int] = {route.reference: 0 for route in costed.plan.routes}
    for line in costed.lines:
        totals[line.route] = totals.get(line.route, 0) + line.amount_pence
    return [{"route": route, "year_pence": pence} for route, pence in totals.items()]
