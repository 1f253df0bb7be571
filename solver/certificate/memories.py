"""What a node of the table has in mind: none, one or two of the homes that have come before.

A node may know up to seven homes. With three of them behind it, any two may be kept in mind and the
third may come again: a run is never dearer for what is forgotten. So each two of them say how much
can follow at the least, and the two that say most are believed.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numba import njit
from numpy.typing import NDArray


def count_states(tabled: NDArray[np.int32]) -> NDArray[np.int64]:
    """In how many states nodes that know so many homes may be: with none behind, one or two."""
    homes = tabled.astype(np.int64)
    return 1 + homes * (homes + 1) // 2


@njit(cache=True, nogil=True)
def number_state(low: int, high: int) -> int:
    """The number of the state with two homes in mind, or with one if they are the same."""
    return 1 + high * (high + 1) // 2 + (low + 1 if low < high else 0)


@njit(cache=True, nogil=True)
def choose_state(rest: NDArray[np.int32], y: int, mask: int) -> int:
    """The state with two homes of `mask` at most after which least can follow, from entry y on.

    Whichever is kept in mind, what it says holds.
    """
    best = 0
    high = 0
    while mask >> high:
        for low in range(high + 1):
            if mask >> high & 1 and mask >> low & 1:
                state = number_state(low, high)
                if rest[y + state] > rest[y + best]:
                    best = state
        high += 1
    return best


def list_states(homes: int) -> NDArray[np.int64]:
    """The states that may stand for up to three homes behind, by a bit for each: always three."""
    states = np.zeros((1 << homes, 3), dtype=np.int64)
    for some in (1, 2, 3):
        for behind in combinations(range(homes), some):
            mask = sum(1 << home for home in behind)
            pairs = list(combinations(behind, 2)) or [(behind[0], behind[0])]
            states[mask] = [number_state(*(pairs * 3)[x]) for x in range(3)]
    return states


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
