"""Every setting and price in force, as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from data.writers import Cell, Column, Table, format_time
from solver.domain import Policy, RateCard, Setting


def build_settings_table(policy: Policy, rate_card: RateCard) -> Table:
    """Build every setting and price in force, with grade and source."""
    rows: list[tuple[Cell, ...]] = [
        (_name_setting(s), *_show_setting(s), s.grade, s.source) for s in policy.list_settings()
    ]
    for rates in rate_card.vehicles:
        for field, unit in _RATE_UNITS.items():
            value = _show_price(getattr(rates, field))
            what = f"{rates.vehicle_type} {field.replace('_', ' ')}"
            rows.append((what, value, unit, rates.grade, rates.source))
    for field, unit in (("pa_per_hour", "GBP an hour"), ("pa_fixed", "GBP a session")):
        what = field.replace("pa_", "assistant ").replace("_", " ")
        value = _show_price(getattr(rate_card, field))
        rows.append((what, value, unit, rate_card.pa_grade, rate_card.pa_source))
    return Table(
        title="Settings and prices",
        columns=(
            Column("Setting"),
            Column("Value"),
            Column("Unit"),
            Column("Grade"),
            Column("Source"),
        ),
        rows=tuple(rows),
        notes=(
            "The policy before any scenario's changes, which stand under the comparison.",
            "Sourced: a document says so. Derived: worked out. Assumed: replace it by yours.",
        ),
    )


def _show_price(price: Decimal) -> str:
    """A price with its pence, and with parts of a penny where it has them."""
    text = f"{price.normalize():f}"
    return f"{price:.2f}" if len(text.partition(".")[2]) <= 2 else text


def _name_setting(setting: Setting) -> str:
    """The setting's name in words, without the suffix that tells programmers its unit."""
    words = setting.name.removesuffix("_s").removesuffix("_m").replace("gbp_per_min", "price")
    return words.replace("_", " ").capitalize()


def _show_setting(setting: Setting) -> tuple[str, str]:
    """Value and unit as people say them: clock times, minutes, metres, pounds."""
    value, unit = setting.value, setting.unit
    if value is None:
        return "not set", ""
    if unit == "s since midnight" and isinstance(value, int):
        return format_time(value), ""
    if unit in ("s", "s a day") and isinstance(value, int):
        if value > 3600 and value % 3600 == 0:
            return str(value // 3600), unit.replace("s", "hours", 1)
        if value < 120 and value % 60:
            return str(value), "seconds"
        return f"{value / 60:g}", unit.replace("s", "minutes", 1)
    return str(value), unit.replace("GBP", "pounds")


_RATE_UNITS: Final[Mapping[str, str]] = {
    "day_charge": "GBP a day",
    "half_day_charge": "GBP a half day",
    "per_live_mile": "GBP a mile",
    "per_dead_mile": "GBP a mile",
    "per_driver_hour": "GBP an hour",
    "minimum_charge": "GBP a day",
}
