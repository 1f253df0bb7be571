"""What nodes of the tables have in mind: at most two homes, in the bound and in the certificate."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable

import numpy as np
import pytest

from solver.bound import memories as bound
from solver.bound.pace import SHARE, Pace
from solver.certificate import memories as certificate
from solver.certificate.ground import MOST_TABLED

HOMES = range(bound.MOST_TABLED)
FEW = [behind for some in range(4) for behind in itertools.combinations(HOMES, some)]


def _mask(behind: Iterable[int]) -> int:
    return sum(1 << home for home in behind)


def _list_pairs(behind: tuple[int, ...]) -> set[int]:
    """What may stand for homes: each two of them, or all where they are fewer."""
    return {_mask(pair) for pair in itertools.combinations(behind, min(len(behind), 2))}


@pytest.mark.parametrize("behind", FEW)
def test_for_three_homes_each_two_of_them_may_stand(behind: tuple[int, ...]) -> None:
    mask = _mask(behind)
    number = bound.NUMBERS[mask]
    assert bound.MASKS[number] == mask
    assert {int(bound.MASKS[part]) for part in bound.PARTS[number]} == _list_pairs(behind)
    states = certificate.list_states(bound.MOST_TABLED)[mask]
    assert {certificate.list_homes(state) for state in states} == _list_pairs(behind)


@pytest.mark.parametrize("homes", range(bound.MOST_TABLED + 1))
def test_there_are_as_many_memories_as_pairs_and_single_homes_and_none(homes: int) -> None:
    """And a node that may remember fewer homes has the first of the memories."""
    tabled = np.array([homes], dtype=np.int32)
    masks = [mask for mask in range(1 << homes) if mask.bit_count() <= 2]
    numbers = {int(bound.NUMBERS[mask]) for mask in masks}
    states = {int(state) for row in certificate.list_states(homes) for state in row}
    some = 1 + homes + math.comb(homes, 2)
    assert numbers == set(range(some)) == states
    assert bound.count_memories(tabled)[0] == some == certificate.count_states(tabled)[0]


def test_what_is_passed_on_from_node_to_node_fits_its_numbers() -> None:
    """Both tables pass it on in 8 bits, and -1 says that a home has come."""
    most = np.iinfo(np.int8).max
    assert len(bound.MASKS) - 1 <= most
    assert MOST_TABLED <= bound.MOST_TABLED
    assert most >= (1 << MOST_TABLED) - 1


@pytest.mark.parametrize("seed", range(20))
def test_of_all_homes_behind_the_two_that_say_most_are_kept(seed: int) -> None:
    random = np.random.default_rng(seed)
    rest = random.integers(-99, 99, 40, dtype=np.int32)
    mask = int(random.integers(1 << bound.MOST_TABLED))
    behind = tuple(home for home in HOMES if mask >> home & 1)
    chosen = certificate.choose_state(rest, 5, mask)
    assert certificate.list_homes(chosen) & ~mask == 0
    masks = [_mask(some) for few in range(3) for some in itertools.combinations(behind, few)]
    states = [state for state in range(29) if certificate.list_homes(state) in masks]
    assert len(states) == len(masks)
    assert rest[5 + chosen] == rest[[5 + state for state in states]].max()


def test_a_large_session_rises_no_further_than_it_has_time_for() -> None:
    pace = Pace(is_large=True)
    assert pace.choose(0.75, 10.0, has_held=True) == 0.75, "nothing is known yet"
    pace.note(0.25, 10.0)
    pace.note(0.45, 100.0)
    assert pace.choose(0.75, 1e9, has_held=True) == 0.75, "there is time enough"
    near = pace.choose(0.75, 200.0 / SHARE, has_held=True)
    share = 1.0 - near * (1.0 - 0.45)
    assert share == pytest.approx(0.45 + 0.2 * math.log10(2.0)), "twice the time of the last"
    assert pace.choose(0.75, 50.0, has_held=True) == 0.95, "no time for more, but it may be quicker"
    assert pace.choose(0.5, math.inf, has_held=False) == 0.75, "halfway back"


def test_a_small_session_goes_halfway_whatever_the_time() -> None:
    pace = Pace(is_large=False)
    pace.note(0.25, 10.0)
    pace.note(0.45, 100.0)
    assert pace.choose(0.5, 1.0, has_held=True) == 0.5
    assert pace.choose(0.5, 1.0, has_held=False) == 0.75
    assert pace.choose(0.875, 1.0, has_held=False) == 0.875
