"""What an operator would ask for a route of the demo contract, before his own mark-up or rebate."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from data.demo.assumptions import get_value
from data.demo.fleet import MINIMUM_CHARGE, PA_PER_HOUR, PA_PER_SESSION, DemoVehicle

_M_PER_MILE: Final = 1609.344
_STOP_MINUTES: Final = 2.5


def price_route(
    vehicle: DemoVehicle,
    homes_m: NDArray[np.float64],
    school_m: NDArray[np.float64],
    assistants: int,
) -> float:
    """Return GBP a day by the rate card, from straight lines between the stops in order.

    Parameters
    ----------
    homes_m
        Homes in the order of boarding, metres of the grid.
    """
    stops = np.concatenate((homes_m, school_m[None]))
    straight_m = float(np.hypot(*np.diff(stops, axis=0).T).sum())
    miles = straight_m * get_value("detour") / _M_PER_MILE
    hours = miles / get_value("speed_mph") + len(stops) * _STOP_MINUTES / 60
    vehicle_gbp = float(vehicle.day_charge) + 2 * (
        miles * float(vehicle.per_live_mile) + hours * float(vehicle.per_hour)
    )
    assistant_gbp = 2 * assistants * (hours * float(PA_PER_HOUR) + float(PA_PER_SESSION))
    return max(vehicle_gbp, float(MINIMUM_CHARGE)) + assistant_gbp
