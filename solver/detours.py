"""What a detour adds to a run at least: decides in a few nanoseconds which places are looked at.

At the rates of the run's present type and crew; a wait may take in seconds of the detour. Where a
detour is shorter than the way it replaces (distances can be), or a type with another base becomes
the cheapest, a bound can be a few pence too high.
"""

from __future__ import annotations

from numba import njit

from solver.arrays import Arrays
from solver.desk import BOTH_AT, CALL_AT, CALL_FROM, HOME_AT, STOP, Desk, Party, is_door
from solver.kernel import INFEASIBLE
from solver.state import State


@njit(cache=True)
def bound_party(state: State, row: int, party: Party, a: Arrays) -> float:
    """What a run's price rises at least when a party comes aboard, GBP."""
    kind = state.kind[row]
    base = a.type[kind].base_stop
    second = a.type[kind].driver + state.crew[row] * a.pa_per_s
    metre = min(a.type[kind].live, a.type[kind].dead)
    n = state.length[row]
    call = len(a.rider) + party.call
    stop = a.school[party.call].stop
    dwell = a.school[party.call].dwell
    over_s, over_m = a.time_s[party.last, stop] + dwell, a.dist_m[party.last, stop]
    has_call = False
    for node in state.table[row, :n]:
        has_call = has_call or node == call
    before = base
    at_home = at_school = at_both = INFEASIBLE
    for i in range(n + 1):
        after = a.node_stop[state.table[row, i]] if i < n else base
        way_s = way_m = in_s = in_m = out_s = out_m = 0
        if before >= 0:
            in_s, in_m = a.time_s[before, party.first], a.dist_m[before, party.first]
            if after >= 0:
                way_s, way_m = a.time_s[before, after], a.dist_m[before, after]
        if after >= 0:
            out_s, out_m = a.time_s[party.last, after], a.dist_m[party.last, after]
        spare = way_s + (state.wait[row] if 0 < i < n else 0)
        is_door = party.is_one_door and party.first in (before, after)
        if has_call or i < n:
            more = max(party.net + in_s + out_s - spare, 0) * second
            more += (party.metres + in_m + out_m - way_m) * metre
            at_home = min(at_home, 0.0 if is_door else more)
        if has_call:
            if i < n and state.table[row, i] == call:
                break
        else:
            back_s = back_m = 0
            if after >= 0:
                back_s, back_m = a.time_s[stop, after], a.dist_m[stop, after]
            if i > 0:
                more = max(a.time_s[before, stop] + dwell + back_s - spare, 0) * second
                more += (a.dist_m[before, stop] + back_m - way_m) * metre
                at_school = min(at_school, more)
            more = max(party.net + in_s + over_s + back_s - spare, 0) * second
            more += (party.metres + in_m + over_m + back_m - way_m) * metre
            at_both = min(at_both, 0.0 if is_door else more)
        before = after
    least = at_home if has_call else min(at_home + at_school, at_both)
    assistants = 0
    for rider in party.riders:
        assistants += a.rider[rider].dedicated
    if state.crew[row] == 0 and assistants == 0:
        for rider in party.riders:
            if a.rider[rider].shared:
                assistants = 1
    # new riders may make this the run that continues theirs or others' (C13)
    gain = a.change_run * (n + len(party.riders))
    return float(least + assistants * a.pa_fixed - gain)


@njit(cache=True)
def bound_calls(state: State, row: int, k: int, party: Party, desk: Desk, a: Arrays) -> None:
    """What a visit at the school adds at least before each visit, as :func:`bound_party`."""
    v = desk.visit
    kind = state.kind[row]
    base = a.type[kind].base_stop
    second = a.type[kind].driver + state.crew[row] * a.pa_per_s
    metre = min(a.type[kind].live, a.type[kind].dead)
    stop = a.school[party.call].stop
    desk.bound[CALL_FROM, k + 1] = INFEASIBLE
    there_s = a.time_s[party.last, stop] + party.net + a.school[party.call].dwell
    there_m = a.dist_m[party.last, stop] + party.metres
    for j in range(k, -1, -1):
        before = v[STOP, j - 1] if j > 0 else base
        after = v[STOP, j] if j < k else base
        seconds, metres = there_s, there_m
        call_s, call_m = a.school[party.call].dwell, 0
        if before >= 0:
            seconds += a.time_s[before, party.first]
            metres += a.dist_m[before, party.first]
            call_s += a.time_s[before, stop]
            call_m += a.dist_m[before, stop]
        if after >= 0:
            seconds += a.time_s[stop, after]
            metres += a.dist_m[stop, after]
            call_s += a.time_s[stop, after]
            call_m += a.dist_m[stop, after]
            if before >= 0:
                seconds -= a.time_s[before, after]
                metres -= a.dist_m[before, after]
                call_s -= a.time_s[before, after]
                call_m -= a.dist_m[before, after]
        if 0 < j < k:
            seconds -= state.wait[row]
            call_s -= state.wait[row]
        if is_door(j, k, party, desk):
            seconds = metres = 0
        desk.bound[BOTH_AT, j] = max(seconds, 0) * second + metres * metre
        desk.bound[CALL_AT, j] = max(call_s, 0) * second + call_m * metre
        desk.bound[CALL_FROM, j] = min(desk.bound[CALL_FROM, j + 1], desk.bound[CALL_AT, j])


@njit(cache=True)
def bound_homes(state: State, row: int, k: int, party: Party, desk: Desk, a: Arrays) -> None:
    """What the party's homes add at least before each visit, where other visits follow."""
    v = desk.visit
    kind = state.kind[row]
    base = a.type[kind].base_stop
    second = a.type[kind].driver + state.crew[row] * a.pa_per_s
    metre = min(a.type[kind].live, a.type[kind].dead)
    before = base
    for i in range(k):
        after = v[STOP, i]
        seconds = party.net + a.time_s[party.last, after]
        metres = party.metres + int(a.dist_m[party.last, after])
        if before >= 0:
            seconds += a.time_s[before, party.first] - a.time_s[before, after]
            metres += a.dist_m[before, party.first] - a.dist_m[before, after]
        if i > 0:
            seconds -= state.wait[row]
        if is_door(i, k, party, desk):
            seconds = metres = 0
        desk.bound[HOME_AT, i] = max(seconds, 0) * second + metres * metre
        before = after
    desk.bound[HOME_AT, k] = 0.0
