"""From upload to result through a real API and a real worker: progress, cancel, result, delete."""

from __future__ import annotations

import csv
import io
import json
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from installation import (
    Council,
    Installation,
    start_solve,
    wait_for_state,
)
from sqlalchemy import select, text

from app.db import mapping
from app.db.tables import PlanRow
from solver.domain import CostedPlan

SHORT = {"iterations": 2, "seed": 3}
PROVEN = {"iterations": 2, "seed": 3, "bound_seconds": 3}
LONG = {"seconds": 300}


@pytest.fixture(scope="module")
def installation(private_installation: Installation) -> Installation:
    """Workers run here, so the database is this module's own."""
    return private_installation


@pytest.fixture(scope="module", autouse=True)
def _worker(installation: Installation) -> Iterator[None]:
    process = installation.start_worker()
    yield
    assert process.poll() is None, "the worker ended by itself"


@pytest.fixture(scope="module")
def solved(council: Council) -> dict[str, Any]:
    """A finished solve of the scenario without levers."""
    solve = start_solve(council.planner, council.scenario["id"], **SHORT)
    return wait_for_state(council.planner, solve["id"], {"succeeded", "failed"}, 90)


@pytest.fixture(scope="module")
def as_is(council: Council) -> dict[str, Any]:
    """Today's contract, valued."""
    solve = start_solve(council.planner, council.scenario["id"], kind="as_is")
    return wait_for_state(council.planner, solve["id"], {"succeeded", "failed"}, 90)


@pytest.fixture(scope="module")
def plan(council: Council, solved: dict[str, Any]) -> dict[str, Any]:
    assert solved["state"] == "succeeded", solved["failure"]
    result = council.planner.get(f"/v1/solves/{solved['id']}/result").raise_for_status().json()
    (found,) = result["plans"]
    return dict(found)


def read_events(client: httpx.Client, solve: str, last: str | None = None) -> list[dict[str, Any]]:
    """Read a solve's event stream to its end."""
    headers = {"Last-Event-ID": last} if last else {}
    events = []
    with client.stream("GET", f"/v1/solves/{solve}/events", headers=headers) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        for block in "".join(stream.iter_text()).split("\n\n"):
            lines = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
            if "id" in lines:
                events.append(lines)
    return events


def test_solve_is_accepted_with_where_to_ask(council: Council) -> None:
    body = {"scenario_id": council.scenario["id"], **SHORT}
    response = council.planner.post("/v1/solves", json=body)
    assert response.status_code == 202
    assert response.headers["location"] == f"/v1/solves/{response.json()['id']}"
    assert int(response.headers["retry-after"]) > 0
    assert response.json()["state"] == "queued"
    assert {"schoolrun", "ortools"} <= set(response.json()["provenance"])


def test_plan_carries_everyone_and_is_checked(council: Council, plan: dict[str, Any]) -> None:
    runs = council.planner.get(f"/v1/plans/{plan['id']}/runs", params={"limit": 200}).json()
    for session in ("AM", "PM"):
        carried = {
            pupil
            for run in runs["items"]
            if run["session"] == session
            for visit in run["visits"]
            if visit["place"] == "home"
            for pupil in visit["pupils"]
        }
        assert carried == {f"P{number}" for number in range(1, 9)}
    assert plan["pricing"] == "rate card"
    assert not plan["is_as_is"]
    assert plan["metrics"]


def test_plan_has_its_day_objective_and_no_bound_unless_asked(
    solved: dict[str, Any], plan: dict[str, Any]
) -> None:
    (link,) = solved["plans"]
    assert solved["bound_seconds"] == 0
    assert link["day_objective_gbp"] == plan["metrics"]["day_objective_gbp"] > 0
    assert (link["lower_bound_gbp"], link["gap_at_most"]) == (None, None)


