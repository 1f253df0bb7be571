"""Synthetic pupils: homes on real postcodes, needs in published or marked proportions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from data.demo.anchors import Anchors
from data.demo.assumptions import get_value
from data.demo.needs import Needs, draw_needs
from data.demo.schools import DemoSchool, SchoolKind

_KIND_SHARES: Final[dict[SchoolKind, str]] = {
    "special": "share_special",
    "independent special": "share_independent_special",
    "secondary base": "share_secondary_base",
    "primary base": "share_primary_base",
    "alternative": "share_alternative_provision",
}
_YEARS: Final[dict[SchoolKind, tuple[int, int]]] = {
    "special": (0, 11),
    "independent special": (3, 11),
    "secondary base": (7, 11),
    "primary base": (0, 6),
    "alternative": (6, 11),
    "college": (12, 14),
}
_PULL_M: Final[dict[SchoolKind, float]] = {
    "special": 3300.0,
    "independent special": 6000.0,
    "secondary base": 3000.0,
    "primary base": 1800.0,
    "alternative": 5000.0,
    "college": 5000.0,
}
"""Distance at which a school of the kind draws a third of what it draws next door (assumed)."""
_PART_WEEKS: Final = ("MT-TF", "M-W-F", "-TWT-", "MTW--", "M---F", "MTWT-")
_OTHER_DAYS: Final = ("----F", "---TF", "M----", "-T-T-", "--W--")
_JITTER_M: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPupil:
    """One synthetic pupil; the home is a postcode, or a place near one where these are used up."""

    reference: str
    school: int
    home_x_m: float
    home_y_m: float
    postcode: str
    school_year: int
    needs: Needs
    must_not_share: tuple[str, ...] = ()
    must_share: tuple[str, ...] = ()
    weekdays_am: str = "MTWTF"
    weekdays_pm: str = "MTWTF"
    other_days: str = ""
    other_session: str = ""
    other_postcode: str = ""


def build_pupils(
    count: int, anchors: Anchors, schools: tuple[DemoSchool, ...], rng: np.random.Generator
) -> tuple[DemoPupil, ...]:
    """Draw pupils; the same generator state gives the same pupils.

    Homes are spread over small-user postcodes evenly: a unit postcode has much the same number of
    homes everywhere, and the postcode file holds no population by age.
    """
    place, is_jittered = _draw_homes(count, anchors, rng)
    homes_m = anchors.xy_m[place]
    homes_m = homes_m + np.where(
        is_jittered[:, None], rng.uniform(-_JITTER_M, _JITTER_M, homes_m.shape), 0.0
    )
    is_post_16 = _mark_share(count, get_value("share_post_16"), rng)
    school = _draw_schools(homes_m, is_post_16, schools, rng)
    years = _draw_years(school, is_post_16, schools, rng)
    needs = draw_needs(years, [schools[number].kind for number in school], rng)
    width = max(4, len(str(count)))
    pupils = [
        DemoPupil(
            reference=f"SYN-{number + 1:0{width}d}",
            school=int(school[number]),
            home_x_m=float(homes_m[number, 0]),
            home_y_m=float(homes_m[number, 1]),
            postcode="" if is_jittered[number] else anchors.postcodes[place[number]],
            school_year=int(years[number]),
            needs=needs[number],
        )
        for number in range(count)
    ]
    _add_siblings(pupils, schools, rng)
    _add_pairs_apart(pupils, rng)
    _add_weekdays(pupils, anchors, rng)
    return tuple(pupils)


def _mark_share(count: int, share: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    marks = np.zeros(count, dtype=bool)
    marks[rng.permutation(count)[: round(share * count)]] = True
    return marks


def _draw_homes(
    count: int, anchors: Anchors, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Draw postcodes without repeats, and go round again with places near them when they end."""
    homes = np.flatnonzero(anchors.is_home)
    rounds = -(-count // len(homes))
    drawn = np.concatenate([rng.permutation(homes) for _ in range(rounds)])[:count]
    return drawn, np.arange(count) >= len(homes)


def _draw_schools(
    homes_m: NDArray[np.float64],
    is_post_16: NDArray[np.bool_],
    schools: tuple[DemoSchool, ...],
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Draw a kind by its published share, then a school of the kind, nearer ones more often."""
    count = len(homes_m)
    kinds = list(_KIND_SHARES)
    shares = np.array([get_value(name) for name in _KIND_SHARES.values()])
    rank = np.empty(count)
    rank[rng.permutation(count)] = (np.arange(count) + 0.5) / count
    kind = np.searchsorted(np.cumsum(shares / shares.sum()), rank)
    is_college = is_post_16 & (rng.random(count) < get_value("share_college"))
    size = rng.lognormal(0.0, 0.35, len(schools))
    places_m = np.array([(school.x_m, school.y_m) for school in schools])
    chosen = np.zeros(count, dtype=np.int64)
    for number, name in enumerate((*kinds, "college")):
        if name == "college":
            who = np.flatnonzero(is_college)
        elif name == "special":
            who = np.flatnonzero(~is_college & ((kind == number) | is_post_16))
        else:
            who = np.flatnonzero(~is_post_16 & (kind == number))
        offered = [i for i, school in enumerate(schools) if school.kind == name]
        away = np.hypot(*(homes_m[who, None] - places_m[None, offered]).transpose(2, 0, 1))
        pull = size[offered] * np.exp(-away / _PULL_M[schools[offered[0]].kind])
        steps = np.cumsum(pull / pull.sum(axis=1, keepdims=True), axis=1)
        drawn = (rng.random((len(who), 1)) > steps).sum(axis=1).clip(0, len(offered) - 1)
        chosen[who] = np.array(offered)[drawn]
    return chosen


def _draw_years(
    school: NDArray[np.int64],
    is_post_16: NDArray[np.bool_],
    schools: tuple[DemoSchool, ...],
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    spans = np.array([_YEARS[schools[number].kind] for number in school])
    years = rng.integers(spans[:, 0], spans[:, 1] + 1)
    older = rng.integers(12, 15, len(school))
    return np.where(is_post_16, older, years).astype(np.int64)


def _add_siblings(
    pupils: list[DemoPupil], schools: tuple[DemoSchool, ...], rng: np.random.Generator
) -> None:
    """Move some pupils in with another of the same kind of school, half of them at one school."""
    pairs = round(get_value("share_siblings") * len(pupils) / 2)
    able = [
        number
        for number in rng.permutation(len(pupils))
        if not pupils[number].needs.is_solo and pupils[number].school_year <= 11
    ]
    by_kind: dict[SchoolKind, list[int]] = {}
    for number in able:
        by_kind.setdefault(schools[pupils[number].school].kind, []).append(int(number))
    order = sorted(by_kind, key=lambda kind: -len(by_kind[kind]))
    for pair in range(pairs):
        queue = by_kind[order[pair % min(2, len(order))]]
        if len(queue) < 2:
            continue
        first, second = pupils[queue.pop()], pupils[queue.pop()]
        is_together = pair % 2 == 0
        together = (second.reference,) if is_together else ()
        moved = replace(
            second,
            school=first.school if is_together else second.school,
            home_x_m=first.home_x_m,
            home_y_m=first.home_y_m,
            postcode=first.postcode,
            must_share=(first.reference,) if is_together else (),
        )
        pupils[_number(first)] = replace(first, must_share=together)
        pupils[_number(second)] = moved


def _add_pairs_apart(pupils: list[DemoPupil], rng: np.random.Generator) -> None:
    """Keep some pupils of one school apart."""
    pairs = round(get_value("share_kept_apart") * len(pupils) / 2)
    by_school: dict[int, list[int]] = {}
    for number in rng.permutation(len(pupils)):
        pupil = pupils[number]
        if not pupil.needs.is_solo and not pupil.must_share:
            by_school.setdefault(pupil.school, []).append(int(number))
    large = sorted(by_school, key=lambda school: (-len(by_school[school]), school))
    for pair in range(pairs):
        queue = by_school[large[pair % len(large)]]
        if len(queue) < 2:
            continue
        first, second = queue.pop(), queue.pop()
        pupils[first] = replace(pupils[first], must_not_share=(pupils[second].reference,))
        pupils[second] = replace(pupils[second], must_not_share=(pupils[first].reference,))


def _add_weekdays(pupils: list[DemoPupil], anchors: Anchors, rng: np.random.Generator) -> None:
    """Give some pupils a part week, mornings only, or another address on some days."""
    homes = np.flatnonzero(anchors.is_home)
    queue = [int(n) for n in rng.permutation(len(pupils)) if not pupils[n].must_share]
    for name in ("share_part_week", "share_morning_only", "share_second_address"):
        for _ in range(round(get_value(name) * len(pupils))):
            if not queue:
                return
            number = queue.pop()
            pupil = pupils[number]
            if name == "share_part_week":
                days = _PART_WEEKS[rng.integers(len(_PART_WEEKS))]
                pupils[number] = replace(pupil, weekdays_am=days, weekdays_pm=days)
            elif name == "share_morning_only":
                pupils[number] = replace(pupil, weekdays_pm="none")
            else:
                pupils[number] = replace(
                    pupil,
                    other_days=_OTHER_DAYS[rng.integers(len(_OTHER_DAYS))],
                    other_session=("both", "PM", "both")[rng.integers(3)],
                    other_postcode=anchors.postcodes[homes[rng.integers(len(homes))]],
                )


def _number(pupil: DemoPupil) -> int:
    return int(pupil.reference.removeprefix("SYN-")) - 1
