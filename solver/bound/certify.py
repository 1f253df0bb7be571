"""The certificate: a bound derived again from the instance and the stored duals alone.

Nothing of the column generation is used: no master, no columns, no state of the search. Every mode
is built anew and priced exactly at the duals; and apart from that labelling, which walks backwards
on relaxed runs, real runs are built forwards and priced by :mod:`solver.kernel`: one that is
cheaper than the duals of its riders shows that the labelling is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from solver.arrays import Arrays, build_arrays
from solver.bound.completion import build_rest, build_sets
from solver.bound.generation import NEAR, charge_mode, pick_depth, price_fixed, scale_to_hold
from solver.bound.labels import label_mode
from solver.bound.modes import FAR, PENNY_PARTS, list_modes, round_duals
from solver.bound.tiny import MOST_RIDERS, solve_tiny
from solver.domain import Instance, SchoolrunError, TravelMatrix
from solver.kernel import price_run

MOST_LABELS = 3_000_000
STEP_DOWN = 0.9
TOLERANCE_GBP = 0.01
MOST_RUNS = 20_000
"""So many real runs are built forwards to contradict the labelling."""


class CertificateError(SchoolrunError):
    """The stored duals do not prove the stated bound: the message gives what they prove."""


def certify_bound(
    instance: Instance,
    matrix: TravelMatrix,
    duals: Sequence[float],
    kind_duals: Sequence[float] = (),
    *,
    on_progress: Callable[[int, int, float], None] = lambda *_: None,
) -> float:
    """Return the bound, GBP a day, that the duals prove: at most their own sum.

    Parameters
    ----------
    duals
        GBP, one a rider; negative ones count as 0, others at most at the price of a vehicle of the
        rider's own.
    kind_duals
        GBP, one a vehicle type whose number is limited, at most 0; none where empty.
    on_progress
        Called with the modes proven, their number and the share of the duals that holds so far.

    Raises
    ------
    CertificateError
        If there are not as many duals as riders (or types), if one is not a number, or if a real
        run contradicts what was proven.
    """
    kinds = np.array(kind_duals if len(kind_duals) else [0.0] * len(instance.fleet))
    given = np.array(duals, dtype=np.float64)
    _check(instance, given, kinds)
    fixed, prices = price_fixed(instance, matrix)
    free = sorted(prices)
    if len(free) <= MOST_RIDERS:
        return min(float(given.sum()), sum(fixed.values()) + solve_tiny(instance, matrix, prices))
    kept = np.zeros(len(given))
    kept[free] = [max(0.0, min(float(given[r]), prices[r])) for r in free]
    kinds = np.array(
        [
            min(0.0, float(d)) if k.count is not None else 0.0
            for d, k in zip(kinds, instance.fleet, strict=True)
        ]
    )
    theta = 1.0
    sets = build_sets(len(instance.schools), pick_depth(len(instance.schools)))
    modes = list_modes(instance, matrix, free, NEAR)
    for number, (key, plain) in enumerate(modes):
        share = theta
        while share > 1e-3:
            mode = charge_mode(plain, share * float(kinds[key.vehicle_type]))
            parts = round_duals(share * kept[mode.homes])
            priced = label_mode(
                mode, parts, MOST_LABELS, True, np.zeros(1, np.int32), build_rest(mode, parts, sets)
            )
            if priced.least > -FAR:
                share *= scale_to_hold(plain.least_cost, priced.least / PENNY_PARTS)
                break
            share *= STEP_DOWN
        else:
            share = 0.0
        theta = min(theta, share)
        on_progress(number + 1, len(modes), theta)
    _contradict(instance, matrix, theta * kept, theta * kinds, free)
    counts = [k.count or 0 for k in instance.fleet]
    return max(0.0, sum(fixed.values()) + theta * float(kept.sum() + (kinds * counts).sum()))


def check_bound(
    instance: Instance,
    matrix: TravelMatrix,
    stated: float,
    duals: Sequence[float],
    kind_duals: Sequence[float] = (),
) -> float:
    """Return what the duals prove; raises `CertificateError` where that is under `stated`."""
    proven = certify_bound(instance, matrix, duals, kind_duals)
    if proven < stated - TOLERANCE_GBP:
        raise CertificateError(
            f"the bound of GBP {stated:.2f} is not proven: its duals prove GBP {proven:.2f}; "
            f"ask for the bound again, and do not rely on this one"
        )
    return proven


def _check(instance: Instance, duals: np.ndarray, kinds: np.ndarray) -> None:
    if len(duals) != len(instance.riders) or len(kinds) != len(instance.fleet):
        raise CertificateError(
            f"the certificate has {len(duals)} duals of pupils and {len(kinds)} of vehicle types, "
            f"the instance {len(instance.riders)} and {len(instance.fleet)}: it belongs to another"
        )
    if not (np.isfinite(duals).all() and np.isfinite(kinds).all()):
        raise CertificateError("the certificate holds duals that are not numbers: store it again")


def _contradict(
    instance: Instance, matrix: TravelMatrix, duals: np.ndarray, kinds: np.ndarray, free: list[int]
) -> None:
    """Build real runs forwards, richest duals first; raise where one is cheaper than its duals."""
    arrays = build_arrays(instance, matrix)
    order = sorted(free, key=lambda r: -duals[r])
    tried = 0
    for start in order:
        run = [start]
        while tried < MOST_RUNS:
            tried += len(order)
            best, value = -1, np.inf
            for other in order:
                if other not in run:
                    gain = _reduced([*run, other], instance, arrays, duals, kinds)
                    if gain < value:
                        best, value = other, gain
            if best < 0:
                break
            run.append(best)


def _reduced(
    run: list[int], instance: Instance, arrays: Arrays, duals: np.ndarray, kinds: np.ndarray
) -> float:
    """The reduced cost of a real run, homes in the order given, schools as they come up."""
    total = len(instance.riders)
    calls = dict.fromkeys(total + instance.riders[r].school for r in reversed(run))
    sequence = np.array([*run, *calls], dtype=np.int64)
    least = np.inf
    for kind in range(len(instance.fleet)):
        allowed = np.zeros(len(instance.fleet), dtype=np.int64)
        allowed[kind] = 1
        cost, penalty, _, _ = price_run(sequence, allowed, arrays)
        least = min(least, cost + penalty - kinds[kind])
    gain = float(least - duals[run].sum())
    if gain < -TOLERANCE_GBP:
        raise CertificateError(
            f"a run of {len(run)} pupils is GBP {-gain:.2f} cheaper than its duals: the proof is "
            f"wrong; this is a defect, so do not rely on the bound"
        )
    return gain
