"""What nodes of the tables have in mind: at most two homes, in the bound and in the certificate."""

from __future__ import annotations

import math

import numpy as np
import pytest

from solver.bound import memories as bound
from solver.bound.pace import SHARE, Pace
from solver.certificate import memories as certificate

MASKS = range(1 << bound.MOST_TABLED)


def test_a_memory_holds_the_first_two_homes_of_any() -> None:
    """And a node that may remember fewer homes has the first of the memories."""
    for find_number, find_mask in (
        (bound.NUMBERS.__getitem__, lambda number: int(bound.MASKS[number])),
        (certificate.number_state, certificate.list_homes),
    ):
        for mask in MASKS:
            kept = find_mask(find_number(mask))
            assert kept & mask == kept, "no home is in mind that has not come before"
            assert kept.bit_count() == min(mask.bit_count(), 2)
            assert mask & ((1 << kept.bit_length()) - 1) == kept, "the first ones are kept"
            assert find_number(kept) == find_number(mask)


@pytest.mark.parametrize("homes", range(bound.MOST_TABLED + 1))
def test_there_are_as_many_memories_as_pairs_and_single_homes_and_none(homes: int) -> None:
    tabled = np.array([homes], dtype=np.int32)
    numbers = {int(bound.NUMBERS[mask]) for mask in range(1 << homes)}
    states = {certificate.number_state(mask) for mask in range(1 << homes)}
    some = 1 + homes + math.comb(homes, 2)
    assert numbers == set(range(some)) == states
    assert bound.count_memories(tabled)[0] == some == certificate.count_states(tabled)[0]


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