def test_bound_is_below_the_objective_and_stays_with_the_plan(
    installation: Installation, council: Council
) -> None:
    client = council.planner
    solve = start_solve(client, council.scenario["id"], **PROVEN)
    ended = wait_for_state(client, solve["id"], {"succeeded", "failed"}, 90)
    assert ended["state"] == "succeeded", ended["failure"]
    (link,) = ended["plans"]
    with installation.database.of_authority(council.authority) as session:
        content = session.scalars(select(PlanRow.content).where(PlanRow.id == link["id"])).one()
    assert content is not None
    stored = mapping.unpack(CostedPlan, content).plan
    assert link["day_objective_gbp"] == pytest.approx(stored.am.objective + stored.pm.objective)
    assert stored.am.bound is not None, "no bound of the morning"
    assert stored.pm.bound is not None, "no bound of the afternoon"
    bound = stored.am.bound.value + stored.pm.bound.value
    assert 0 <= link["lower_bound_gbp"] == pytest.approx(bound)
    assert bound <= link["day_objective_gbp"] + 1e-6
    assert link["gap_at_most"] == pytest.approx(1 - bound / link["day_objective_gbp"], abs=1e-9)
    query = {"solve": [ended["id"]]}
    compared = client.get("/v1/comparison", params=query).raise_for_status().json()
    (metrics,) = compared["comparison"]["metrics"]
    assert metrics["lower_bound_gbp"] == pytest.approx(bound)
    told = [json.loads(event["data"]) for event in read_events(client, ended["id"])]
    assert all("bound" in numbers for numbers in told if "objective" in numbers)


def test_cost_lines_add_up_to_the_penny(council: Council, plan: dict[str, Any]) -> None:
    client = council.planner
    lines, cursor = [], None
    while True:
        query = {"limit": 7} | ({"cursor": cursor} if cursor else {})
        page = client.get(f"/v1/plans/{plan['id']}/costs", params=query).raise_for_status().json()
        assert page["year_pence"] == plan["year_pence"]
        lines += page["items"]
        cursor = page["next"]
        if cursor is None:
            break
    assert sum(line["amount_pence"] for line in lines) == plan["year_pence"] > 0
    assert sum(route["year_pence"] for route in plan["route_costs"]) == plan["year_pence"]
    text = client.get(f"/v1/plans/{plan['id']}/costs.csv").content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert sum(int(row["amount_pence"]) for row in rows) == plan["year_pence"]


def test_lots_add_up_three_ways(council: Council, plan: dict[str, Any]) -> None:
    lots = council.planner.get(f"/v1/plans/{plan['id']}/lots").raise_for_status().json()
    assert len(lots["lottings"]) == 3
    for lotting in lots["lottings"]:
        total = sum(lot["year_pence"] for lot in lotting["lots"]) + lotting["outside_pence"]
        assert total == plan["year_pence"]


def test_as_is_is_valued_twice_on_its_own_routes(council: Council, as_is: dict[str, Any]) -> None:
    assert as_is["state"] == "succeeded", as_is["failure"]
    assert [plan["pricing"] for plan in as_is["plans"]] == ["contract prices", "rate card"]
    contract = council.planner.get(f"/v1/plans/{as_is['plans'][0]['id']}").json()
    assert contract["is_as_is"]
    # 10 open days x (190.00 + 175.50 + 98.00) pounds a day
    assert contract["year_pence"] == 10 * (19_000 + 17_550 + 9_800)


def _value_as_is_without_detours(council: Council) -> dict[str, Any]:
    """Value today's contract by a policy that allows nobody a ride longer than the direct one."""
    values = {
        "ride_target_primary_s": 0,
        "ride_target_secondary_s": 0,
        "ride_cap_direct_extra_s": 0,
        "ride_cap_direct_factor": 1,
    }
    settings = [{"name": name, "value": value, "source": "x"} for name, value in values.items()]
    policy = {"name": "No detours", "effective_from": "2099-09-01", "settings": settings}
    policy_id = council.planner.post("/v1/policies", json=policy).raise_for_status().json()["id"]
    body = {"name": "No detours", "dataset_id": council.dataset["id"], "policy_id": policy_id}
    scenario = council.planner.post("/v1/scenarios", json=body).raise_for_status().json()
    solve = start_solve(council.planner, scenario["id"], kind="as_is")
    return wait_for_state(council.planner, solve["id"], {"succeeded", "failed"}, 90)


