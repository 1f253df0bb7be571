"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from solver.domain.errors import SchoolrunError


class ExportError(SchoolrunError):
    """A file could not be written: the message says which, why and what to do."""


@contextmanager
def replace_file(path: Path) -> Iterator[Path]:
    """Give a place to write to, and put what was written to `path` when all went well.

    The folder of `path` is made where it is missing. On any failure `path` stays as it was.

    Raises
    ------
    ExportError
        If the file system refuses.
    """
    scratch: str | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = tempfile.mkdtemp(prefix=".writing-", dir=path.parent)
        unfinished = Path(scratch) / path.name
        yield unfinished
        os.replace(unfinished, path)
    except OSError as error:
        raise ExportError(
            f"{path.name} could not be written to {path.parent}: {error.strerror or error}; "
            f"close it where it is open, check room and leave to write there, or choose another "
            f"folder"
        ) from error
    finally:
        if scratch is not None:
            shutil.rmtree(scratch, ignore_errors=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path`, whole or not at all; raises :class:`ExportError`."""
    with replace_file(path) as unfinished:
        unfinished.write_bytes(content)
