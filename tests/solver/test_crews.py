"""One mode for all crews that differ by assistants of riders' own: it never proves too much."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from solver.bound import crews, generation, stages
from solver.bound.crews import Crews
from solver.bound.generation import bound_session
from solver.bound.modes import Ground, ModeKey, cost_of
from solver.bound.walks import Walk
from solver.certificate import proof, prove_bound
from solver.certificate.ground import list_joint, list_modes, read_sketch, round_up
from solver.domain import BY_RIDER, Instance, Layout, Remembered, SeatPrice, Session
from solver.limits import Clock, StopLimits
from tests.solver.test_bound import draw, draw_planned, price
from tests.solver.test_certificate import draw_duals
from tests.solver.test_seat_prices import grow


def test_no_run_of_a_crew_is_cheaper_than_in_the_one_mode() -> None:
    """In the bound: the least of the one mode is at most that of each crew; odd features as in
    `draw`, but for part weeks: there the one mode knows more of who takes a seat.
    """
    rng = np.random.default_rng(101)
    seen = equal = 0
    for number in (x for x in range(26) if x % 4 != 1):
        instance, matrix = draw(rng, 6, "PM" if number % 2 else "AM", number)
        ground = Ground(instance, matrix, list(range(6)), 6)
        apart = Crews(ground, are_one=True)
        for one in apart.asked:
            if one.dedicated != BY_RIDER:
                continue
            dual = dict(zip(ground.members[one], rng.uniform(10.0, 70.0, size=6), strict=False))
            least, is_whole, _ = price(ground.build_mode(one), list(dual.values()), 10**7, 200_000)
            leasts = []
            for crew in apart.list_crews(one):
                duals = [dual[x] for x in ground.members[crew]]
                found, is_found, _ = price(ground.build_mode(crew), duals, 10**7, 200_000)
                assert is_whole
                assert is_found
                leasts.append(found)
            assert least <= min(leasts), f"instance {number}, {one}"
            seen += 1
            equal += least == min(leasts) < 0
    assert seen >= 40
    assert equal >= 5, "and now and then as good"


def test_in_the_certificate_no_run_of_a_crew_is_cheaper_than_in_the_one_mode() -> None:
    rng = np.random.default_rng(103)
    seen = equal = 0
    for number in (x for x in range(26) if x % 4 != 1):
        instance, matrix = draw(rng, 6, "PM" if number % 2 else "AM", number)
        sketch = read_sketch(instance, matrix)
        dual = round_up(rng.uniform(10.0, 70.0, size=6))
        crews_apart = list_modes(sketch, list(range(6)), 6)
        for one in list_joint(sketch, list(range(6)), 6):
            least = grow(one.ground, dual[list(one.riders)])
            leasts = [
                grow(crew.ground, dual[list(crew.riders)])
                for crew in crews_apart
                if (crew.vehicle_type, crew.shared) == (one.vehicle_type, one.shared)
            ]
            assert least <= min(leasts, default=0), f"instance {number}"
            seen += 1
            equal += least == min(leasts, default=0) < 0
    assert seen >= 40
    assert equal >= 5


def test_walks_are_paid_what_their_crew_costs() -> None:
    rng = np.random.default_rng(107)
    seen = 0
    for number in range(10):
        instance, matrix = draw(rng, 6, "AM", number)
        ground = Ground(instance, matrix, list(range(6)), 6)
        apart = Crews(ground, are_one=True)
        for one in (key for key in apart.asked if key.dedicated == BY_RIDER):
            members = ground.members[one]
            own = [x for x in members if instance.riders[x].assistant == "dedicated"]
            school = 6 + instance.riders[own[0]].school
            walks = [Walk(0.0, 0.0, [own[0], school]), Walk(0.0, 0.0, [own[0], own[0], school])]
            alone = replace(one, dedicated=1)
            if alone not in ground.members:
                assert not apart.pay(one, walks[:1])
                continue
            paid = apart.pay(one, walks)
            nodes = [ground.members[alone].index(own[0]), len(ground.members[alone]) + school - 6]
            assert paid[0].cost == paid[0].once_cost == cost_of(ground.build_mode(alone), nodes)
            assert paid[-1].once_cost == paid[0].cost
            assert len(paid) == 1 or paid[1].cost > paid[0].cost
            seen += 1
    assert seen >= 10


@pytest.fixture
def joined(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bound small instances as large ones are: crews as one."""
    monkeypatch.setattr(generation, "MOST_RIDERS", 0)
    monkeypatch.setattr(generation, "LARGE", 0)


