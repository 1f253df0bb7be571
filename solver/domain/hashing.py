"""One way to name content by its hash."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, is_dataclass
from typing import Any


def content_hash(*parts: Any) -> str:
    """Return the SHA-256 of dataclasses, bytes or plain values, hexadecimal.

    Field order does not matter, order within tuples does; the same content gives the same hash
    on every machine.
    """
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, bytes):
            digest.update(part)
            continue
        plain = asdict(part) if is_dataclass(part) and not isinstance(part, type) else part
        digest.update(json.dumps(plain, sort_keys=True, default=str, ensure_ascii=True).encode())
    return digest.hexdigest()
