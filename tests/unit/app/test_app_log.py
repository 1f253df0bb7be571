"""Logs hold references and places in the code, never what a council uploaded."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from app.log import configure_logging, get_logger
from solver.domain import SchoolrunError

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def _logging() -> Iterator[None]:
    """Put the logging of the test run back."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def _last(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    line = capsys.readouterr().err.strip().splitlines()[-1]
    found: dict[str, object] = json.loads(line)
    return found


def test_foreign_exception_is_named_not_quoted(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging()
    try:
        raise ValueError("12 Example Street")
    except ValueError as exc:
        logging.getLogger("library").error("it broke", exc_info=exc)
    line = _last(capsys)
    assert line["error"] == "ValueError"
    assert "Example Street" not in json.dumps(line)
    assert "test_foreign_exception_is_named_not_quoted" in str(line["at"])


def test_own_failure_keeps_its_words(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging()
    try:
        raise SchoolrunError("no policy is in force")
    except SchoolrunError as exc:
        get_logger("test").warning("refused", exc_info=exc, solve="s1")
    line = _last(capsys)
    assert line["error_text"] == "no policy is in force"
    assert line["solve"] == "s1"
    assert line["level"] == "warning"


def test_library_message_loses_the_machines_folders(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging()
    package = Path(sys.prefix) / "lib" / "package.py"
    logging.getLogger("library").error("defined at %s:261 and %s:1", package, ROOT / "app/log.py")
    assert _last(capsys)["event"] == "defined at lib/package.py:261 and app/log.py:1"
