"""Descriptions of the files on money: vehicles, rate card, calendar and today's contract."""

from __future__ import annotations

from typing import Final

from data.readers.columns import Column, FileKind

VEHICLES: Final = FileKind(
    name="vehicles",
    title="Vehicle types",
    purpose="One row for each kind of vehicle that operators offer.",
    is_needed=True,
    columns=(
        Column(
            name="code",
            type="text",
            is_needed=True,
            is_quotable=True,
            meaning="Short code, used by the rate card and the contract.",
            synonyms=("vehicle_type", "type", "vehicle type code", "vehicle code"),
        ),
        Column(
            name="name",
            type="text",
            default="the code",
            meaning="What people call it.",
            synonyms=("description", "vehicle name"),
        ),
        Column(
            name="layouts",
            type="layouts",
            is_needed=True,
            is_quotable=True,
            meaning="Passenger seats (driver not counted) + wheelchair bays (+ folded chairs "
            "carried), one or more.",
            synonyms=("layout", "seats", "seating", "capacity"),
        ),
        Column(
            name="lift",
            type="yes_no",
            is_quotable=True,
            default="no",
            meaning="Has a lift or ramp for wheelchairs.",
            synonyms=("has lift", "tail lift", "ramp", "lift or ramp"),
        ),
        Column(
            name="tags",
            type="words",
            is_quotable=True,
            meaning="Equipment and crew training that every vehicle of the type has.",
            synonyms=("equipment",),
        ),
        Column(
            name="count",
            type="whole_number",
            is_quotable=True,
            default="as many as needed",
            meaning="How many there are.",
            synonyms=("number", "available", "number available"),
        ),
        Column(
            name="base_latitude",
            type="latitude",
            is_quotable=True,
            meaning="Where the vehicle starts and ends the day, where that matters.",
            synonyms=("base lat", "depot latitude"),
        ),
        Column(
            name="base_longitude",
            type="longitude",
            is_quotable=True,
            meaning="The same, degrees east.",
            synonyms=("base lon", "depot longitude"),
        ),
        Column(
            name="co2e_g_per_km",
            type="number",
            is_quotable=True,
            default="0, assumed",
            meaning="Grams of CO2e per kilometre driven.",
            synonyms=("co2e", "co2", "co2 g per km", "emissions"),
        ),
        Column(
            name="co2e_source",
            type="text",
            default="assumed",
            meaning="Where that figure is from.",
            synonyms=("co2 source", "emissions source"),
        ),
    ),
    examples=(
        {
            "code": "MB16",
            "name": "EXAMPLE minibus with lift",
            "layouts": "16+0;13+1;10+2",
            "lift": "yes",
            "tags": "harness;tail-lift",
            "count": "40",
            "co2e_g_per_km": "270",
            "co2e_source": "assumed",
        },
    ),
)

RATE_CARD: Final = FileKind(
    name="rate_card",
    title="Rate card",
    purpose="One row for each vehicle type with its prices, and one row named PA for passenger "
    "assistants. All prices are in pounds without VAT.",
    is_needed=True,
    columns=(
        Column(
            name="vehicle_type",
            type="text",
            is_needed=True,
            is_quotable=True,
            meaning="Code of the vehicle type; PA on the row of the passenger assistants.",
            synonyms=("code", "type", "vehicle code", "vehicle"),
        ),
        Column(
            name="day_charge",
            type="money",
            is_quotable=True,
            meaning="Per vehicle and day, AM and PM. Needed on vehicle rows.",
            synonyms=("day rate", "daily charge", "per day"),
        ),
        Column(
            name="half_day_charge",
            type="money",
            is_quotable=True,
            meaning="Per vehicle that works AM or PM only. Needed on vehicle rows.",
            synonyms=("half day rate", "half day", "per half day"),
        ),
        Column(
            name="per_live_mile",
            type="money",
            is_quotable=True,
            default="0",
            meaning="Per mile with pupils aboard.",
            synonyms=("live mile", "live mileage", "per mile"),
        ),
        Column(
            name="per_dead_mile",
            type="money",
            is_quotable=True,
            default="0",
            meaning="Per mile without pupils aboard.",
            synonyms=("dead mile", "dead mileage"),
        ),
        Column(
            name="per_hour",
            type="money",
            is_quotable=True,
            default="0",
            meaning="Per driver hour; on the PA row per assistant hour.",
            synonyms=("per_driver_hour", "driver hour", "hourly rate", "pa_per_hour"),
        ),
        Column(
            name="per_session",
            type="money",
            is_quotable=True,
            default="0",
            meaning="PA row only: per assistant for each session (AM or PM) worked.",
            synonyms=("pa_fixed", "fixed", "per assistant session"),
        ),
        Column(
            name="minimum_charge",
            type="money",
            is_quotable=True,
            default="0",
            meaning="Least that a vehicle's day costs.",
            synonyms=("minimum", "minimum day"),
        ),
        Column(
            name="effective_from",
            type="date",
            is_quotable=True,
            meaning="Date from which the prices hold; needed on one row, the same on all.",
            synonyms=("valid from", "from", "start date", "effective date"),
        ),
        Column(
            name="grade",
            type="grade",
            is_quotable=True,
            default="assumed",
            meaning="How well the prices are founded.",
            synonyms=("quality",),
        ),
        Column(
            name="source",
            type="text",
            default="the file's name",
            meaning="Document and date that the prices are from.",
            synonyms=("evidence",),
        ),
    ),
    examples=(
        {
            "vehicle_type": "MB16",
            "day_charge": "145.00",
            "half_day_charge": "90.00",
            "per_live_mile": "1.10",
            "per_dead_mile": "0.70",
            "per_hour": "14.50",
            "minimum_charge": "0",
            "effective_from": "01/09/2026",
            "grade": "assumed",
            "source": "EXAMPLE contract register 2025",
        },
        {
            "vehicle_type": "PA",
            "per_hour": "13.80",
            "per_session": "4.00",
            "effective_from": "01/09/2026",
            "grade": "assumed",
            "source": "EXAMPLE contract register 2025",
        },
    ),
)

