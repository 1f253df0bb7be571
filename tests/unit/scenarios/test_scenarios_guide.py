"""The guide to levers says what the code does."""

from __future__ import annotations

from pathlib import Path

import pytest

from scenarios.guide import write_guide_tables
from scenarios.levers import LEVER_KINDS, parse_levers
from solver.domain import Policy

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "guide" / "levers.md"


def test_guide_has_the_levers_and_settings_as_they_are_read() -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    assert write_guide_tables(guide) == guide, (
        "the guide is out of date: python -m scenarios.guide docs/guide/levers.md"
    )
    for name in (*LEVER_KINDS, *(setting.name for setting in Policy().list_settings())):
        assert f"| `{name}` |" in guide


def test_levers_stand_in_the_guide_as_they_apply() -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    places = [guide.index(f"| `{name}` |") for name in LEVER_KINDS]
    assert places == sorted(places)


@pytest.mark.parametrize("name", LEVER_KINDS)
def test_examples_of_the_guide_are_accepted(name: str) -> None:
    (lever,) = parse_levers([LEVER_KINDS[name].example])
    assert lever.kind == name


def test_guide_without_its_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="lacks the marks"):
        write_guide_tables("# A guide without tables\n")
