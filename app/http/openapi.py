"""The OpenAPI document: an example on every operation, problems as the only errors."""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from app.http.examples import EXAMPLES
from app.http.models import Problem
from app.roles import OPEN, OPERATIONS
from app.versions import get_code_version

_REF: Final = {"$ref": "#/components/schemas/Problem"}
_DESCRIPTION: Final = (
    "Plan, check, cost and tender SEN home-to-school transport. Send an API key as "
    "`Authorization: Bearer KEY`. Money is in whole pence, and in pounds where a name ends in gbp; "
    "times are UTC; another authority's ids are answered as absent."
)
_PROBLEM: Final = {
    "type": "urn:schoolrun:problem:not-found",
    "title": "Not Found",
    "status": 404,
    "detail": "there is no such solve",
    "errors": [],
}


def build_openapi(app: FastAPI) -> dict[str, Any]:
    """Return the document of `app`, made once."""
    if app.openapi_schema:
        return app.openapi_schema
    document = get_openapi(
        title="Schoolrun", version=get_code_version(), description=_DESCRIPTION, routes=app.routes
    )
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    own = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(own.pop("$defs", {}))
    schemas["Problem"] = own
    for methods in document["paths"].values():
        for operation in methods.values():
            _finish_operation(operation)
    app.openapi_schema = document
    return document


def _finish_operation(operation: dict[str, Any]) -> None:
    name = operation["operationId"]
    problem = {
        "content": {"application/problem+json": {"schema": _REF, "example": _PROBLEM}},
    }
    responses = operation["responses"]
    responses.pop("422", None)
    if name in OPEN:
        if name == "get_ready":
            responses["503"] = {"description": "Not ready"} | problem
        responses["4XX"] = {"description": "The request is refused"} | problem
    else:
        responses["4XX"] = {"description": "The request is refused"} | problem
        responses["5XX"] = {"description": "The service or its database failed"} | problem
        operation["x-roles"] = sorted(OPERATIONS[name])
    example = EXAMPLES[name]
    if "requestBody" in operation:
        for content in operation["requestBody"]["content"].values():
            content["example"] = example.request
    for status, response in responses.items():
        if status.startswith("2"):
            for content in response.get("content", {}).values():
                content["example"] = example.answer
