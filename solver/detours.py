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
def bound_home(state: State, row: int, party: Party, a: Arrays) -> float:
    """What a run's price rises at least by the party's homes alone, GBP: decides who is looked at.

    At the rates of the run's type and crew; a wait may take in seconds of the detour. On roads
    where a detour can be shorter than the way (distances), a bound can be a few pence too high.
    """
    kind = state.kind[row]
    base = a.type[kind].base_stop
    second = a.type[kind].driver + state.crew[row] * a.pa_per_s
    metre = min(a.type[kind].live, a.type[kind].dead)
    n = state.length[row]
    call = len(a.rider) + party.call
    before = base
    least = INFEASIBLE
    for i in range(n + 1):
        seconds = party.net
        metres = party.metres
        after = a.node_stop[state.table[row, i]] if i < n else -1
        if before >= 0:
            seconds += a.time_s[before, party.first]
            metres += a.dist_m[before, party.first]
        if after >= 0:
            seconds += a.time_s[party.last, after]
            metres += a.dist_m[party.last, after]
            if before >= 0:
                seconds -= a.time_s[before, after]
                metres -= a.dist_m[before, after]
        if 0 < i < n:
            seconds -= state.wait[row]
        if party.is_one_door and party.first in (before, after):
            seconds = metres = 0
        least = min(least, max(seconds, 0) * second + metres * metre)
        if i < n and state.table[row, i] == call:
            break
        before = after
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
    """What a visit at the party's school adds at least before each visit, as :func:`bound_home`."""
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
