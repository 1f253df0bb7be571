"""Near schools counted as one: groupings, each of which parts the groups of the one before.

With fewer groups there are far fewer sets of open schools. A run that calls at several schools of a
group pays for one call only then, which is little where they are near.
"""

from __future__ import annotations

import numpy as np

from solver.bound.modes import FAR, Ints, Mode

MOST_GROUPS = 120
"""The most groups that sets have codes for (:mod:`solver.bound.open_sets`)."""
_MORE = 1.4
"""Each grouping has so many times as many groups as the one before."""


def list_groupings(m: Mode) -> list[Ints]:
    """The group of every school in each grouping: one of all first, all schools apart last."""
    schools = len(m.opens)
    wanted = {min(schools, MOST_GROUPS)}
    while min(wanted) > 1:
        wanted.add(max(1, int(min(wanted) / _MORE)))
    homes = len(m.homes)
    apart = m.short_time[homes:, homes:].astype(np.int64)
    apart = apart + apart.T
    np.fill_diagonal(apart, 4 * FAR)  # beyond schools that no road joins
    group = np.arange(schools, dtype=np.int32)
    found = []
    while True:
        some = len(np.unique(group))
        if some in wanted:
            found.append(np.unique(group, return_inverse=True)[1].astype(np.int32))
        if some == 1:
            return found[::-1]
        a, b = sorted(int(x) for x in np.unravel_index(int(apart.argmin()), apart.shape))
        group[group == b] = a
        farthest = np.maximum(apart[a], apart[b])
        apart[a], apart[:, a] = farthest, farthest
        apart[b], apart[:, b] = 4 * FAR, 4 * FAR
        apart[a, a] = 4 * FAR
