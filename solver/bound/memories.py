"""What a node of the table remembers at once: few of the homes that it may remember.

Every set of them would double a node's entries with each home. Most walks that come back do so to
one home or two, so that a memory holds :data:`AT_ONCE` of them at most. Of three that have come
(two remembered, and the home just left) any two may be kept, and the pair is chosen of which least
can follow: with each of them runs are only made easier. Kernels are handed the tables below: a
compiled one would keep those that it was compiled with.
"""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]
MOST_TABLED = 7
"""So many homes at most does a node of the table remember, now and then."""
AT_ONCE = 2
"""So many homes at most are remembered at once."""


def _list_masks() -> NDArray[np.int64]:
    """The memories as bits, by their last home: a node with fewer homes has the first of them.

    After them those of one home more, which are not kept.
    """
    masks = [mask for mask in range(1 << MOST_TABLED) if mask.bit_count() <= AT_ONCE + 1]
    masks.sort(key=lambda mask: mask.bit_count() > AT_ONCE)
    return np.array(masks, dtype=np.int64)


def _list_parts() -> NDArray[np.int64]:
    """The memories that may stand for each of :data:`MASKS`: itself, or each two of three."""
    numbers = {int(mask): number for number, mask in enumerate(MASKS)}
    parts = []
    for mask in MASKS.tolist():
        bits = [1 << x for x in range(MOST_TABLED) if mask >> x & 1]
        some = [sum(pair) for pair in combinations(bits, AT_ONCE)]
        some = some if len(bits) > AT_ONCE else [mask] * (AT_ONCE + 1)
        parts.append([numbers[part] for part in some])
    return np.array(parts, dtype=np.int64)


def _number_masks() -> NDArray[np.int64]:
    """The number of each mask of so few homes, by its bits; -1 of those with more."""
    numbers = np.full(1 << MOST_TABLED, -1, dtype=np.int64)
    numbers[MASKS] = np.arange(len(MASKS))
    return numbers


MASKS = _list_masks()
"""The homes of each memory, as bits."""
NUMBERS = _number_masks()
"""The number of a memory by its bits."""
PARTS = _list_parts()
"""The memories of which one stands for each of :data:`MASKS`."""
_COUNTS = np.array(
    [sum(comb(some, x) for x in range(AT_ONCE + 1)) for some in range(MOST_TABLED + 1)],
    dtype=np.int64,
)


def count_memories(tabled: Ints) -> NDArray[np.int64]:
    """How many memories there are of so many homes."""
    return _COUNTS[tabled]
