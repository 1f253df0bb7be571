"""What a node of the table has in mind: none, one or two of the homes that have come before.

A node may know up to seven homes. With three of them behind it, the two that it lists first are
kept and the third may come again: a run is never dearer for what is forgotten.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray


def count_states(tabled: NDArray[np.int32]) -> NDArray[np.int64]:
    """In how many states nodes that know so many homes may be: with none behind, one or two."""
    homes = tabled.astype(np.int64)
    return 1 + homes * (homes + 1) // 2


@njit(cache=True, nogil=True)
def number_state(mask: int) -> int:
    """The number of the state with the first two homes of `mask`, a bit for each."""
    if mask == 0:
        return 0
    low = 0
    while not mask >> low & 1:
        low += 1
    high = low + 1
    while mask >> high and not mask >> high & 1:
        high += 1
    if not mask >> high:
        return 1 + low * (low + 1) // 2
    return 2 + high * (high + 1) // 2 + low


@njit(cache=True, nogil=True)
def list_homes(state: int) -> int:
    """The homes of a state, a bit for each."""
    if state == 0:
        return 0
    last = 0
    while 1 + (last + 1) * (last + 2) // 2 <= state:
        last += 1
    other = state - 1 - last * (last + 1) // 2
    return 1 << last if other == 0 else 1 << last | 1 << other - 1
