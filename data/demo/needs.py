"""What the synthetic pupils need on the way: mobility, assistants, equipment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from data.demo.assumptions import get_value
from data.demo.schools import SchoolKind
from solver.domain import AssistantNeed, Mobility

_GROUPS: Final = ("ASD", "SEMH", "SLD", "MLD", "SLCN", "PMLD", "PD")
_GROUP_SHARES: Final[dict[str, tuple[float, ...]]] = {
    "special": (0.38, 0.06, 0.22, 0.12, 0.05, 0.11, 0.06),
    "independent special": (0.50, 0.40, 0.00, 0.06, 0.04, 0.00, 0.00),
    "alternative": (0.20, 0.80, 0.00, 0.00, 0.00, 0.00, 0.00),
    "college": (0.40, 0.10, 0.18, 0.22, 0.02, 0.02, 0.06),
}
_GROUP_SHARES_BASE: Final = (0.42, 0.08, 0.00, 0.14, 0.26, 0.00, 0.10)
"""Shares of need groups by kind of school, all assumed."""
_WHEELCHAIR_SCORE: Final = {"PMLD": 5.0, "PD": 4.0, "SLD": 0.6}
_ASSISTANT_SCORE: Final = {"PMLD": 2.2, "SLD": 1.0, "SEMH": 0.8, "ASD": 0.4, "PD": 0.2}
_SOLO_SCORE: Final = {"SEMH": 1.5, "ASD": 0.7}


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """A synthetic pupil's needs on the way to school."""

    group: str
    mobility: Mobility
    assistant: AssistantNeed
    may_share_assistant: bool
    tags: tuple[str, ...]
    is_solo: bool
    bars_mixed_schools: bool
    dwell_minutes: int | None


def draw_needs(
    years: NDArray[np.int64], kinds: Sequence[SchoolKind], rng: np.random.Generator
) -> list[Needs]:
    """Draw the needs of each pupil; each share is met to the nearest whole pupil."""
    count = len(years)
    groups = np.array([_draw_group(kind, rng) for kind in kinds])
    walks = _score(groups, _WHEELCHAIR_SCORE, rng)
    wheelchair, transfer = _take(walks, "share_wheelchair", "share_transfer")
    leans = _score(groups, _ASSISTANT_SCORE, rng) + np.where(years <= 4, 0.5, 0.0)
    leans[years >= 12] -= 0.6
    dedicated, shared = _take(leans, "share_assistant_dedicated", "share_assistant_shared")
    may_share = _take(np.where(dedicated, rng.random(count), -1.0), "share_may_share_assistant",
                      of=int(dedicated.sum()))[0]  # fmt: skip
    solo_score = _score(groups, _SOLO_SCORE, rng) - np.where(wheelchair, 9.0, 0.0)
    solo = _take(solo_score, "share_solo")[0]
    bars = _take(rng.random(count), "share_own_school_only")[0]
    slow = _take(rng.random(count) - np.where(wheelchair, 1.0, 0.0), "share_slow_boarding")[0]
    tags = _draw_tags(years, wheelchair, rng)
    mobility = np.where(wheelchair, "wheelchair", np.where(transfer, "transfer", "seat"))
    assistant = np.where(dedicated, "dedicated", np.where(shared, "shared", "none"))
    return [
        Needs(
            group=str(groups[number]),
            mobility=_as_mobility(str(mobility[number])),
            assistant=_as_assistant(str(assistant[number])),
            may_share_assistant=bool(may_share[number]),
            tags=tags[number],
            is_solo=bool(solo[number]),
            bars_mixed_schools=bool(bars[number]),
            dwell_minutes=5 if slow[number] else None,
        )
        for number in range(count)
    ]


def _draw_group(kind: SchoolKind, rng: np.random.Generator) -> str:
    shares = _GROUP_SHARES.get(kind, _GROUP_SHARES_BASE)
    return _GROUPS[int(np.searchsorted(np.cumsum(shares), rng.random() * sum(shares)))]


def _score(
    groups: NDArray[np.str_], weights: dict[str, float], rng: np.random.Generator
) -> NDArray[np.float64]:
    return np.array([weights.get(str(group), 0.0) for group in groups]) + rng.gumbel(
        0.0, 0.7, len(groups)
    )


def _take(
    scores: NDArray[np.float64], *names: str, of: int | None = None
) -> list[NDArray[np.bool_]]:
    """Mark the highest scores: the first share, then the next share below it, and so on."""
    order = np.argsort(-scores, kind="stable")
    marks = []
    start = 0
    for name in names:
        end = start + round(get_value(name) * (len(scores) if of is None else of))
        mark = np.zeros(len(scores), dtype=bool)
        mark[order[start:end]] = True
        marks.append(mark)
        start = end
    return marks


def _draw_tags(
    years: NDArray[np.int64], wheelchair: NDArray[np.bool_], rng: np.random.Generator
) -> list[tuple[str, ...]]:
    count = len(years)
    seated = np.where(wheelchair, -1.0, 0.0)
    young = np.where(years <= 6, 0.0, -2.0)
    tagged = {
        "booster": _take(rng.random(count) + seated + young, "share_booster")[0] & (years <= 6),
        "harness": _take(rng.random(count) + seated, "share_harness")[0],
        "medication-trained": _take(rng.random(count), "share_medication")[0],
        "oxygen": _take(rng.random(count) + np.where(wheelchair, 0.5, 0.0), "share_oxygen")[0],
    }
    return [tuple(tag for tag, marks in tagged.items() if marks[number]) for number in range(count)]


def _as_mobility(text: str) -> Mobility:
    return "wheelchair" if text == "wheelchair" else "transfer" if text == "transfer" else "seat"


def _as_assistant(text: str) -> AssistantNeed:
    return "dedicated" if text == "dedicated" else "shared" if text == "shared" else "none"
