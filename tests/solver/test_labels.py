"""The labels of the rules agree: the solver's README, the checker's codes, the test files."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OTHER_CODES = {"S1", "COST"}
"""Codes of the checker that are no rule of the specification: the timetable due, money."""
FOUND_ELSEWHERE = {"C16", "C17"}
"""C16 is found as COST; C17 is a reason, and a pupil left out without one is C1."""


def _read_labels() -> dict[str, str]:
    """Label and name of each rule as the README has them."""
    text = (ROOT / "solver" / "README.md").read_text(encoding="utf-8")
    return dict(re.findall(r"^\| \*\*(C\d+) ([a-z -]+)\*\* \|", text, flags=re.MULTILINE))


def test_readme_and_test_files_have_the_same_rules() -> None:
    named = {f"c{int(c[1:]):02d}_{re.sub('[ -]', '_', name)}" for c, name in _read_labels().items()}
    files = {p.stem.removeprefix("test_") for p in Path(__file__).parent.glob("test_c[0-9]*.py")}
    assert files == named


def test_the_checkers_codes_are_the_labels() -> None:
    sources = [*(ROOT / "solver").glob("*checker*.py"), *(ROOT / "solver").glob("checker/*.py")]
    text = "".join(path.read_text(encoding="utf-8") for path in sources)
    codes = set(re.findall(r'"(C\d+|S1|COST)"', text))
    assert codes == (set(_read_labels()) | OTHER_CODES) - FOUND_ELSEWHERE


def test_reasons_are_labels_too() -> None:
    text = (ROOT / "solver" / "hopeless.py").read_text(encoding="utf-8")
    reasons = set(re.findall(r'"(C\d+)"', text))
    assert reasons
    assert reasons <= set(_read_labels())
