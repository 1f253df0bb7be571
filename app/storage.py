"""Files on disk under their content hash: the roads. API and workers share the folder."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import BinaryIO, Final
from uuid import uuid4

_CHUNK: Final = 1 << 20


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
        part.write_bytes(received.read_bytes())
        os.replace(part, path)
    return path
