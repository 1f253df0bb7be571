"""What a node of the table remembers at once: few of the homes that it may remember.

Every set of them would double a node's entries with each home. Most walks that come back do so to
one home or two, so that a memory holds :data:`AT_ONCE` of them at most; of more the first ones are
kept, and the others forgotten, which makes runs easier and never dearer. Kernels are handed the
tables below: a compiled one would keep those that it was compiled with.
"""

from __future__ import annotations

from math import comb

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]
MOST_TABLED = 7
"""So many homes at most does a node of the table remember, now and then."""
AT_ONCE = 2
"""So many homes at most are remembered at once."""


def _list_masks() -> NDArray[np.int64]:
    """The memories as bits, by their last home: a node with fewer homes has the first of them."""
    masks = [mask for mask in range(1 << MOST_TABLED) if mask.bit_count() <= AT_ONCE]
    return np.array(masks, dtype=np.int64)


def _number_masks() -> NDArray[np.int64]:
    """The number of the memory that stands for each mask: of more homes the first ones are kept."""
    numbers = {int(mask): number for number, mask in enumerate(MASKS)}
    standing = []
    for mask in range(1 << MOST_TABLED):
        bits = [1 << x for x in range(MOST_TABLED) if mask >> x & 1]
        standing.append(numbers[sum(bits[:AT_ONCE])])
    return np.array(standing, dtype=np.int64)


MASKS = _list_masks()
"""The homes of each memory, as bits."""
NUMBERS = _number_masks()
"""The number of the memory that keeps the first homes of any, by their bits."""
_COUNTS = np.array(
    [sum(comb(some, x) for x in range(AT_ONCE + 1)) for some in range(MOST_TABLED + 1)],
    dtype=np.int64,
)


def count_memories(tabled: Ints) -> NDArray[np.int64]:
    """How many memories there are of so many homes."""
    return _COUNTS[tabled]
