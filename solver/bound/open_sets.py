"""Sets of open schools (schools with riders aboard): what boarding and calling makes of them.

Up to `deep` schools a set is exact. A run with more open is seen through smaller sets of up to
`shallow` schools, in which some are forgotten: every choice of who is forgotten bounds the run from
below, so the best of them counts.
"""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from solver.bound.modes import Ints


class OpenSets(NamedTuple):
    """All sets, exact ones first, then those with some schools forgotten (`exact` is the first).

    `plus[g, s]` is set g with s, -1 where it is too large for its kind. `after[g, s]` is set g once
    s has been called, -1 where s is not open (a forgotten school may be called all the same).
    `next[first[g, s] : first[g, s] + some[g, s]]` are the sets that a run may be seen through once
    a rider of s has boarded.
    """

    has: NDArray[np.bool_]
    size: Ints
    plus: Ints
    after: Ints
    next: Ints
    first: Ints
    some: Ints
    exact: int
    deep: int
    shallow: int


def build_sets(schools: int, deep: int, shallow: int) -> OpenSets:
    """Number all sets of up to `deep` schools, and of up to `shallow` where more are open."""
    exact = _list_sets(schools, deep)
    rough = _list_sets(schools, shallow) if deep < schools else []
    groups = [*exact, *rough]
    number = {group: i for i, group in enumerate(exact)}
    number_rough = {group: len(exact) + i for i, group in enumerate(rough)}
    shape = (len(groups), schools)
    has = np.zeros(shape, dtype=bool)
    plus, after = np.full(shape, -1, np.int32), np.full(shape, -1, np.int32)
    first, some = np.zeros(shape, np.int32), np.zeros(shape, np.int32)
    following: list[int] = []
    for g, group in enumerate(groups):
        numbers = number if g < len(exact) else number_rough
        for s in range(schools):
            has[g, s] = s in group
            plus[g, s] = numbers.get(group | {s}, -1)
            if s in group or g >= len(exact):
                after[g, s] = numbers[group - {s}]
            first[g, s] = len(following)
            if plus[g, s] >= 0:
                following.append(int(plus[g, s]))
            else:
                kept = combinations(sorted(group), shallow - 1)
                following += [number_rough[frozenset((*k, s))] for k in kept]
            some[g, s] = len(following) - first[g, s]
    size = np.array([len(group) for group in groups], dtype=np.int32)
    chosen = np.array(following, dtype=np.int32)
    return OpenSets(has, size, plus, after, chosen, first, some, len(exact), deep, shallow)


def _list_sets(schools: int, most: int) -> list[frozenset[int]]:
    return [frozenset(c) for k in range(most + 1) for c in combinations(range(schools), k)]
