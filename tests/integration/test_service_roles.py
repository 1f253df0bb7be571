"""Every operation x every role x own or another authority, generated from the OpenAPI document."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx
import pytest
from installation import Council, Installation, start_solve

from app.db.tables import PlanRow
from app.http.examples import EXAMPLES
from app.roles import OPEN, OPERATIONS, ROLES, Role

EMPTY_UPLOADS = {"create_dataset", "create_roads"}


@pytest.fixture(scope="module")
def clients(
    installation: Installation, council: Council, other_council: Council
) -> dict[tuple[str, Role], httpx.Client]:
    owners = {"own": council.authority, "other": other_council.authority}
    return {
        (whose, role): installation.client(authority, role)
        for whose, authority in owners.items()
        for role in ROLES
    }


@pytest.fixture(scope="module")
def things(installation: Installation, council: Council) -> dict[str, str]:
    """The id of one thing of each kind of the first authority, by path parameter."""
    client = council.planner
    solve = start_solve(client, council.scenario["id"])
    policy = client.get("/v1/policies").json()["items"][0]
    return {
        "dataset_id": council.dataset["id"],
        "roads_id": council.roads["id"],
        "scenario_id": council.scenario["id"],
        "rate_card_id": council.dataset["rate_card_id"],
        "policy_id": policy["id"],
        "solve_id": solve["id"],
        "plan_id": _store_plan(installation, council, solve["id"]),
        "kind": "pupils",
        "form": "csv",
    }


def _store_plan(installation: Installation, council: Council, solve: str) -> str:
    """Store a plan whose rows are wiped: enough to tell present from absent."""
    plan_id = uuid4()
    with installation.database.of_authority(council.authority) as session:
        session.add(
            PlanRow(
                authority_id=council.authority,
                id=plan_id,
                solve_id=solve,
                dataset_id=council.dataset["id"],
                name="",
                pricing="rate card",
                is_as_is=False,
                content_hash="",
                year_pence=0,
                summary={},
                route_costs=[],
                content=None,
            )
        )
    return str(plan_id)


@pytest.fixture(scope="module")
def operations(council: Council) -> list[tuple[str, str, str]]:
    """Every operation as id, method and path template."""
    document = council.planner.get("/v1/openapi.json").raise_for_status().json()
    return [
        (operation["operationId"], method.upper(), path)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def _call(
    client: httpx.Client, operation: tuple[str, str, str], things: dict[str, str]
) -> httpx.Response:
    name, method, path = operation
    address = path.format(**things)
    if name == "stream_solve_events":
        with client.stream(method, address) as response:
            return response
    if name in EMPTY_UPLOADS:
        return client.request(method, address, data={"name": "x"})
    query: dict[str, Any] = {"solve": things["solve_id"]} if "comparison" in name else {}
    body = EXAMPLES[name].request
    if isinstance(body, dict):
        body = {key: things.get(key, value) for key, value in body.items()}
    return client.request(method, address, params=query, json=body)


def test_every_operation_is_in_the_table(operations: list[tuple[str, str, str]]) -> None:
    assert {name for name, _method, _path in operations} == set(OPERATIONS) | OPEN
    assert set(EXAMPLES) == set(OPERATIONS) | OPEN


def test_role_decides_and_only_the_role(
    operations: list[tuple[str, str, str]],
    clients: dict[tuple[str, Role], httpx.Client],
    things: dict[str, str],
) -> None:
    surprises = []
    for operation in operations:
        if operation[0] in OPEN or operation[0] == "delete_dataset":
            continue
        for role in ROLES:
            status = _call(clients["own", role], operation, things).status_code
            allowed = role in OPERATIONS[operation[0]]
            if (status == 403) is allowed or status >= 500 or status == 401:
                surprises.append((operation[0], role, status))
    assert surprises == []


def test_deleting_is_for_those_named(
    council: Council, clients: dict[tuple[str, Role], httpx.Client], things: dict[str, str]
) -> None:
    start_solve(council.planner, things["scenario_id"])
    for role in ROLES:
        status = clients["own", role].delete(f"/v1/datasets/{things['dataset_id']}").status_code
        # 409: allowed, but a solve of it waits
        assert status == (409 if role in OPERATIONS["delete_dataset"] else 403), role


def test_anothers_things_are_answered_as_absent(
    operations: list[tuple[str, str, str]],
    clients: dict[tuple[str, Role], httpx.Client],
    things: dict[str, str],
) -> None:
    absent = {
        name: str(uuid4()) if name.endswith("_id") else value for name, value in things.items()
    }
    surprises = []
    checked = 0
    for operation in operations:
        name, _method, path = operation
        is_about_thing = "_id}" in path or "comparison" in name
        if not is_about_thing:
            continue
        for role in sorted(OPERATIONS[name]):
            theirs = _call(clients["other", role], operation, things)
            nothing = _call(clients["other", role], operation, absent)
            checked += 1
            same = theirs.status_code == nothing.status_code == 404
            if name != "stream_solve_events":
                same = same and theirs.content == nothing.content
            if not same:
                surprises.append((name, role, theirs.status_code, nothing.status_code))
    assert surprises == []
    assert checked > 50


@pytest.mark.parametrize("part", ["dataset_id", "policy_id", "rate_card_id", "roads_id"])
def test_anothers_id_in_a_body_is_absent_too(
    council: Council, other_council: Council, things: dict[str, str], part: str
) -> None:
    body = {"name": "x", "dataset_id": other_council.dataset["id"], part: things[part]}
    assert other_council.planner.post("/v1/scenarios", json=body).status_code == 404
    solve = {"scenario_id": council.scenario["id"]}
    assert other_council.planner.post("/v1/solves", json=solve).status_code == 404


def test_lists_hold_ones_own_things_only(
    clients: dict[tuple[str, Role], httpx.Client], things: dict[str, str]
) -> None:
    for kind in ("datasets", "roads", "policies", "rate-cards", "scenarios", "solves", "plans"):
        mine = clients["own", "planner"].get(f"/v1/{kind}").json()["items"]
        theirs = clients["other", "planner"].get(f"/v1/{kind}").json()["items"]
        assert mine
        assert not {item["id"] for item in mine} & {item["id"] for item in theirs}


def test_procurement_sees_no_upload_report(
    clients: dict[tuple[str, Role], httpx.Client], things: dict[str, str]
) -> None:
    address = f"/v1/datasets/{things['dataset_id']}"
    assert clients["own", "planner"].get(address).json()["report"]["warnings"] > 0
    assert clients["own", "procurement"].get(address).json()["report"] is None
