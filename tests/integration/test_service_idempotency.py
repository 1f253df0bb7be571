"""The same request sent again, also at the same moment, is done once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx
from installation import Council, Installation


def _post(client: httpx.Client, path: str, body: object, key: str) -> httpx.Response:
    return client.post(path, json=body, headers={"Idempotency-Key": key})


def _count(council: Council) -> int:
    return len(council.planner.get("/v1/solves", params={"limit": 200}).json()["items"])


def test_same_key_same_body_same_answer(council: Council) -> None:
    before = _count(council)
    body = {"scenario_id": council.scenario["id"], "seconds": 5}
    key = str(uuid4())
    first = _post(council.planner, "/v1/solves", body, key)
    second = _post(council.planner, "/v1/solves", body, key)
    assert first.status_code == second.status_code == 202
    assert first.json() == second.json()
    assert first.headers["location"] == second.headers["location"]
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert _count(council) == before + 1


def test_same_key_other_body_is_refused(council: Council) -> None:
    key = str(uuid4())
    body = {"scenario_id": council.scenario["id"], "seconds": 5}
    _post(council.planner, "/v1/solves", body, key).raise_for_status()
    before = _count(council)
    other = _post(council.planner, "/v1/solves", body | {"seconds": 6}, key)
    assert other.status_code == 422
    assert other.json()["type"] == "urn:schoolrun:problem:key-reused"
    assert _count(council) == before


def test_duplicates_at_once_make_one(council: Council) -> None:
    before = _count(council)
    body = {"scenario_id": council.scenario["id"], "seconds": 5}
    key = str(uuid4())
    with ThreadPoolExecutor(16) as pool:
        answers = list(
            pool.map(lambda _: _post(council.planner, "/v1/solves", body, key), range(32))
        )
    statuses = {answer.status_code for answer in answers}
    assert statuses <= {202, 409}
    assert 202 in statuses
    made = {answer.json()["id"] for answer in answers if answer.status_code == 202}
    assert len(made) == 1
    for answer in answers:
        if answer.status_code == 409:
            assert answer.json()["type"] == "urn:schoolrun:problem:in-flight"
    assert _count(council) == before + 1


def test_key_is_the_callers_own(installation: Installation, council: Council) -> None:
    body = {"scenario_id": council.scenario["id"], "seconds": 5}
    key = str(uuid4())
    mine = _post(council.planner, "/v1/solves", body, key).json()
    colleague = installation.client(council.authority, "commissioner")
    theirs = _post(colleague, "/v1/solves", body, key).json()
    assert mine["id"] != theirs["id"]


def test_refused_request_uses_up_no_key(council: Council) -> None:
    key = str(uuid4())
    absent = {"scenario_id": str(uuid4())}
    assert _post(council.planner, "/v1/solves", absent, key).status_code == 404
    body = {"scenario_id": council.scenario["id"]}
    assert _post(council.planner, "/v1/solves", body, key).status_code == 202


def test_scenarios_too(council: Council) -> None:
    key = str(uuid4())
    body = {"name": "Same name", "dataset_id": council.dataset["id"]}
    first = _post(council.planner, "/v1/scenarios", body, key)
    second = _post(council.planner, "/v1/scenarios", body, key)
    assert first.status_code == second.status_code == 201
    assert first.json()["id"] == second.json()["id"]
