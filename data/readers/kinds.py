"""The kinds of file that a council hands in, one description each."""

from __future__ import annotations

from typing import Final

from data.readers.columns import FileKind
from data.readers.kinds_contract import CALENDAR, CONTRACT, CONTRACT_PUPILS, RATE_CARD, VEHICLES
from data.readers.kinds_pupils import ADDRESSES, PUPILS
from data.readers.kinds_schools import SCHOOLS

FILE_KINDS: Final[dict[str, FileKind]] = {
    kind.name: kind
    for kind in (
        PUPILS,
        ADDRESSES,
        SCHOOLS,
        VEHICLES,
        RATE_CARD,
        CALENDAR,
        CONTRACT,
        CONTRACT_PUPILS,
    )
}


def list_file_kinds() -> tuple[FileKind, ...]:
    """List every kind of file of a council's own, in the order of the guide."""
    return tuple(FILE_KINDS.values())
