"""Riders whose part of the bound is known whatever the plan, and the most that others may add."""

from __future__ import annotations

import math

import numpy as np

from solver.bound.modes import Ground, cost_of
from solver.domain import BY_RIDER, Instance, TravelMatrix
from solver.hopeless import find_hopeless, price_alone
from solver.insertion import list_groups


def price_fixed(
    instance: Instance, matrix: TravelMatrix
) -> tuple[dict[int, float], dict[int, float]]:
    """Price riders who share with nobody (hopeless, solo), and cap what the others may add.

    Riders of pinned runs count as nothing: such a run stays as it is, whatever the rules say.

    Returns
    -------
    dict, dict
        Constants of the first by rider; of the others the price of a vehicle of their own, GBP.
    """
    everyone = range(len(instance.riders))
    hopeless = find_hopeless(instance, matrix, list_groups(instance, everyone))
    pinned = {r for run in instance.pinned for visit in run.visits for r in visit.riders}
    fixed, free = dict.fromkeys(pinned, 0.0), {}
    # where a detour is quicker than the way itself, someone found hopeless may yet be carried
    is_metric = not hopeless or _is_metric(instance, matrix)
    for rider in everyone:
        if rider in pinned:
            continue
        price = price_alone(instance, matrix, rider, hopeless.get(rider, ())).session_price
        if rider in hopeless and is_metric:
            fixed[rider] = price
        elif instance.riders[rider].is_solo:
            fixed[rider] = min(price, _price_solo(instance, matrix, rider))
        else:
            free[rider] = price
    return fixed, free


def _is_metric(instance: Instance, matrix: TravelMatrix) -> bool:
    """Whether no way by another halt is quicker than the way itself."""
    stops = np.unique([r.stop for r in instance.riders] + [s.stop for s in instance.schools])
    drive = matrix.time_s[np.ix_(stops, stops)]
    return all(bool((drive <= drive[:, [v]] + drive[[v], :]).all()) for v in range(len(stops)))


def _price_solo(instance: Instance, matrix: TravelMatrix, rider: int) -> float:
    """The least cost of a run for one rider in any mode; infinite where no mode takes them."""
    ground = Ground(instance, matrix, [rider], 1)
    walk = [0, 1 + instance.riders[rider].school]
    crews = [key for key in ground.members if key.dedicated != BY_RIDER]
    costs = [cost_of(ground.build_mode(key), walk) for key in crews]
    return min(costs, default=math.inf)
