"""Walks that labelling found, and the share of the duals that holds beside the cheapest of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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


def call_once(walk: list[int], homes: int) -> list[int]:
    """The walk without the homes that it has called on before."""
    return [node for at, node in enumerate(walk) if node >= homes or node not in walk[:at]]


def list_runs(priced: Priced, most: int) -> Iterator[list[int]]:
    """The runs that labelling completed, as nodes of the mode, the cheapest first."""
    for label in np.argsort(priced.value, kind="stable")[:most]:
        if priced.value[label] >= 0:
            break
        yield _trace(priced, int(label))


def list_open(priced: Priced) -> Iterator[list[int]]:
    """The walks that labelling left open and the table goes on with, the cheapest first."""
    for label, rest in zip(priced.open, priced.rest, strict=True):
        if rest[0] >= 0:
            yield [*_trace(priced, int(label)), *(int(node) for node in rest if node >= 0)]


def _trace(priced: Priced, label: int) -> list[int]:
    """The nodes of a label from the first on."""
    nodes = []
    while label >= 0:
        nodes.append(int(priced.node[label]))
        label = int(priced.back[label])
    return nodes[::-1]


def pick_walks(
    walks: Iterable[list[int]], mode: Mode, duals: NDArray[np.float64], most: int, least: float
) -> list[tuple[float, list[int]]]:
    """Pick walks that are cheaper than `duals` by at least so much, with their cost, both in GBP.

    The first ones, and none whose riders are all in three walks already.
    """
    homes = len(mode.homes)
    used = np.zeros(homes, dtype=np.int64)
    picked: list[tuple[float, list[int]]] = []
    for nodes in walks:
        if len(picked) == most:
            break
        inside = [n for n in nodes if n < homes]
        if used[inside].min() >= 3:
            continue
        cost = cost_of(mode, nodes)
        if cost - float(duals[inside].sum()) > -least:
            continue
        used[inside] += 1
        picked.append((cost, nodes))
    return picked


def sort_runs(
    costs: dict[tuple[int, ...], float], duals: NDArray[np.float64]
) -> list[tuple[int, ...]]:
    """Runs as places, homes first, with their costs: those of least reduced cost first, GBP."""
    homes = len(duals)

    def reduce(places: tuple[int, ...]) -> float:
        return costs[places] - float(sum(duals[x] for x in places if x < homes))

    return sorted(costs, key=reduce)