@pytest.mark.usefixtures("joined")
@pytest.mark.parametrize("session", ["AM", "PM"])
def test_with_crews_as_one_the_bound_never_passes_the_best_plan(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through small stages and in one; what it states is proven by the certificate, which is told
    which crews were one.
    """
    small = [(4_000, 4), (8_000, 8), (30_000, 20), (1_000_000, 100_000)]
    parted: list[ModeKey] = []
    whole = crews.Crews.part

    def part(self: Crews, key: ModeKey) -> list[ModeKey]:
        parted.append(key)
        return whole(self, key)

    monkeypatch.setattr(crews.Crews, "part", part)
    rng = np.random.default_rng(109 + (session == "PM"))
    shares = []
    for number, instance, matrix, best in draw_planned(rng, 24, 4, 2, session):
        with monkeypatch.context() as patch:
            if number % 2:
                patch.setattr(generation, "STAGES", tuple(stages.Stage(*x) for x in small))
                patch.setattr(generation, "ROUNDS_A_STAGE", (0, 0, 0, 0))
            result = bound_session(instance, matrix, [], StopLimits(iterations=400))
        assert result.value <= best + 1e-6, f"instance {number}"
        shares.append(result.value / best)
        again = prove_bound(
            instance, matrix, result.duals, result.kind_duals, result.memory, result.seats
        )
        assert again.value <= best + 1e-6, f"instance {number}"
        assert again.value >= 0.98 * result.value, f"instance {number}"
    assert len(shares) >= 10
    assert np.mean(shares) > 0.75, "parted where that is needed, it is worth as much"
    assert len(parted) >= 10


def draw_hints(instance: Instance) -> tuple[list[Remembered], list[SeatPrice]]:
    """Hints that name all crews as one: every node remembers the first riders."""
    both = [(kind, shared) for kind in range(len(instance.fleet)) for shared in range(2)]
    nodes = len(instance.riders) + len(instance.schools)
    memory = [
        Remembered(kind, (shared, BY_RIDER), node, (0, 1, 2))
        for kind, shared in both
        for node in range(nodes)
    ]
    return memory, [SeatPrice(kind, (shared, BY_RIDER), 2.0) for kind, shared in both]


@pytest.mark.parametrize("session", ["AM", "PM"])
def test_with_crews_as_one_random_duals_never_prove_more_than_the_best_plan(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And hardly less than crew by crew: where the one mode does not hold, the crews are asked."""
    joint: list[bool] = []
    prove = proof._prove_joint

    def count(*given: object) -> object:
        found = prove(*given)  # type: ignore[arg-type]
        joint.append(found is not None)
        return found

    monkeypatch.setattr(proof, "_prove_joint", count)
    rng = np.random.default_rng(113 + (session == "PM"))
    shares = []
    for number, instance, matrix, best in draw_planned(rng, 40, 3, 3, session):
        memory, seats = draw_hints(instance)
        duals = draw_duals(rng, instance, best)
        proven = prove_bound(instance, matrix, duals, (), memory, seats)
        assert proven.value <= best + 1e-6, f"instance {number}"
        assert proven.value >= prove_bound(instance, matrix, duals).value - 0.01 * best
        shares.append(proven.value / best)
    assert len(shares) >= 20
    assert max(shares) > 0.6
    assert sum(joint) >= 20
    assert len(joint) - sum(joint) >= 20


def test_without_assistants_of_riders_own_there_is_one_crew() -> None:
    rng = np.random.default_rng(127)
    instance, matrix = draw(rng, 6, "AM", 0)
    people = tuple(replace(who, assistant="none") for who in instance.riders)
    ground = Ground(replace(instance, riders=people), matrix, list(range(6)), 6)
    assert all(key.dedicated == 0 for key in Crews(ground, are_one=True).asked)
    assert Crews(ground, are_one=False).asked == list(ground.members)


def test_a_crew_that_fills_the_vehicle_is_no_crew() -> None:
    """Two seats: three assistants do not fit, whoever is to be looked after."""
    rng = np.random.default_rng(131)
    instance, matrix = draw(rng, 6, "AM", 0)
    people = tuple(replace(who, assistant="dedicated", bays=0, tags=()) for who in instance.riders)
    layouts = (Layout(seats=2, bays=0, folded_chairs=4),)
    kinds = tuple(replace(kind, layouts=layouts) for kind in instance.fleet)
    ground = Ground(replace(instance, riders=people, fleet=kinds), matrix, list(range(6)), 6)
    apart = Crews(ground, are_one=True)
    ones = [key for key in apart.asked if key.dedicated == BY_RIDER]
    assert ones
    for one in ones:
        assert max(key.dedicated for key in apart.list_crews(one)) == 2
        places = [*ground.members[one][:3], 6 + people[0].school]
        assert not apart.pay(one, [Walk(0.0, 0.0, places)]), "no crew of three has room"


def test_what_holds_for_all_crews_counts_where_a_crew_is_not_through(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Parted late, the crews are stopped at once: the share of the one mode is not lost."""
    rng = np.random.default_rng(137)
    instance, matrix = next((i, m) for _, i, m, _ in draw_planned(rng, 9, 5, 1, "AM"))
    monkeypatch.setattr(generation, "LARGE", 0)
    job = generation._Job(
        instance, matrix, Clock(StopLimits(iterations=40), lambda: False), lambda _: None
    )
    job.start([])
    job._solve_master()
    job.tried = job.prices
    one = next(key for key in job.crews.asked if key.dedicated == BY_RIDER)
    crews_of = job.crews.list_crews(one)

    def label(_top: int, key: ModeKey) -> stages.Labelled:
        return stages.Labelled(0.9 if key == one else 0.0, [], [], 0)

    monkeypatch.setattr(job, "_label", label)
    new, share, found = job._label_all(0, [one])
    assert (new, share) == (0, 0.9)
    assert found == crews_of
    assert set(crews_of) <= set(job.crews.asked)
    assert one not in job.crews.asked
