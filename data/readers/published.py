"""Read published CSV files row by row: large, of known form, with a bad row now and then."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from data.faults import FaultLog

PUBLISHED_LIMIT_BYTES: Final = 2_000_000_000
"""The whole ONSPD is about 1.3 GB; it is read as a stream, never as a whole."""

MOST_BAD_ROWS: Final = 200
"""Bad rows of one sort that are listed one by one; the rest are counted."""


@contextmanager
def open_published(
    path: Path, log: FaultLog, encoding: str
) -> Iterator[Iterator[list[str]] | None]:
    """Open a published CSV file as rows of cells as they are; None where it cannot be read.

    A byte that the encoding does not know becomes a replacement character, never an exception.
    """
    if not _check_published(path, log):
        yield None
        return
    with path.open("rb") as probe:
        has_bom = probe.read(3) == b"\xef\xbb\xbf"
    with path.open(
        encoding="utf-8-sig" if has_bom else encoding, errors="replace", newline=""
    ) as stream:
        yield _iterate(stream, log)


def _check_published(path: Path, log: FaultLog) -> bool:
    if not path.is_file():
        log.add(None, "", "no-file", "There is no such file.", "Choose the file again.")
        return False
    size = path.stat().st_size
    with path.open("rb") as probe:
        start = probe.read(1024)
    if size == 0:
        log.add(None, "", "empty-file", "The file is empty.", "Download it again.")
    elif start.startswith(b"PK"):
        log.add(
            None,
            "",
            "packed-file",
            "The file is a ZIP archive or a workbook.",
            "Unpack the download and hand in the CSV file from it as it is.",
        )
    elif b"\0" in start:
        log.add(
            None,
            "",
            "wrong-encoding",
            "The file is not plain text.",
            "Download it again as CSV and hand it in as it is.",
        )
    elif size > PUBLISHED_LIMIT_BYTES:
        log.add(
            None,
            "",
            "file-too-large",
            f"The file has {size / 1e6:,.0f} MB, more than {PUBLISHED_LIMIT_BYTES / 1e6:,.0f}.",
            "Hand in the part for your area.",
        )
    else:
        return True
    return False


def _iterate(stream: io.TextIOWrapper, log: FaultLog) -> Iterator[list[str]]:
    reader = csv.reader(stream)
    row = 0
    while True:
        row += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            log.warn(
                row, "", "bad-row", "The row is not written as CSV and is skipped.", "None needed."
            )
            continue
        yield cells


def is_number(text: str) -> bool:
    """Whether the text is a plain decimal number."""
    return bool(re.fullmatch(r"-?[0-9]{1,9}(\.[0-9]{1,12})?", text))
