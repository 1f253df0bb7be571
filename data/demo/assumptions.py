"""Every share and figure that the demo borough is drawn from, with its grade and source."""

from __future__ import annotations

from typing import Final, NamedTuple

from solver.domain import Grade


class Assumption(NamedTuple):
    """One figure behind the demo borough."""

    name: str
    value: float
    unit: str
    grade: Grade
    source: str


_DFE: Final = "DfE national estimates 2025-26, pre-16 SEND pupils by kind of school"
_WALSALL: Final = "Walsall 2018: 97 of 626 young people carried were 16 and over"
_CARD: Final = "so that today's contract comes near £2m a year for 450 pupils"
_ASSISTED: Final = "so that about 60 % of routes have an assistant, as the research reckons"

ASSUMPTIONS: Final = tuple(
    Assumption(*row)
    for row in (
        ("share_special", 0.60, "of pupils under 16", "sourced", _DFE),
        ("share_independent_special", 0.15, "of pupils under 16", "sourced", _DFE),
        ("share_secondary_base", 0.11, "of pupils under 16", "sourced", _DFE),
        ("share_primary_base", 0.09, "of pupils under 16", "sourced", _DFE),
        ("share_alternative_provision", 0.05, "of pupils under 16", "sourced", _DFE),
        ("share_post_16", 97 / 626, "of pupils", "sourced", _WALSALL),
        ("share_college", 0.5, "of pupils of 16 and over", "assumed", "the others stay at school"),
        ("share_wheelchair", 0.07, "of pupils", "sourced", "Surrey: 200 of 2,700 pupils"),
        ("share_transfer", 0.03, "of pupils", "assumed", "move to a seat, chair folded"),
        ("share_assistant_shared", 0.15, "of pupils", "derived", _ASSISTED),
        ("share_assistant_dedicated", 0.07, "of pupils", "derived", _ASSISTED),
        (
            "share_may_share_assistant",
            0.45,
            "of pupils with a dedicated assistant",
            "assumed",
            "a risk assessment allows it",
        ),
        (
            "share_alone",
            0.10,
            "of pupils on today's contract",
            "sourced",
            "Staffordshire 2025: 290 of 2,890 pupils in single occupancy (secondary source)",
        ),
        ("share_solo", 0.05, "of pupils", "assumed", "need to travel alone; others happen to"),
        ("share_siblings", 0.04, "of pupils", "assumed", "a brother or sister is carried too"),
        ("share_kept_apart", 0.03, "of pupils", "assumed", "must not share with one other pupil"),
        ("share_own_school_only", 0.03, "of pupils", "assumed", "bar mixed schools"),
        ("share_part_week", 0.06, "of pupils", "assumed", "attend two to four days a week"),
        ("share_morning_only", 0.015, "of pupils", "assumed", "family brings them home"),
        ("share_second_address", 0.04, "of pupils", "assumed", "shared care or respite"),
        ("share_harness", 0.08, "of pupils", "assumed", "no published share"),
        ("share_booster", 0.10, "of pupils", "assumed", "primary pupils only"),
        ("share_medication", 0.03, "of pupils", "assumed", "crew trained in medication"),
        ("share_oxygen", 0.01, "of pupils", "assumed", "wheelchair users more often"),
        ("share_slow_boarding", 0.02, "of pupils", "assumed", "5 minutes to board"),
        ("schools_at_450_pupils", 30, "schools", "assumed", "councils of this size name 25 to 40"),
        ("share_order_known", 0.85, "of contract routes", "assumed", "operators sent their sheets"),
        (
            "price_spread_operator",
            0.07,
            "standard deviation",
            "assumed",
            "dear and cheap operators",
        ),
        ("price_spread_age", 0.10, "standard deviation", "assumed", "old and new contracts"),
        ("detour", 1.27, "road / straight line", "derived", "median of the demo roads"),
        ("speed_mph", 21.0, "miles an hour", "assumed", "in the morning peak, between stops"),
        ("price_level", 1.0, "contract / rate card", "assumed", "operators ask the rate card's"),
        ("rate_card_share", 0.62, "of the research's card", "derived", _CARD),
        ("co2e_saloon", 170, "g/km", "assumed", "round figure, as those of the other vehicles"),
    )
)

_BY_NAME: Final = {item.name: item.value for item in ASSUMPTIONS}


def get_value(name: str) -> float:
    """Return the value of an assumption; raises `KeyError` where there is none."""
    return _BY_NAME[name]
