"""Vehicle types, rate card and school calendar of the demo borough."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

from solver.domain import Layout


class DemoVehicle(NamedTuple):
    """A vehicle type with its prices, GBP."""

    code: str
    name: str
    layouts: tuple[Layout, ...]
    has_lift: bool
    tags: tuple[str, ...]
    co2e_g_per_km: int
    day_charge: Decimal
    per_live_mile: Decimal
    per_dead_mile: Decimal
    per_hour: Decimal

    @property
    def half_day_charge(self) -> Decimal:
        """Six tenths of the day charge (assumed: between 0.5 and 0.6 is usual)."""
        return (self.day_charge * Decimal("0.6")).quantize(Decimal("0.01"))


_CAR_TAGS: Final = ("booster", "harness", "low-step", "medication-trained")
_BUS_TAGS: Final = ("booster", "harness", "medication-trained")

# The research's default card (35, 55, 70, 120 and 150 GBP a day; 2.20, 2.50, 2.80, 3.20 and 3.50 a
# live mile; 48 a day for an assistant) has the driver's time within it, and would make this borough
# cost about £3m a year, not the £2m that it stands for. So it is taken at 62 per cent, and
# the driver's hour is a line of its own, taken out of the fifteen miles driven in it: a run at
# 15 mph costs the same either way. The statutory wage is £12.71 an hour from April 2026.
VEHICLES: Final = (
    DemoVehicle("SAL", "Saloon taxi", (Layout(4, 0, 1),), False, _CAR_TAGS, 170,
                Decimal("21.70"), Decimal("0.51"), Decimal("0.40"), Decimal("12.75")),
    DemoVehicle("MPV", "People carrier", (Layout(7, 0, 1),), False, _CAR_TAGS, 210,
                Decimal("34.10"), Decimal("0.70"), Decimal("0.45"), Decimal("12.75")),
    DemoVehicle("WAV", "Wheelchair accessible car", (Layout(5, 0, 1), Layout(3, 1, 1)), True,
                (*_CAR_TAGS, "oxygen"), 230,
                Decimal("43.40"), Decimal("0.89"), Decimal("0.50"), Decimal("12.75")),
    DemoVehicle("MB16", "Minibus with 16 seats", (Layout(16, 0, 2),), False, _BUS_TAGS, 300,
                Decimal("74.40"), Decimal("0.98"), Decimal("0.60"), Decimal(15)),
    DemoVehicle("AMB", "Accessible minibus with tail lift",
                (Layout(12, 0, 2), Layout(9, 1, 2), Layout(6, 2, 1), Layout(3, 3, 1)), True,
                (*_BUS_TAGS, "oxygen", "tail-lift"), 320,
                Decimal("93.00"), Decimal("1.17"), Decimal("0.65"), Decimal(15)),
)  # fmt: skip

MINIMUM_CHARGE: Final = Decimal(28)
PA_PER_HOUR: Final = Decimal(13)
PA_PER_SESSION: Final = Decimal("5.10")
"""With 1.5 hours a day, two sessions come to £29.70, 62 per cent of the research's £48."""
EFFECTIVE_FROM: Final = date(2026, 9, 1)
RATE_SOURCE: Final = "synthetic demo borough: 62 % of the research default card, driver time apart"

CALENDAR: Final = (
    ("term", date(2026, 9, 7), date(2026, 12, 18), "Autumn term"),
    ("holiday", date(2026, 10, 26), date(2026, 10, 30), "Autumn half term"),
    ("term", date(2027, 1, 4), date(2027, 3, 25), "Spring term"),
    ("holiday", date(2027, 2, 15), date(2027, 2, 19), "Spring half term"),
    ("term", date(2027, 4, 12), date(2027, 7, 20), "Summer term"),
    ("holiday", date(2027, 5, 3), date(2027, 5, 3), "Early May bank holiday"),
    ("holiday", date(2027, 5, 31), date(2027, 6, 4), "Summer half term"),
)
"""School year 2026/27 with 190 open days; Easter Sunday is 28 March 2027."""
