"""Files on disk: uploads while they are read, and roads for good under their content hash.

API and workers share the roads' folder.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import BinaryIO, Final
from uuid import uuid4

_CHUNK: Final = 1 << 20
_LEFT_OVER_S: Final = 3600.0
"""No upload takes so long: what is older was left by a process that was killed."""


def receive_uploads_in(folder: Path) -> None:
    """Have this process receive uploads in `folder`, on disk: `/tmp` is memory in a container.

    What a killed process left there is deleted.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in folder.iterdir():
        if time.time() - left.stat().st_mtime > _LEFT_OVER_S:
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)
    os.environ["TMPDIR"] = str(folder.resolve())
    tempfile.tempdir = None  # found anew, here and in processes that are started


def get_roads_path(folder: Path, content_hash: str, suffix: str) -> Path:
    """Return where the roads file with this hash lies."""
    return folder / f"{content_hash}{suffix}"


def copy_limited(source: BinaryIO, target: Path, most_bytes: int) -> tuple[str, int] | None:
    """Copy a stream to `target`; return its SHA-256 and size, or `None` if it is over the limit."""
    digest = hashlib.sha256()
    size = 0
    with target.open("wb") as out:
        while chunk := source.read(_CHUNK):
            size += len(chunk)
            if size > most_bytes:
                return None
            digest.update(chunk)
            out.write(chunk)
    return digest.hexdigest(), size


def keep_roads(received: Path, folder: Path, content_hash: str, suffix: str) -> Path:
    """Move a received roads file to its place; the same content is kept once."""
    folder.mkdir(parents=True, exist_ok=True)
    path = get_roads_path(folder, content_hash, suffix)
    if not path.exists():
        part = folder / f".{uuid4().hex}.part"
        shutil.move(received, part)  # copied by pieces where it comes from another disk
        os.replace(part, path)
    return path
