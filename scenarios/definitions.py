"""Scenarios that come with the project, as YAML files beside this module, and their reader."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from scenarios.levers import Lever, LeverError, parse_levers

FOLDER = Path(__file__).parent / "definitions"
DEMO_ORDER = ("single-school", "today", "ride-limit-60", "shared-assistants")
"""The stricter before the looser, so that each starts from plans that its rules allow."""


@dataclass(frozen=True, slots=True)
class Definition:
    """A named scenario: the question that it answers and its levers, checked and as written."""

    name: str
    question: str
    levers: tuple[Lever, ...]
    raw_levers: tuple[dict[str, Any], ...]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    name: str
    question: str = ""
    levers: list[dict[str, Any]]


def read_definition(path: Path) -> Definition:
    """Read a scenario from a YAML file.

    Raises
    ------
    LeverError
        If the file is no YAML, lacks a part, has an unknown one, or a lever is wrong.
    """
    try:
        content = _File.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise LeverError([f"{path.name}: cannot be read as YAML"]) from error
    except ValidationError as error:
        faults = [
            f"{path.name}: {'.'.join(str(part) for part in fault['loc']) or 'file'}: {fault['msg']}"
            for fault in error.errors(include_input=False, include_url=False)
        ]
        raise LeverError(faults) from error
    try:
        levers = parse_levers(content.levers)
    except LeverError as error:
        raise LeverError([f"{path.name}: {fault}" for fault in error.faults]) from error
    return Definition(content.name, content.question, levers, tuple(content.levers))


def list_definitions() -> tuple[Definition, ...]:
    """List the scenarios that come with the project, in the demo's order."""
    return tuple(read_definition(FOLDER / f"{name}.yaml") for name in DEMO_ORDER)
