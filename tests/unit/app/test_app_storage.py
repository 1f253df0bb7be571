"""Uploads lie in a folder on disk while they are read; roads stay under their hash."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.storage import copy_limited, keep_roads, receive_uploads_in


@pytest.fixture(autouse=True)
def _temporary_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put the temporary folder of the test run back."""
    monkeypatch.setenv("TMPDIR", tempfile.gettempdir())
    yield
    monkeypatch.undo()
    tempfile.tempdir = None


def test_uploads_are_received_in_the_folder_and_left_overs_go(tmp_path: Path) -> None:
    folder = tmp_path / "uploads"
    receive_uploads_in(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert Path(tempfile.gettempdir()) == folder
    old, new = folder / "old", folder / "new"
    for left in (old, new):
        left.mkdir()
        (left / "pupils.csv").write_text("reference\n")
    before = time.time() - 7200
    os.utime(old, (before, before))
    receive_uploads_in(folder)
    assert list(folder.iterdir()) == [new]


def test_copy_stops_at_the_limit(tmp_path: Path) -> None:
    digest = hashlib.sha256(b"12345").hexdigest()
    assert copy_limited(io.BytesIO(b"12345"), tmp_path / "a", 5) == (digest, 5)
    assert copy_limited(io.BytesIO(b"123456"), tmp_path / "b", 5) is None


def test_roads_are_moved_to_their_hash_and_kept_once(tmp_path: Path) -> None:
    for content in (b"first", b"second"):
        received = tmp_path / "received.osm"
        received.write_bytes(content)
        path = keep_roads(received, tmp_path / "roads", "abc", ".osm")
        assert path.read_bytes() == b"first"
    assert [path.name for path in (tmp_path / "roads").iterdir()] == ["abc.osm"]
