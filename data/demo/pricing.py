"""What an operator would ask for a route of the demo contract, before his own mark-up or rebate."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from data.demo.assumptions import get_value
from data.demo.fleet import MINIMUM_CHARGE, PA_PER_HOUR, PA_PER_SESSION, DemoVehicle
from data.demo.needs import Needs
from solver.domain import Mobility

_M_PER_MILE: Final = 1609.344
_BOARDING_MINUTES: Final[dict[Mobility, int]] = {"seat": 2, "transfer": 5, "wheelchair": 10}
_SCHOOL_MINUTES: Final = 2


def price_route(
    vehicle: DemoVehicle,
    homes_m: NDArray[np.float64],
    school_m: NDArray[np.float64],
    riders: list[Needs],
    assistants: int,
) -> float:
    """Return GBP a day by the rate card, from straight lines between the stops in order.

    Parameters
    ----------
    homes_m
        Homes in the order of boarding, metres of the grid.
    riders
        Needs of those who board there.
    """
    stops = np.concatenate((homes_m, school_m[None]))
    straight_m = float(np.hypot(*np.diff(stops, axis=0).T).sum())
    miles = straight_m * get_value("detour") / _M_PER_MILE
    standing = _SCHOOL_MINUTES + sum(_BOARDING_MINUTES[rider.mobility] for rider in riders)
    hours = miles / get_value("speed_mph") + standing / 60
    vehicle_gbp = float(vehicle.day_charge) + 2 * (
        miles * float(vehicle.per_live_mile) + hours * float(vehicle.per_hour)
    )
    assistant_gbp = 2 * assistants * (hours * float(PA_PER_HOUR) + float(PA_PER_SESSION))
    return max(vehicle_gbp, float(MINIMUM_CHARGE)) + assistant_gbp
