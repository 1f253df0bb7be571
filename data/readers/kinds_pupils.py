"""Descriptions of the files on pupils: who they are, where they live, what they need."""

from __future__ import annotations

from typing import Final

from data.readers.columns import Column, FileKind

_HOME_MEANING: Final = (
    "Give latitude and longitude, or easting and northing, or the postcode; the first given counts."
)

PUPILS: Final = FileKind(
    name="pupils",
    title="Pupils",
    purpose="One row for each pupil who is carried, without names and addresses.",
    is_needed=True,
    columns=(
        Column(
            name="reference",
            type="reference",
            is_needed=True,
            meaning="Your own reference of the pupil; never a name.",
            synonyms=(
                "pupil_reference",
                "pupil ref",
                "pupil id",
                "pupil number",
                "ref",
                "id",
                "student id",
                "student ref",
                "client id",
                "client ref",
                "person id",
                "local id",
                "child ref",
            ),
        ),
        Column(
            name="school_urn",
            type="urn",
            is_needed=True,
            is_quotable=False,
            meaning="URN of the school or college that the pupil travels to.",
            synonyms=("urn", "school code", "establishment urn", "base urn", "school id"),
        ),
        Column(
            name="latitude",
            type="latitude",
            meaning=f"Home, degrees north. {_HOME_MEANING}",
            synonyms=("lat", "home latitude", "home lat"),
        ),
        Column(
            name="longitude",
            type="longitude",
            meaning="Home, degrees east (west is negative).",
            synonyms=("lon", "long", "lng", "home longitude", "home lon"),
        ),
        Column(
            name="easting",
            type="easting",
            meaning="Home, metres east on the British National Grid.",
            synonyms=("eastings", "x", "home easting", "x coordinate", "oseast1m"),
        ),
        Column(
            name="northing",
            type="northing",
            meaning="Home, metres north on the British National Grid.",
            synonyms=("northings", "y", "home northing", "y coordinate", "osnrth1m"),
        ),
        Column(
            name="postcode",
            type="postcode",
            meaning="Home postcode; needs a postcode file (Code-Point Open or ONSPD).",
            synonyms=("home postcode", "pupil postcode", "pcds", "address postcode"),
        ),
        Column(
            name="school_year",
            type="school_year",
            is_needed=True,
            meaning="National curriculum year; it gives the phase and so the ride-time target.",
            synonyms=("year", "year group", "nc year", "ncy", "nc year group", "yr", "yr group"),
        ),
        Column(
            name="mobility",
            type="mobility",
            default="seat",
            meaning="seat: walks on; wheelchair: rides in it; transfer: moves to a seat, chair "
            "folded.",
            synonyms=("mobility need", "wheelchair", "wheelchair user", "travels in"),
        ),
        Column(
            name="assistant",
            type="assistant",
            default="none",
            meaning="Passenger assistant: none, shared with others, or dedicated (one to one).",
            synonyms=(
                "passenger assistant",
                "pa",
                "pa need",
                "escort",
                "pa required",
                "assistant need",
            ),
        ),
        Column(
            name="may_share_assistant",
            type="yes_no",
            default="no",
            meaning="A risk assessment allows the dedicated assistant to be shared.",
            synonyms=("pa may be shared", "shared pa allowed", "risk assessment allows sharing"),
        ),
        Column(
            name="tags",
            type="words",
            meaning="Equipment or crew that must be on board: harness, booster, oxygen, "
            "medication-trained, tail-lift, low-step.",
            synonyms=("equipment", "equipment needs"),
        ),
        Column(
            name="solo",
            type="yes_no",
            default="no",
            meaning="The pupil must travel without other pupils.",
            synonyms=("travels alone", "solo travel", "single occupancy", "is solo", "sole use"),
        ),
        Column(
            name="bars_mixed_schools",
            type="yes_no",
            default="no",
            meaning="The pupil must not travel with pupils of other schools.",
            synonyms=("no mixed schools", "own school only", "single school only"),
        ),
        Column(
            name="must_not_share",
            type="references",
            meaning="References of pupils who must never be on the same run.",
            synonyms=("must not travel with", "incompatible", "not with", "keep apart"),
        ),
        Column(
            name="must_share",
            type="references",
            meaning="References of pupils (siblings) who must be on the same run.",
            synonyms=("must travel with", "siblings", "sibling refs", "keep together"),
        ),
        Column(
            name="dwell_minutes",
            type="minutes",
            default="by mobility",
            meaning="Minutes to board or alight at home.",
            synonyms=("dwell", "boarding minutes", "boarding time"),
        ),
        Column(
            name="ride_target_minutes",
            type="minutes",
            default="by phase",
            meaning="Ride time to aim at.",
            synonyms=("ride target", "target ride", "target journey minutes"),
        ),
        Column(
            name="ride_cap_minutes",
            type="minutes",
            default="by the rules",
            meaning="Longest ride time allowed.",
            synonyms=("ride cap", "max ride", "max journey minutes", "maximum ride minutes"),
        ),
        Column(
            name="weekdays_am",
            type="weekdays",
            default="MTWTF",
            meaning="Weekdays of the journey to school.",
            synonyms=("am days", "days am", "am weekdays", "weekdays", "days", "travel days"),
        ),
        Column(
            name="weekdays_pm",
            type="weekdays",
            default="as weekdays_am",
            meaning="Weekdays of the journey home.",
            synonyms=("pm days", "days pm", "pm weekdays"),
        ),
        Column(
            name="party_size",
            type="whole_number",
            default="1",
            meaning="People who board at the door under this reference, the pupil included.",
            synonyms=("party", "group size"),
        ),
        Column(
            name="entitled",
            type="yes_no",
            default="yes",
            meaning="The pupil is entitled to free travel (counts in GBP a pupil).",
            synonyms=("eligible", "entitlement", "is entitled", "statutory"),
        ),
        Column(
            name="need_group",
            type="text",
            meaning="Group of need for reports, such as ASD or SEMH. Never quoted.",
            synonyms=("primary need", "need", "sen need", "need type"),
        ),
        Column(
            name="ward",
            type="text",
            default="from the postcode file, where known",
            meaning="Ward or area for reports and for lots by area.",
            synonyms=("ward name", "area", "locality"),
        ),
    ),
    examples=(
        {
            "reference": "EXAMPLE-1",
            "school_urn": "100001",
            "latitude": "52.5860",
            "longitude": "-1.9813",
            "school_year": "7",
            "mobility": "seat",
            "assistant": "shared",
            "may_share_assistant": "no",
            "tags": "harness",
            "solo": "no",
            "bars_mixed_schools": "no",
            "weekdays_am": "MTWTF",
            "weekdays_pm": "MTWT-",
            "party_size": "1",
            "entitled": "yes",
            "need_group": "ASD",
            "ward": "St Matthew's",
        },
    ),
)

ADDRESSES: Final = FileKind(
    name="addresses",
    title="Other addresses of pupils",
    purpose="Optional. One row for each further home of a pupil, on some weekdays of a session.",
    columns=(
        Column(
            name="pupil_reference",
            type="reference",
            is_needed=True,
            meaning="Reference of the pupil, as in the pupils file.",
            synonyms=("reference", "pupil ref", "pupil id", "ref", "student id"),
        ),
        Column(
            name="weekdays",
            type="weekdays",
            default="MTWTF",
            meaning="Weekdays on which this address holds.",
            synonyms=("days",),
        ),
        Column(
            name="session",
            type="session",
            default="both",
            meaning="AM: fetched from here; PM: brought here.",
            synonyms=("am pm",),
        ),
        *(
            PUPILS.get_column(n)
            for n in ("latitude", "longitude", "easting", "northing", "postcode")
        ),
    ),
    examples=(
        {
            "pupil_reference": "EXAMPLE-1",
            "weekdays": "Thu;Fri",
            "session": "PM",
            "latitude": "52.5901",
            "longitude": "-1.9702",
        },
    ),
)
