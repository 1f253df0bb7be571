"""One example of each operation, as it appears in the OpenAPI document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

_ID: Final = "0b8f6a52-5f0e-4c55-9a53-3c2f7f5f2b10"
_AT: Final = "2026-11-24T22:15:00Z"
_HASH: Final = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_REPORT: Final = {
    "errors": 0,
    "warnings": 1,
    "faults": [
        {
            "file": "pupils.csv",
            "row": 17,
            "column": "home postcode",
            "severity": "warning",
            "code": "postcode-terminated",
            "text": "the postcode is no longer in use",
            "remedy": "give the present postcode, or the point",
        }
    ],
}
_COUNTS: Final = {
    "pupils": 450,
    "schools": 30,
    "vehicle_types": 6,
    "contract_routes": 110,
    "open_days": 190,
}
_DATASET: Final = {
    "id": _ID,
    "name": "Example borough",
    "version": 1,
    "state": "ready",
    "content_hash": _HASH,
    "counts": _COUNTS,
    "rate_card_id": _ID,
    "created_at": _AT,
    "deleted_at": None,
    "files": [{"kind": "pupils", "size_bytes": 48_211, "sha256": _HASH}],
    "report": _REPORT,
}
_ROADS: Final = {
    "id": _ID,
    "name": "Example borough roads",
    "content_hash": _HASH,
    "size_bytes": 2_400_123,
    "created_at": _AT,
}
_POLICY: Final = {
    "id": _ID,
    "version": 2,
    "name": "Ride times from September",
    "effective_from": "2026-09-01",
    "content_hash": _HASH,
    "created_at": _AT,
    "settings": [
        {
            "name": "turnaround_s",
            "value": 900,
            "unit": "s",
            "grade": "sourced",
            "source": "Cabinet report, March 2026",
        }
    ],
}
_RATES: Final = {
    "vehicle_type": "minibus-16",
    "day_charge": "185.00",
    "half_day_charge": "110.00",
    "per_live_mile": "1.20",
    "per_dead_mile": "0.80",
    "per_driver_hour": "14.50",
    "minimum_charge": "0",
    "grade": "assumed",
    "source": "Contract register 2025",
}
_CARD_IN: Final = {
    "name": "Rates 2026/27",
    "effective_from": "2026-09-01",
    "vehicles": [_RATES],
    "pa_per_hour": "12.60",
    "pa_fixed": "0",
    "pa_grade": "assumed",
    "pa_source": "Contract register 2025",
}
_CARD: Final = {
    "id": _ID,
    "version": 1,
    "name": "Rates 2026/27",
    "effective_from": "2026-09-01",
    "content_hash": _HASH,
    "created_at": _AT,
    "content": _CARD_IN,
}
_LEVERS: Final = [{"kind": "ride_limit", "minutes": 60}]
_SCENARIO: Final = {
    "id": _ID,
    "name": "Ride limit 60 minutes",
    "dataset_id": _ID,
    "policy_id": _ID,
    "rate_card_id": _ID,
    "roads_id": _ID,
    "levers": _LEVERS,
    "content_hash": _HASH,
    "created_at": _AT,
}
_PROGRESS: Final = {
    "session": "AM",
    "phase": "search",
    "seconds": 12.0,
    "objective": 4210.5,
    "runs": 71,
    "unassigned": 0,
    "iterations": 64,
    "bound": 3920.25,
}
_SOLVE: Final = {
    "id": _ID,
    "kind": "scenario",
    "scenario_id": _ID,
    "state": "running",
    "attempt": 1,
    "seed": 1,
    "seconds": 60.0,
    "iterations": None,
    "bound_seconds": 20.0,
    "progress": _PROGRESS,
    "failure": None,
    "is_cancel_requested": False,
    "provenance": {"schoolrun": "0.1.0", "ortools": "9.15.6755"},
    "created_at": _AT,
    "started_at": _AT,
    "finished_at": None,
    "plans": [],
}
_PLAN: Final = {
    "id": _ID,
    "solve_id": _ID,
    "dataset_id": _ID,
    "name": "Ride limit 60 minutes",
    "pricing": "rate card",
    "is_as_is": False,
    "year_pence": 162_345_678,
    "content_hash": _HASH,
    "is_purged": False,
    "created_at": _AT,
    "metrics": {
        "routes": 78,
        "day_objective_gbp": 8420.5,
        "lower_bound_gbp": 7840.25,
        "gap_at_most": 0.0689,
        "unassigned": 0,
        "violations": 0,
        "violations_by_rule": {},
    },
    "route_costs": [{"route": "R001", "year_pence": 3_412_345}],
}
_NIGHT: Final = {
    "night": "2026-11-24",
    "state": "succeeded",
    "text": "",
    "solve_id": _ID,
    "year_pence": 162_345_678,
    "change_pence": -412_350,
    "has_same_input": True,
    "day_objective_gbp": 8420.5,
    "lower_bound_gbp": 7840.25,
    "gap_at_most": 0.0689,
}
_VISIT: Final = {
    "place": "school",
    "school_urn": "900001",
    "school": "Canalside School",
    "lat": 52.58,
    "lon": -1.98,
    "pupils": ["P0001", "P0002"],
    "times": [
        {
            "weekday": "Monday",
            "arrive": "08:31:00",
            "start": "08:31:00",
            "depart": "08:32:00",
            "pupils": ["P0001"],
        }
    ],
}
_RUN: Final = {
    "session": "AM",
    "number": 1,
    "route": "R001",
    "vehicle_type": "minibus-16",
    "seats": 14,
    "bays": 1,
    "is_order_planned": False,
    "visits": [_VISIT],
}
_VIOLATION: Final = {
    "rule": "C2",
    "session": "AM",
    "number": 14,
    "route": "R012",
    "text": "a ride of 58.4 minutes over a cap of 45.0",
    "pupils": ["P0031"],
}
_LINE: Final = {
    "route": "R001",
    "code": "day_charge",
    "text": "Vehicle, day charge",
    "quantity": "190.0000",
    "unit": "day",
    "rate": "185.00",
    "amount_pence": 3_515_000,
    "grade": "assumed",
    "source": "Contract register 2025",
}
_GEOJSON: Final = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [-1.98, 52.58]},
            "properties": {"layer": "schools", "name": "Canalside School"},
        }
    ],
}
_LOTS: Final = {
    "plan_id": _ID,
    "year_pence": 162_345_678,
    "lottings": [
        {
            "way": "route by route",
            "outside_pence": 0,
            "lots": [{"reference": "L001", "routes": ["R001"], "year_pence": 3_412_345}],
        }
    ],
}
_COMPARISON: Final = {"solves": [_ID, _ID], "comparison": {"columns": [], "savings": []}}
_UPLOAD: Final = {"name": "Example borough", "pupils": "(file)", "schools": "(file)"}


@dataclass(frozen=True, slots=True)
class Example:
    """What is sent, where there is a body, and what comes back."""

    answer: Any
    request: Any = None


def _page(item: Any) -> dict[str, Any]:
    return {"items": [item], "next": None}


EXAMPLES: Final[dict[str, Example]] = {
    "get_health": Example({"status": "ok"}),
    "get_ready": Example({"status": "ok"}),
    "get_me": Example(
        {
            "authority_id": _ID,
            "authority": "Example borough",
            "role": "planner",
            "key_prefix": "x7Gq2a",
            "operations": ["create_solve", "get_solve"],
        }
    ),
    "get_openapi": Example({"openapi": "3.1.0"}),
    "get_metrics": Example("schoolrun_jobs_queued 0.0\n"),
    "list_templates": Example({"items": ["pupils", "schools"], "next": None}),
    "get_template": Example("reference,school urn,home postcode\n"),
    "create_dataset": Example(_DATASET, _UPLOAD),
    "list_datasets": Example(_page(_DATASET)),
    "get_dataset": Example(_DATASET),
    "get_dataset_report": Example(_REPORT),
    "delete_dataset": Example(_DATASET | {"state": "deleted", "deleted_at": _AT}),
    "create_roads": Example(_ROADS, {"name": "Example borough roads", "file": "(file)"}),
    "list_roads": Example(_page(_ROADS)),
    "get_roads": Example(_ROADS),
    "list_policies": Example(_page(_POLICY)),
    "get_policy": Example(_POLICY),
    "create_policy": Example(
        _POLICY,
        {
            "name": "Ride times from September",
            "effective_from": "2026-09-01",
            "settings": [
                {
                    "name": "turnaround_s",
                    "value": 900,
                    "grade": "sourced",
                    "source": "Cabinet report, March 2026",
                }
            ],
        },
    ),
    "list_rate_cards": Example(_page(_CARD)),
    "get_rate_card": Example(_CARD),
    "create_rate_card": Example(_CARD, _CARD_IN),
    "create_scenario": Example(
        _SCENARIO, {"name": "Ride limit 60 minutes", "dataset_id": _ID, "levers": _LEVERS}
    ),
    "list_scenarios": Example(_page(_SCENARIO)),
    "get_scenario": Example(_SCENARIO),
    "create_solve": Example(
        _SOLVE | {"state": "queued", "attempt": 0, "progress": None, "started_at": None},
        {"scenario_id": _ID, "kind": "scenario", "seconds": 60, "bound_seconds": 20, "seed": 1},
    ),
    "list_solves": Example(_page(_SOLVE)),
    "get_solve": Example(_SOLVE),
    "stream_solve_events": Example('id: 3\nevent: progress\ndata: {"objective": 4210.5}\n\n'),
    "cancel_solve": Example(_SOLVE | {"is_cancel_requested": True}),
    "get_solve_result": Example({"solve_id": _ID, "state": "succeeded", "plans": [_PLAN]}),
    "list_nights": Example(_page(_NIGHT)),
    "list_plans": Example(_page(_PLAN)),
    "get_plan": Example(_PLAN),
    "list_plan_runs": Example(_page(_RUN)),
    "list_plan_violations": Example(_page(_VIOLATION)),
    "get_plan_routes": Example(_GEOJSON),
    "list_plan_costs": Example(_page(_LINE) | {"year_pence": 162_345_678}),
    "get_plan_costs_csv": Example("route,code,text,quantity,unit,rate,amount_pence\n"),
    "get_plan_lots": Example(_LOTS),
    "get_plan_workbook": Example("(an XLSX workbook)"),
    "get_plan_geopackage": Example("(a GeoPackage)"),
    "get_plan_map": Example("(a PNG map)"),
    "get_comparison": Example(_COMPARISON),
    "get_comparison_workbook": Example("(an XLSX workbook)"),
}
"""Operation id to its example. A test takes the two lists for equal."""
