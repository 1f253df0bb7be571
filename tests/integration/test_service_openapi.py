"""The OpenAPI document holds: examples everywhere, and requests made from it never break us."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from installation import Council, Installation
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app.keys import create_key

NOT_ASKED = ("create_dataset", "create_roads", "stream_solve_events")
"""Uploads have tests of their own; a stream of a waiting solve does not end."""
PER_OPERATION = 8
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def document(council: Council) -> dict[str, Any]:
    found: dict[str, Any] = council.planner.get("/v1/openapi.json").raise_for_status().json()
    return found


def _list_operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for path in document["paths"].values() for operation in path.values()]


def test_every_operation_has_examples(document: dict[str, Any]) -> None:
    for operation in _list_operations(document):
        name = operation["operationId"]
        answers = [answer for status, answer in operation["responses"].items() if status[0] == "2"]
        assert answers, name
        for answer in answers:
            assert answer["content"], name
            for content in answer["content"].values():
                assert content["example"] is not None, name
        for content in operation.get("requestBody", {"content": {}})["content"].values():
            assert content["example"] is not None, name
        assert operation["summary"], name
        assert operation["description"], name


def test_errors_are_problems_only(document: dict[str, Any]) -> None:
    for operation in _list_operations(document):
        for status, answer in operation["responses"].items():
            if status[0] in "45":
                assert set(answer["content"]) == {"application/problem+json"}


def test_document_names_the_roles(document: dict[str, Any]) -> None:
    for operation in _list_operations(document):
        if operation["operationId"] not in {"get_health", "get_ready"}:
            assert operation["x-roles"]
            assert operation["security"]


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_requests_made_from_the_document(
    installation: Installation, council: Council, document: dict[str, Any], mode: GenerationMode
) -> None:
    """Some hundreds of requests, right and wrong: no 5xx, every answer as the document says."""
    schema = schemathesis.openapi.from_dict(document)
    _key_id, key = create_key(installation.database, council.authority, "commissioner")
    asked = 0
    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.definition.raw["operationId"] not in NOT_ASKED:
            asked += _ask(operation, mode, installation.url, key)
    assert asked > 100


def _ask(operation: Any, mode: GenerationMode, url: str, key: str) -> int:
    """Make requests of one operation, check the answers, and return how many were made."""
    asked = 0

    @settings(
        max_examples=PER_OPERATION,
        phases=[Phase.generate],
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: schemathesis.Case) -> None:
        nonlocal asked
        headers = {"Authorization": f"Bearer {key}"}
        response = case.call(base_url=url, headers=headers, timeout=30)
        asked += 1
        case.validate_response(response, checks=CHECKS)

    try:
        ask()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE  # an operation to which nothing wrong can be sent
    return asked