def test_rules_that_the_contract_breaks_are_listed(
    installation: Installation, council: Council
) -> None:
    as_is = _value_as_is_without_detours(council)
    assert as_is["state"] == "succeeded", as_is["failure"]
    address = f"/v1/plans/{as_is['plans'][0]['id']}"
    metrics = council.planner.get(address).raise_for_status().json()["metrics"]
    found: list[dict[str, Any]] = []
    cursor = None
    while True:
        query = {"limit": 1} | ({"cursor": cursor} if cursor else {})
        page = council.planner.get(f"{address}/violations", params=query).raise_for_status().json()
        found += page["items"]
        cursor = page["next"]
        if cursor is None:
            break
    assert len(found) == metrics["violations"] > 0
    assert dict(Counter(item["rule"] for item in found)) == metrics["violations_by_rule"]
    assert {item["route"] for item in found if item["number"]} <= {"R1", "R2", "R3"}
    assert any(item["pupils"] for item in found)
    buyer = installation.client(council.authority, "procurement")
    shown = buyer.get(f"{address}/violations", params={"limit": 200}).raise_for_status().json()
    assert shown["items"] == [item | {"pupils": []} for item in found]


def test_plan_of_ours_breaks_no_rule(council: Council, plan: dict[str, Any]) -> None:
    assert plan["metrics"]["violations_by_rule"] == {}
    page = council.planner.get(f"/v1/plans/{plan['id']}/violations").raise_for_status().json()
    assert page == {"items": [], "next": None}


def test_comparison_as_json_and_workbook(
    council: Council, as_is: dict[str, Any], solved: dict[str, Any]
) -> None:
    query = {"solve": [as_is["id"], solved["id"]]}
    compared = council.planner.get("/v1/comparison", params=query).raise_for_status().json()
    assert compared["solves"] == query["solve"]
    text = json.dumps(compared["comparison"])
    assert "Today's policy" in text
    book = council.planner.get("/v1/comparison.xlsx", params=query).raise_for_status()
    assert book.content[:2] == b"PK"


@pytest.mark.parametrize(
    ("name", "starts"),
    [("workbook.xlsx", b"PK"), ("plan.gpkg", b"SQLite format 3"), ("map.png", b"\x89PNG")],
)
def test_plan_as_a_file(council: Council, plan: dict[str, Any], name: str, starts: bytes) -> None:
    response = council.planner.get(f"/v1/plans/{plan['id']}/{name}").raise_for_status()
    assert response.content.startswith(starts)
    assert name in response.headers["content-disposition"]


def test_routes_on_the_map_without_homes_for_procurement(
    installation: Installation, council: Council, plan: dict[str, Any]
) -> None:
    address = f"/v1/plans/{plan['id']}/routes.geojson"
    whole = council.planner.get(address).raise_for_status().json()
    buyer = installation.client(council.authority, "procurement")
    public = buyer.get(address).raise_for_status().json()
    layers = {feature["properties"]["layer"] for feature in whole["features"]}
    assert len(layers) == 3
    assert {feature["geometry"]["type"] for feature in public["features"]} == {"Point"}
    homes = {
        (visit["lon"], visit["lat"])
        for run in council.planner.get(
            f"/v1/plans/{plan['id']}/runs", params={"limit": 200}
        ).json()["items"]
        for visit in run["visits"]
        if visit["place"] == "home"
    }
    assert homes
    assert not homes & {(round(lon, 6), round(lat, 6)) for lon, lat in _list_positions(public)}
    text = json.dumps(public)
    assert not any(f'"P{number}"' in text for number in range(1, 9))
    names = {feature["properties"]["name"] for feature in public["features"]}
    assert names == {"Canalside School", "Hilltop College"}


def _list_positions(collection: dict[str, Any]) -> set[tuple[float, float]]:
    found: set[tuple[float, float]] = set()

    def walk(value: Any) -> None:
        if value and isinstance(value[0], int | float):
            found.add((value[0], value[1]))
        else:
            for item in value:
                walk(item)

    for feature in collection["features"]:
        if feature["geometry"]:
            walk(feature["geometry"]["coordinates"])
    return found


def test_events_are_replayed_after_the_one_named(council: Council, solved: dict[str, Any]) -> None:
    events = read_events(council.planner, solved["id"])
    assert [int(event["id"]) for event in events] == list(range(1, len(events) + 1))
    assert events[0]["event"] == "queued"
    assert events[1]["event"] == "running"
    assert events[-1]["event"] == "succeeded"
    again = read_events(council.planner, solved["id"], last=events[1]["id"])
    assert again == events[2:]
    assert read_events(council.planner, solved["id"], last=events[-1]["id"]) == []


