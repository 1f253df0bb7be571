"""The demo borough's records as the files that a council hands in, in the readers' columns."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np

from data.demo.anchors import to_points
from data.demo.contract import DemoRoute
from data.demo.fleet import (
    CALENDAR,
    EFFECTIVE_FROM,
    MINIMUM_CHARGE,
    PA_PER_HOUR,
    PA_PER_SESSION,
    RATE_SOURCE,
    VEHICLES,
)
from data.demo.pupils import DemoPupil
from data.demo.schools import DemoSchool
from data.readers.council import CouncilFiles
from solver.domain import Layout

_PUPIL_COLUMNS: Final = (
    "reference",
    "school_urn",
    "postcode",
    "latitude",
    "longitude",
    "school_year",
    "mobility",
    "assistant",
    "may_share_assistant",
    "tags",
    "solo",
    "bars_mixed_schools",
    "must_not_share",
    "must_share",
    "dwell_minutes",
    "weekdays_am",
    "weekdays_pm",
    "entitled",
    "need_group",
)


def write_council_files(
    files: CouncilFiles,
    pupils: Sequence[DemoPupil],
    schools: Sequence[DemoSchool],
    routes: Sequence[DemoRoute],
) -> None:
    """Write every file of the council's own to its path in `files`."""
    write_pupils(_given(files.pupils), pupils, schools)
    write_addresses(_given(files.addresses), pupils)
    write_schools(_given(files.schools), schools)
    write_vehicles(_given(files.vehicles))
    write_rate_card(_given(files.rate_card))
    write_calendar(_given(files.calendar))
    write_contract(_given(files.contract), _given(files.contract_pupils), routes, pupils)


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV file with a header, UTF-8, the same on every machine."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def write_pupils(path: Path, pupils: Sequence[DemoPupil], schools: Sequence[DemoSchool]) -> None:
    """Write the pupils; a home without a postcode of its own is given by latitude and longitude."""
    homes = to_points(np.array([(pupil.home_x_m, pupil.home_y_m) for pupil in pupils]))
    rows = []
    for pupil, home in zip(pupils, homes, strict=True):
        needs = pupil.needs
        is_placed = not pupil.postcode
        rows.append(
            (
                pupil.reference,
                schools[pupil.school].urn,
                pupil.postcode,
                home.lat if is_placed else "",
                home.lon if is_placed else "",
                pupil.school_year,
                needs.mobility,
                needs.assistant,
                _yes_no(needs.may_share_assistant),
                ";".join(needs.tags),
                _yes_no(needs.is_solo),
                _yes_no(needs.bars_mixed_schools),
                ";".join(pupil.must_not_share),
                ";".join(pupil.must_share),
                needs.dwell_minutes or "",
                pupil.weekdays_am,
                pupil.weekdays_pm,
                "yes",
                needs.group,
            )
        )
    write_csv(path, _PUPIL_COLUMNS, rows)


def write_addresses(path: Path, pupils: Sequence[DemoPupil]) -> None:
    """Write the second homes."""
    columns = ("pupil_reference", "weekdays", "session", "postcode")
    rows = [
        (pupil.reference, pupil.other_days, pupil.other_session, pupil.other_postcode)
        for pupil in pupils
        if pupil.other_days
    ]
    write_csv(path, columns, rows)


def write_schools(path: Path, schools: Sequence[DemoSchool]) -> None:
    """Write the schools with their bells; an early Friday has a column of its own."""
    places = to_points(np.array([(school.x_m, school.y_m) for school in schools]))
    columns = (
        "urn",
        "name",
        "latitude",
        "longitude",
        "am_bell",
        "pm_finish",
        "pm_finish_friday",
        "closed_days",
    )
    rows = [
        (
            school.urn,
            school.name,
            place.lat,
            place.lon,
            school.am_bell,
            school.pm_finish,
            school.pm_finish_friday,
            ";".join(_uk(day) for day in school.closed_days),
        )
        for school, place in zip(schools, places, strict=True)
    ]
    write_csv(path, columns, rows)


def write_vehicles(path: Path) -> None:
    """Write the vehicle types; there are as many of each as are needed."""
    columns = ("code", "name", "layouts", "lift", "tags", "co2e_g_per_km", "co2e_source")
    rows = [
        (
            vehicle.code,
            vehicle.name,
            ";".join(_layout(layout) for layout in vehicle.layouts),
            _yes_no(vehicle.has_lift),
            ";".join(vehicle.tags),
            vehicle.co2e_g_per_km,
            "assumed",
        )
        for vehicle in VEHICLES
    ]
    write_csv(path, columns, rows)


def write_rate_card(path: Path) -> None:
    """Write the prices of each vehicle type and of passenger assistants."""
    columns = (
        "vehicle_type",
        "day_charge",
        "half_day_charge",
        "per_live_mile",
        "per_dead_mile",
        "per_hour",
        "per_session",
        "minimum_charge",
        "effective_from",
        "grade",
        "source",
    )
    closing = (_uk(EFFECTIVE_FROM), "assumed", RATE_SOURCE)
    rows: list[tuple[object, ...]] = [
        (
            vehicle.code,
            vehicle.day_charge,
            vehicle.half_day_charge,
            vehicle.per_live_mile,
            vehicle.per_dead_mile,
            vehicle.per_hour,
            "",
            MINIMUM_CHARGE,
            *closing,
        )
        for vehicle in VEHICLES
    ]
    rows.append(("PA", "", "", "", "", PA_PER_HOUR, PA_PER_SESSION, "", *closing))
    write_csv(path, columns, rows)


def write_calendar(path: Path) -> None:
    """Write the terms and holidays."""
    rows = [(kind, _uk(first), _uk(last), name) for kind, first, last, name in CALENDAR]
    write_csv(path, ("kind", "first_day", "last_day", "name"), rows)


def write_contract(
    register: Path, riders: Path, routes: Sequence[DemoRoute], pupils: Sequence[DemoPupil]
) -> None:
    """Write the routes, and who rides on them; the way home is the morning's round reversed."""
    write_csv(
        register,
        ("route_reference", "operator", "vehicle_type", "daily_price", "assistants"),
        [
            (route.reference, route.operator, route.vehicle, f"{route.daily_price:.2f}",
             route.assistants)
            for route in routes
        ],
    )  # fmt: skip
    rows = []
    for route in routes:
        home = [i for i in reversed(route.order) if pupils[i].weekdays_pm != "none"]
        for session, order in (("AM", route.order), ("PM", tuple(home))):
            for position, rider in enumerate(order, start=1):
                known = position if route.is_order_known else ""
                rows.append((route.reference, session, pupils[rider].reference, known))
    write_csv(riders, ("route_reference", "session", "pupil_reference", "order"), rows)


def _given(path: Path | None) -> Path:
    if path is None:
        raise ValueError("the demo borough needs a path for each of the council's own files")
    return path


def _yes_no(value: bool) -> str:
    return "yes" if value else "no"


def _layout(layout: Layout) -> str:
    return f"{layout.seats}+{layout.bays}+{layout.folded_chairs}"


def _uk(day: date) -> str:
    return day.strftime("%d/%m/%Y")