CALENDAR: Final = FileKind(
    name="calendar",
    title="School calendar",
    purpose="Terms and holidays of the school year, or one open date a row. Weekends are never "
    "school days.",
    is_needed=True,
    columns=(
        Column(
            name="kind",
            type="calendar_kind",
            is_quotable=True,
            default="term with a last day, else open",
            meaning="term and open: schools are open; holiday and closed: they are not, whatever "
            "else the file says.",
            synonyms=("type", "what", "status"),
        ),
        Column(
            name="first_day",
            type="date",
            is_needed=True,
            is_quotable=True,
            meaning="First day (or the only one).",
            synonyms=("from", "date", "start", "start date", "open from", "day", "begins"),
        ),
        Column(
            name="last_day",
            type="date",
            is_quotable=True,
            default="the first day",
            meaning="Last day, itself included.",
            synonyms=("to", "end", "end date", "open to", "until", "ends"),
        ),
        Column(
            name="name",
            type="text",
            meaning="Name of the term or holiday.",
            synonyms=("title", "term", "label", "description"),
        ),
    ),
    examples=(
        {
            "kind": "term",
            "first_day": "01/09/2026",
            "last_day": "18/12/2026",
            "name": "EXAMPLE autumn term",
        },
        {
            "kind": "holiday",
            "first_day": "26/10/2026",
            "last_day": "30/10/2026",
            "name": "EXAMPLE autumn half term",
        },
    ),
)

CONTRACT: Final = FileKind(
    name="contract",
    title="Today's contract",
    purpose="Optional. The register of today's routes, one row for each route that is paid.",
    columns=(
        Column(
            name="route_reference",
            type="text",
            is_needed=True,
            is_quotable=True,
            meaning="Your reference of the route.",
            synonyms=(
                "reference",
                "route",
                "route ref",
                "route number",
                "route no",
                "contract",
                "contract ref",
                "contract number",
                "contract reference",
            ),
        ),
        Column(
            name="operator",
            type="text",
            meaning="Operator who runs the route.",
            synonyms=("contractor", "supplier", "operator name"),
        ),
        Column(
            name="vehicle_type",
            type="text",
            is_needed=True,
            is_quotable=True,
            meaning="Code of the vehicle type, as in the vehicles file.",
            synonyms=("vehicle", "vehicle code", "vehicle type code", "type"),
        ),
        Column(
            name="daily_price",
            type="money",
            is_needed=True,
            is_quotable=True,
            meaning="Pounds paid for the route on a day with both sessions.",
            synonyms=("daily rate", "day rate", "price per day", "daily cost", "price", "rate"),
        ),
        Column(
            name="assistants",
            type="whole_number",
            is_quotable=True,
            default="0",
            meaning="Passenger assistants on the route.",
            synonyms=("pas", "pa", "escorts", "passenger assistants", "pa included"),
        ),
    ),
    examples=(
        {
            "route_reference": "EXAMPLE-R1",
            "operator": "Operator A",
            "vehicle_type": "MB16",
            "daily_price": "£185.00",
            "assistants": "1",
        },
    ),
)

CONTRACT_PUPILS: Final = FileKind(
    name="contract_pupils",
    title="Pupils on today's contract",
    purpose="Optional, with the contract. One row for each pupil on a route in a session.",
    columns=(
        Column(
            name="route_reference",
            type="text",
            is_needed=True,
            is_quotable=True,
            meaning="Reference of the route, as in the contract file.",
            synonyms=("route", "route ref", "route number", "route no", "contract", "contract ref"),
        ),
        Column(
            name="session",
            type="session",
            default="both",
            meaning="AM or PM; both where the pupil rides the route both ways.",
            synonyms=("am pm", "direction"),
        ),
        Column(
            name="pupil_reference",
            type="reference",
            is_needed=True,
            meaning="Reference of the pupil, as in the pupils file.",
            synonyms=("reference", "pupil ref", "pupil id", "student id"),
        ),
        Column(
            name="order",
            type="whole_number",
            default="not known: the order is planned and marked so",
            meaning="Position in the order of boarding (AM) or setting down (PM), from 1. With "
            "session both it is the AM order.",
            synonyms=("sequence", "stop order", "position", "stop number", "pick up order"),
        ),
    ),
    examples=(
        {
            "route_reference": "EXAMPLE-R1",
            "session": "AM",
            "pupil_reference": "EXAMPLE-1",
            "order": "1",
        },
    ),
)