def test_cancelled_solve_keeps_its_best_plan(council: Council) -> None:
    client = council.planner
    solve = start_solve(client, council.scenario["id"], **LONG)
    wait_for_state(client, solve["id"], {"running"})
    until = time.monotonic() + 60
    while client.get(f"/v1/solves/{solve['id']}").json()["progress"] is None:
        assert time.monotonic() < until, "no progress was reported"
        time.sleep(0.2)
    began = time.monotonic()
    assert client.post(f"/v1/solves/{solve['id']}/cancel").status_code == 202
    ended = wait_for_state(client, solve["id"], {"cancelled", "succeeded", "failed"}, 15)
    assert time.monotonic() - began < 6
    assert ended["state"] == "cancelled"
    assert [plan["pricing"] for plan in ended["plans"]] == ["rate card"]
    assert read_events(client, solve["id"])[-1]["event"] == "cancelled"


def test_waiting_solve_is_cancelled_at_once_and_only_once(council: Council) -> None:
    client = council.planner
    busy = start_solve(client, council.scenario["id"], **LONG)
    wait_for_state(client, busy["id"], {"running"})
    waiting = start_solve(client, council.scenario["id"], **LONG)
    cancelled = client.post(f"/v1/solves/{waiting['id']}/cancel")
    assert cancelled.json()["state"] == "cancelled"
    assert client.post(f"/v1/solves/{waiting['id']}/cancel").status_code == 202
    client.post(f"/v1/solves/{busy['id']}/cancel")
    wait_for_state(client, busy["id"], {"cancelled"}, 15)


def test_ended_solve_cannot_be_cancelled(council: Council, solved: dict[str, Any]) -> None:
    response = council.planner.post(f"/v1/solves/{solved['id']}/cancel")
    assert response.status_code == 409
    assert response.headers["content-type"] == "application/problem+json"


def test_result_of_a_solve_that_has_not_ended_is_refused(council: Council) -> None:
    client = council.planner
    solve = start_solve(client, council.scenario["id"], **LONG)
    assert client.get(f"/v1/solves/{solve['id']}/result").status_code == 409
    client.post(f"/v1/solves/{solve['id']}/cancel")
    wait_for_state(client, solve["id"], {"cancelled"}, 20)


def test_logs_name_no_school_address_or_need(installation: Installation) -> None:
    logs = installation.read_logs()
    assert "solve_ended" in logs
    for private in ("Canalside", "Hilltop", "52.5800", "-1.9800", "wheelchair", "dedicated"):
        assert private not in logs
    for line in logs.splitlines():
        if line.startswith("{"):
            json.loads(line)


def test_deleting_a_data_set_wipes_rows_and_keeps_totals(
    installation: Installation, council: Council, plan: dict[str, Any]
) -> None:
    client = council.planner
    chief = installation.client(council.authority, "commissioner")
    address = f"/v1/datasets/{council.dataset['id']}"
    deleted = chief.delete(address).raise_for_status().json()
    assert deleted["state"] == "deleted"
    assert deleted["counts"]["pupils"] == 8
    assert deleted["content_hash"] == council.dataset["content_hash"]
    kept = client.get(f"/v1/plans/{plan['id']}").raise_for_status().json()
    assert kept["is_purged"]
    assert kept["year_pence"] == plan["year_pence"]
    assert kept["route_costs"] == plan["route_costs"]
    for part in ("runs", "violations", "costs", "lots", "routes.geojson"):
        assert client.get(f"/v1/plans/{plan['id']}/{part}").status_code == 410
    again = client.post("/v1/solves", json={"scenario_id": council.scenario["id"]})
    assert again.status_code == 410
    with installation.database.of_authority(council.authority) as session:
        left = session.execute(
            text(
                "SELECT (SELECT count(*) FROM dataset WHERE content IS NOT NULL), "
                "(SELECT count(*) FROM plan WHERE content IS NOT NULL), "
                "(SELECT count(*) FROM solve WHERE checkpoint IS NOT NULL)"
            )
        ).one()
    assert tuple(left) == (0, 0, 0)
