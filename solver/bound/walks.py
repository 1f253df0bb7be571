"""Walks that labelling found, and the share of the duals that holds beside the cheapest of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solver.bound.labels import Priced
from solver.bound.modes import Mode, cost_of


@dataclass(frozen=True, slots=True)
class Walk:
    """A walk's cost, GBP, and its nodes: places among the free riders, and schools after them.

    `once_cost` is its cost where no rider is called on again.
    """

    cost: float
    once_cost: float
    places: list[int]


def scale_to_hold(least_cost: float, least: float) -> float:
    """The share of the duals that holds where a run may be `least` (<= 0) cheaper than its riders.

    Farley: a run costs c >= least_cost and its riders' duals are at most c - least, so a share of
    c / (c - least), least at the least c, of the duals never passes c.
    """
    return least_cost / (least_cost - least) if least < 0 else 1.0


def pick_walks(
    priced: Priced, mode: Mode, duals: NDArray[np.float64], most: int, least: float
) -> list[tuple[float, list[int]]]:
    """Pick walks that are cheaper than `duals` by at least so much, with their cost, both in GBP.

    The cheapest first, and none whose riders are all in three walks already.
    """
    homes = len(mode.homes)
    order = np.argsort(priced.value, kind="stable")[: 50 * most]
    used = np.zeros(homes, dtype=np.int64)
    walks: list[tuple[float, list[int]]] = []
    for label in order:
        if priced.value[label] >= 0 or len(walks) == most:
            break
        nodes = []
        at = int(label)
        while at >= 0:
            nodes.append(int(priced.node[at]))
            at = int(priced.back[at])
        nodes.reverse()
        inside = [n for n in nodes if n < homes]
        if used[inside].min() >= 3:
            continue
        cost = cost_of(mode, nodes)
        if cost - float(duals[inside].sum()) > -least:
            continue
        used[inside] += 1
        walks.append((cost, nodes))
    return walks
