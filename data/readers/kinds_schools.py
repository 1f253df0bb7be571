"""Description of the council's own file of schools and their bells."""

from __future__ import annotations

from typing import Final

from data.readers.columns import Column, FileKind


def _by_weekday(stem: str, meaning: str) -> tuple[Column, ...]:
    days = ("monday", "tuesday", "wednesday", "thursday", "friday")
    return tuple(
        Column(
            name=f"{stem}_{day}",
            type="clock_or_closed",
            is_quotable=True,
            default=f"as {stem}",
            meaning=f"{meaning} on {day.title()}, where it differs; closed where there is none.",
            synonyms=(f"{stem} {day[:3]}", f"{day} {stem}", f"{day[:3]} {stem}"),
        )
        for day in days
    )


SCHOOLS: Final = FileKind(
    name="schools",
    title="Schools",
    purpose="One row for each school that pupils travel to, with its bells. GIAS has no bells; "
    "name and place are taken from GIAS where you leave them out.",
    is_needed=True,
    columns=(
        Column(
            name="urn",
            type="urn",
            is_needed=True,
            is_quotable=True,
            meaning="Unique reference number of the school or college.",
            synonyms=("school_urn", "school code", "establishment urn", "school id"),
        ),
        Column(
            name="name",
            type="text",
            default="from GIAS, else the URN",
            meaning="Name of the school.",
            synonyms=("school name", "school", "establishment name", "establishment"),
        ),
        Column(
            name="latitude",
            type="latitude",
            is_quotable=True,
            default="from GIAS",
            meaning="The school's entrance, degrees north.",
            synonyms=("lat",),
        ),
        Column(
            name="longitude",
            type="longitude",
            is_quotable=True,
            default="from GIAS",
            meaning="The school's entrance, degrees east.",
            synonyms=("lon", "long", "lng"),
        ),
        Column(
            name="easting",
            type="easting",
            is_quotable=True,
            meaning="The school's entrance, metres east on the British National Grid.",
            synonyms=("eastings", "x"),
        ),
        Column(
            name="northing",
            type="northing",
            is_quotable=True,
            meaning="The school's entrance, metres north on the British National Grid.",
            synonyms=("northings", "y"),
        ),
        Column(
            name="postcode",
            type="postcode",
            meaning="Used where neither a point nor GIAS gives the place.",
            synonyms=("school postcode",),
        ),
        Column(
            name="am_bell",
            type="clock_or_closed",
            is_quotable=True,
            meaning="Start of the school day. Needed unless every weekday has its own.",
            synonyms=("bell", "start", "start time", "school start", "opens", "am start"),
        ),
        Column(
            name="pm_finish",
            type="clock_or_closed",
            is_quotable=True,
            meaning="End of the school day. Needed unless every weekday has its own.",
            synonyms=(
                "finish",
                "end",
                "end time",
                "finish time",
                "school finish",
                "closes",
                "pm bell",
            ),
        ),
        *_by_weekday("am_bell", "Start of the school day"),
        *_by_weekday("pm_finish", "End of the school day"),
        Column(
            name="arrive_earliest_minutes",
            type="minutes",
            is_quotable=True,
            default="the policy's (20)",
            meaning="Earliest set-down: minutes before the bell.",
            synonyms=("arrive earliest", "doors open minutes before bell"),
        ),
        Column(
            name="arrive_latest_minutes",
            type="minutes",
            is_quotable=True,
            default="the policy's (5)",
            meaning="Latest set-down: minutes before the bell.",
            synonyms=("arrive latest", "arrive by minutes before bell"),
        ),
        Column(
            name="collect_within_minutes",
            type="minutes",
            is_quotable=True,
            default="the policy's (15)",
            meaning="Latest loading: minutes after the finish.",
            synonyms=("collect within",),
        ),
        Column(
            name="dwell_minutes",
            type="minutes",
            is_quotable=True,
            default="the policy's (1)",
            meaning="Minutes of a set-down or loading at the school.",
            synonyms=("dwell",),
        ),
        Column(
            name="gates",
            type="points",
            is_quotable=True,
            meaning="Other doors or gates where vehicles may stop.",
            synonyms=("doors", "entrances"),
        ),
        Column(
            name="closed_days",
            type="dates",
            is_quotable=True,
            meaning="Dates in term on which this school is closed (training days).",
            synonyms=("inset days", "training days", "closures"),
        ),
    ),
    examples=(
        {
            "urn": "100001",
            "name": "EXAMPLE School",
            "latitude": "52.6012",
            "longitude": "-1.9650",
            "am_bell": "08:45",
            "pm_finish": "15:15",
            "pm_finish_friday": "13:30",
            "closed_days": "04/01/2027",
        },
    ),
)
