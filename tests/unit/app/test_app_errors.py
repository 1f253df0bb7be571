"""The one table from failure to status, and answers that quote nothing."""

from __future__ import annotations

import json

import psycopg
import pytest
import sqlalchemy.exc

from app import errors
from solver.domain import PlanRejectedError, SchoolrunError, UnknownSettingError


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (errors.KeyRefusedError("x"), 401),
        (errors.RoleRefusedError("x"), 403),
        (errors.AbsentError("x"), 404),
        (errors.StateError("x"), 409),
        (errors.InFlightError("x"), 409),
        (errors.PurgedError("x"), 410),
        (errors.TooLargeError("x"), 413),
        (errors.KeyReusedError("x"), 422),
        (errors.RequestError("x"), 422),
        (errors.FilesError("x"), 422),
        (UnknownSettingError("x", ["y"]), 422),
        (SchoolrunError("x"), 422),
        (PlanRejectedError(()), 500),
        (psycopg.OperationalError("x"), 503),
        (sqlalchemy.exc.OperationalError("SELECT", {}, Exception("gone")), 503),
        (sqlalchemy.exc.TimeoutError("x"), 503),
        (sqlalchemy.exc.IntegrityError("INSERT", {}, Exception("dup")), 500),
        (ValueError("a cell said 12 Example Street"), 500),
    ],
)
def test_each_failure_has_its_status(failure: Exception, status: int) -> None:
    assert errors.find_status(failure)[0] == status
    response = errors.answer_failure(failure)
    assert response.status_code == status
    assert response.media_type == "application/problem+json"
    assert json.loads(bytes(response.body))["status"] == status


def test_no_failure_of_ours_is_hidden_by_a_wider_one() -> None:
    seen: list[type[Exception]] = []
    for kind, _status, _name in errors.STATUSES:
        assert not any(issubclass(kind, wider) for wider in seen), kind
        seen.append(kind)


def test_foreign_failures_are_not_quoted() -> None:
    response = errors.answer_failure(ValueError("a cell said 12 Example Street"))
    assert b"Example Street" not in bytes(response.body)


def test_faults_are_given_with_their_places() -> None:
    fault = errors.Fault("/body/pupils", "no-point", "no home", "give it", "pupils.csv", 3, "home")
    body = json.loads(bytes(errors.answer_failure(errors.FilesError("bad", [fault])).body))
    assert body["errors"] == [
        {
            "pointer": "/body/pupils",
            "code": "no-point",
            "text": "no home",
            "remedy": "give it",
            "file": "pupils.csv",
            "row": 3,
            "column": "home",
        }
    ]
