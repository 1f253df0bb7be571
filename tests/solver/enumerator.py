"""The cheapest plan of up to seven pupils by going through all of them.

Every set of riders is put into every order of homes and schools and every vehicle type, priced by
arithmetic of its own (clock time, no search, no kernel); then every partition into runs. Whether
an order can be timed is asked of the checker's timer, which knows no solver.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate, pairwise

from solver.checker import SessionTimer
from solver.domain import Instance, Run, TravelMatrix, Visit, is_on

NEVER = float("inf")


def find_least_objective(instance: Instance, matrix: TravelMatrix) -> float:
    """Return the objective of the best plan that carries everyone; infinite where there is none."""
    riders = range(len(instance.riders))
    prices = {
        subset: _price_subset(instance, matrix, subset)
        for subset in _list_subsets(riders)
        if _may_share(instance, subset)
    }
    counts = tuple(len(riders) if t.count is None else t.count for t in instance.fleet)
    return _best_partition(frozenset(riders), prices, counts)


def _list_subsets(riders: range) -> Iterator[frozenset[int]]:
    for mask in range(1, 1 << len(riders)):
        yield frozenset(r for r in riders if mask >> r & 1)


def _best_partition(
    left: frozenset[int], prices: dict[frozenset[int], list[float]], counts: tuple[int, ...]
) -> float:
    if not left:
        return 0.0
    first, best = min(left), NEVER
    for subset, by_type in prices.items():
        if first not in subset or not subset <= left:
            continue
        for kind, price in enumerate(by_type):
            if price < best and counts[kind] > 0:
                rest = tuple(n - (v == kind) for v, n in enumerate(counts))
                best = min(best, price + _best_partition(left - subset, prices, rest))
    return best


def _may_share(instance: Instance, subset: frozenset[int]) -> bool:
    """C9, C12: pairs, siblings, solo, barred mixing, schools a run."""
    people = {r: instance.riders[r] for r in subset}
    schools = {who.school for who in people.values()}
    most = instance.rules.max_schools_per_run
    if most is not None and len(schools) > most:
        return False
    for who in people.values():
        if who.is_solo and len(subset) > 1:
            return False
        if who.bars_mixed_schools and len(schools) > 1:
            return False
        if subset.intersection(who.must_not_share):
            return False
    for one, who in enumerate(instance.riders):
        for other in who.must_share:
            if who.school == instance.riders[other].school and (one in subset) != (other in subset):
                return False
    return True


def _price_subset(instance: Instance, matrix: TravelMatrix, subset: frozenset[int]) -> list[float]:
    """The least price of the riders together in each type, over all orders."""
    best = [NEVER] * len(instance.fleet)
    for visits in _list_orders(instance, sorted(subset)):
        carrying = [_fits(instance, visits, subset, kind) for kind in range(len(best))]
        if not any(carrying):
            continue
        span = _least_span(instance, matrix, visits, subset)
        if span is None:
            continue
        prices = [
            _price(instance, matrix, visits, subset, kind, span) if fits else NEVER
            for kind, fits in enumerate(carrying)
        ]
        if any(price < known for price, known in zip(prices, best, strict=True)) and _is_timed(
            instance, matrix, visits, subset
        ):
            best = [min(pair) for pair in zip(prices, best, strict=True)]
    return best


def _list_orders(instance: Instance, riders: list[int]) -> Iterator[list[Visit]]:
    """All orders of homes and school calls in clock time; neighbours at a door are one visit."""
    is_am = instance.session == "AM"
    calls = sorted({instance.riders[r].school for r in riders})
    shares_doors = instance.rules.shared_door_extra_s is not None

    def extend(done: list[Visit], homes: list[int], schools: list[int]) -> Iterator[list[Visit]]:
        if not homes and not schools:
            yield done
            return
        called = {v.school for v in done if v.school is not None}
        for r in homes:
            who = instance.riders[r]
            if not is_am and who.school not in called:
                continue
            rest = [x for x in homes if x != r]
            last = done[-1] if done else None
            if shares_doors and last and last.school is None and last.stop == who.stop:
                # the order at one door makes no difference: take the riders as they are numbered
                if r > last.riders[-1]:
                    joint = Visit(who.stop, None, (*last.riders, r))
                    yield from extend([*done[:-1], joint], rest, schools)
                continue
            yield from extend([*done, Visit(who.stop, None, (r,))], rest, schools)
        for s in schools:
            if is_am and any(instance.riders[r].school == s for r in homes):
                continue
            here = tuple(r for r in riders if instance.riders[r].school == s)
            visit = Visit(instance.schools[s].stop, s, here)
            yield from extend([*done, visit], homes, [x for x in schools if x != s])

    return extend([], riders, calls)


def _crew(instance: Instance, riders: frozenset[int]) -> int:
    needs = [instance.riders[r].assistant for r in riders]
    ratio = instance.rules.shared_pupils_per_assistant
    shared = needs.count("shared")
    return needs.count("dedicated") + (-(-shared // ratio) if ratio else int(shared > 0))


def _fits(instance: Instance, visits: list[Visit], subset: frozenset[int], kind: int) -> bool:
    """C6, C7, C10: lift, tags, and one layout for every moment of every weekday."""
    vehicle = instance.fleet[kind]
    people = instance.riders
    if any((people[r].needs_lift or people[r].bays) and not vehicle.has_lift for r in subset):
        return False
    if any(set(people[r].tags) - set(vehicle.tags) for r in subset):
        return False
    moments = []
    for weekday in range(5):
        today = frozenset(r for r in subset if is_on(people[r].weekdays, weekday))
        aboard: set[int] = set()
        for visit in visits:
            here = today.intersection(visit.riders)
            aboard = aboard | here if not here <= aboard else aboard - here
            seats = _crew(instance, today) + sum(people[r].seats for r in aboard)
            bays = sum(people[r].bays for r in aboard)
            moments.append((seats, bays, sum(people[r].folded_chairs for r in aboard)))
    return any(
        all(s <= x.seats and b <= x.bays and f <= x.folded_chairs for s, b, f in moments)
        for x in vehicle.layouts
    )


def _dwell(instance: Instance, visit: Visit) -> int:
    people = [instance.riders[r] for r in visit.riders]
    if visit.school is not None:
        call = instance.schools[visit.school]
        return call.dwell_s + call.wheelchair_extra_s * any(who.bays for who in people)
    extra = instance.rules.shared_door_extra_s or 0
    return max(who.dwell_s for who in people) + extra * (len(people) - 1)


def _least_span(
    instance: Instance, matrix: TravelMatrix, visits: list[Visit], subset: frozenset[int]
) -> int | None:
    """Seconds from first start to last end; None where windows or one ride alone forbid it.

    With chain(i, j) the seconds of drive and dwell from visit i to j: the first start is at the
    latest min over i of (latest_i - chain(0, i)), the end at the earliest max over j of
    (earliest_j + chain(j, end)), and the span no less than their difference or the whole chain.
    """
    dwell = [_dwell(instance, v) for v in visits]
    legs = [int(matrix.time_s[a.stop, b.stop]) for a, b in pairwise(visits)]
    at = list(accumulate((d + leg for d, leg in zip(dwell, legs, strict=False)), initial=0))
    low, high = [], []
    is_am = instance.session == "AM"
    for visit in visits:
        if visit.school is not None:
            call = instance.schools[visit.school]
            low.append(call.window_from_s)
            high.append(call.window_to_s)
        else:
            low.append(instance.rules.earliest_s if is_am else -(10**9))
            high.append(10**9 if is_am else instance.rules.latest_s)
    if any(low[i] + at[j] - at[i] > high[j] for j in range(len(visits)) for i in range(j)):
        return None
    if any(one > other for one, other in zip(low, high, strict=True)):
        return None
    place = {}
    for i, visit in enumerate(visits):
        for r in visit.riders:
            if r in place:
                if at[i] - at[place[r]] - dwell[place[r]] > instance.riders[r].ride_cap_s:
                    return None
            else:
                place[r] = i
    first = min(h - t for h, t in zip(high, at, strict=True))
    end = max(lo - t for lo, t in zip(low, at, strict=True)) + at[-1]
    return max(at[-1], end - first) + dwell[-1]


def _is_timed(
    instance: Instance, matrix: TravelMatrix, visits: list[Visit], subset: frozenset[int]
) -> bool:
    timer = SessionTimer(instance, matrix)
    days = {frozenset(r for r in subset if is_on(instance.riders[r].weekdays, d)) for d in range(5)}
    try:
        for riders in days | {subset}:
            if riders:
                timer.least_span(timer.halts(Run(0, 0, tuple(visits)), riders))
    except ValueError:
        return False
    return True


def _price(
    instance: Instance,
    matrix: TravelMatrix,
    visits: list[Visit],
    subset: frozenset[int],
    kind: int,
    seconds: int,
) -> float:
    vehicle, crew = instance.fleet[kind], _crew(instance, subset)
    money = vehicle.session_charge + crew * instance.pa_fixed
    aboard: set[int] = set()
    for here, there in pairwise(visits):
        aboard ^= set(here.riders)
        rate = vehicle.per_live_m if aboard else vehicle.per_dead_m
        money += rate * int(matrix.dist_m[here.stop, there.stop])
    if vehicle.base is not None:
        for leg in ((vehicle.base, visits[0].stop), (visits[-1].stop, vehicle.base)):
            seconds += int(matrix.time_s[leg])
            money += vehicle.per_dead_m * int(matrix.dist_m[leg])
    return money + seconds * (vehicle.per_driver_s + crew * instance.pa_per_s)
