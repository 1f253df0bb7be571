"""All files of a council together: what comes out of sound files and of each fault between them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.faults import Fault, FaultReport
from data.readers import (
    list_file_kinds,
)
from solver.domain import Layout, Point, Source

Only = Callable[[FaultReport, str], Fault]


def test_sound_files_give_a_data_set_and_a_rate_card(council: Any) -> None:
    data = council.read()

    assert not data.report.is_fatal, data.report.to_rows()
    assert data.dataset.name == "Testshire"
    first = data.dataset.pupils[0]
    assert (first.reference, first.school_urn, first.school_year) == ("P1", "900001", 7)
    assert first.home == Point(52.5860, -1.9813)
    assert first.home_quality == "point given"
    assert first.source == Source("pupils.csv", 2)
    assert [pupil.school_year for pupil in data.dataset.pupils] == [7, 0, 12]
    assert data.dataset.schools[0].am_bell_s == (31500,) * 5  # 8 h 45 min
    assert data.dataset.schools[0].pm_finish_s == (54900,) * 5  # 15 h 15 min
    assert data.dataset.vehicle_types[1].layouts == (Layout(16), Layout(13, 1), Layout(10, 2))
    assert data.rate_card.effective_from == date(2026, 9, 1)
    assert data.rate_card.get_rates("MB16").half_day_charge == Decimal(50)
    assert (data.rate_card.pa_per_hour, data.rate_card.pa_fixed) == (Decimal("13.80"), Decimal(4))


def test_contract_keeps_the_order_where_the_file_gives_it(council: Any) -> None:
    routes = council.read().dataset.contract

    assert [route.daily_price for route in routes] == [Decimal("95.00"), Decimal("1185.50")]
    assert routes[0].am_pupils == ("P1", "P2")
    assert routes[0].is_am_order_known
    assert routes[0].pm_pupils == ("P1",)
    assert not routes[0].is_pm_order_known
    # An order given for both sessions is that of boarding in the morning.
    assert (routes[1].is_am_order_known, routes[1].is_pm_order_known) == (True, False)


def test_all_faults_of_all_files_come_at_once_and_nothing_is_built(council: Any) -> None:
    council.rows["pupils"][0]["school_year"] = "seven"
    council.rows["pupils"][2]["latitude"] = "north"
    council.rows["schools"][1]["am_bell"] = "25:00"
    council.rows["vehicles"][0]["layouts"] = "four"
    council.rows["rate_card"][1]["day_charge"] = "a lot"
    council.rows["calendar"][0]["last_day"] = "32/05/2027"
    council.rows["contract"][0]["daily_price"] = "-5"

    data = council.read()

    assert data.dataset is None
    assert data.rate_card is None
    assert {(f.file, f.row, f.column, f.code) for f in data.report.errors} == {
        ("pupils.csv", 2, "school_year", "not-school-year"),
        ("pupils.csv", 4, "latitude", "not-latitude"),
        ("schools.csv", 3, "am_bell", "not-clock-or-closed"),
        ("vehicles.csv", 2, "layouts", "not-layouts"),
        ("rate_card.csv", 3, "day_charge", "not-money"),
        ("calendar.csv", 2, "last_day", "not-date"),
        ("contract.csv", 2, "daily_price", "not-money"),
    }
    assert all(fault.text and fault.remedy for fault in data.report.faults)


def test_one_faulty_file_leaves_no_rate_card_either(council: Any) -> None:
    council.rows["pupils"][0]["school_year"] = "99"

    data = council.read()

    assert data.dataset is None
    assert data.rate_card is None


def test_no_cell_with_a_name_home_or_need_is_ever_quoted(council: Any) -> None:
    secret = "Zebedee Quill"
    for row in council.rows["pupils"]:
        row.update(
            reference=secret,
            school_urn=secret,
            latitude=secret,
            longitude=secret,
            postcode=secret,
            school_year=secret,
            mobility=secret,
            assistant=secret,
            solo=secret,
            must_share=secret,
            dwell_minutes=secret,
            weekdays_am=secret,
            party_size=secret,
        )
    council.rows["contract_pupils"][0]["pupil_reference"] = secret
    council.rows["addresses"] = [{"pupil_reference": secret, "postcode": secret}]

    report = council.read().report

    assert len(report.errors) >= 3 * 13
    for row in report.to_rows():
        assert "zebedee" not in str(row).lower()


@pytest.mark.parametrize("kind", ["pupils", "schools", "vehicles", "rate_card", "calendar"])
def test_needed_file_that_is_missing_is_named(council: Any, only: Only, kind: str) -> None:
    del council.rows[kind]

    fault = only(council.read().report, "missing-file")

    assert (fault.file, fault.severity) == (kind, "error")


def test_duplicate_reference_names_both_rows(council: Any, only: Only) -> None:
    council.rows["pupils"][2]["reference"] = "P1"
    council.rows["contract_pupils"].pop()

    fault = only(council.read().report, "duplicate")

    assert (fault.row, fault.column) == (4, "reference")
    assert "row 2" in fault.text


def test_unknown_school_is_named(council: Any, only: Only) -> None:
    council.rows["pupils"][1]["school_urn"] = "999999"

    fault = only(council.read().report, "unknown-school")

    assert (fault.file, fault.row) == ("pupils.csv", 3)
    assert "999999" in fault.text


def test_pupil_without_a_home_is_a_fault_of_its_row(council: Any, only: Only) -> None:
    council.rows["pupils"][1].update(latitude="", longitude="")

    fault = only(council.read().report, "no-place")

    assert (fault.file, fault.row, fault.severity) == ("pupils.csv", 3, "error")


def test_half_a_point_is_a_fault(council: Any, only: Only) -> None:
    council.rows["pupils"][1]["longitude"] = ""

    assert only(council.read().report, "half-a-point").column == "longitude"


def test_school_without_a_point_or_gias_is_a_fault(council: Any, only: Only) -> None:
    council.rows["schools"][1].update(latitude="", longitude="")

    fault = only(council.read().report, "no-place")

    assert (fault.file, fault.row) == ("schools.csv", 3)
    assert "900002" in fault.text


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"am_bell": "03:00"}, "am_bell"),
        ({"pm_finish": "3.15"}, "pm_finish"),
        ({"am_bell": "13:00", "pm_finish": "12:00"}, "pm_finish"),
        ({"am_bell": ""}, "am_bell"),
        ({"am_bell_wednesday": "closed"}, "am_bell"),
        ({"am_bell": "", "pm_finish": ""}, "am_bell"),
        ({"arrive_earliest_minutes": "5", "arrive_latest_minutes": "20"}, "arrive_latest_minutes"),
    ],
)
def test_impossible_times_of_a_school(
    council: Any, only: Only, changes: dict[str, str], column: str
) -> None:
    council.rows["schools"][0].update(changes)

    fault = only(council.read().report, "impossible-times")

    assert (fault.row, fault.column, fault.severity) == (2, column, "error")


def test_bells_by_weekday_replace_the_common_one(council: Any) -> None:
    council.rows["schools"][0].update(
        pm_finish_friday="13:30", am_bell_wednesday="closed", pm_finish_wednesday="closed"
    )

    school = council.read().dataset.schools[0]

    assert school.pm_finish_s == (54900, 54900, None, 54900, 48600)
    assert school.am_bell_s == (31500, 31500, None, 31500, 31500)


def test_vehicle_type_without_rates_and_rates_without_a_type(council: Any, only: Only) -> None:
    council.rows["rate_card"][1]["vehicle_type"] = "MB61"

    report = council.read().report

    assert "MB16" in only(report, "no-rates").text
    fault = only(report, "unknown-vehicle-type")
    assert (fault.severity, fault.row) == ("warning", 3)


def test_codes_match_whatever_their_case(council: Any) -> None:
    council.rows["rate_card"][1]["vehicle_type"] = "mb16"
    council.rows["contract"][1]["vehicle_type"] = "Mb16"

    data = council.read()

    assert data.rate_card.get_rates("MB16").day_charge == Decimal(80)
    assert data.dataset.contract[1].vehicle_type == "MB16"


def test_contract_with_an_unknown_vehicle_type(council: Any, only: Only) -> None:
    council.rows["contract"][0]["vehicle_type"] = "HOVERCRAFT"

    fault = only(council.read().report, "unknown-vehicle-type")

    assert (fault.file, fault.row, fault.severity) == ("contract.csv", 2, "error")


def test_rate_card_needs_a_row_for_assistants_and_a_date(council: Any, only: Only) -> None:
    council.rows["rate_card"].pop()
    council.rows["rate_card"][0]["effective_from"] = ""

    report = council.read().report

    assert only(report, "no-assistant-rates").severity == "error"
    assert only(report, "no-effective-date").severity == "error"


def test_assistants_have_one_row(council: Any, only: Only) -> None:
    council.rows["rate_card"].append({"vehicle_type": "Passenger assistant", "per_hour": "12"})

    fault = only(council.read().report, "duplicate")

    assert (fault.file, fault.row) == ("rate_card.csv", 5)


@pytest.mark.parametrize(
    ("kind", "column", "value"),
    [
        ("vehicles", "co2e_g_per_km", "-100"),
        ("pupils", "party_size", "0"),
        ("pupils", "party_size", "40"),
        ("pupils", "ride_cap_minutes", "0"),
        ("contract", "assistants", "25"),
    ],
)
def test_impossible_numbers(council: Any, only: Only, kind: str, column: str, value: str) -> None:
    council.rows[kind][0][column] = value

    fault = only(council.read().report, "impossible-number")

    assert (fault.file, fault.row, fault.column) == (f"{kind}.csv", 2, column)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"ride_target_minutes": "60", "ride_cap_minutes": "30"}, "cap-below-target"),
        ({"weekdays_am": "none", "weekdays_pm": "none"}, "never-travels"),
    ],
)
def test_odd_pupils_are_warned_of(
    council: Any, only: Only, changes: dict[str, str], code: str
) -> None:
    council.rows["pupils"][0].update(changes)

    data = council.read()

    assert only(data.report, code).severity == "warning"
    assert data.dataset is not None


def test_everything_a_pupil_row_can_say(council: Any) -> None:
    council.rows["pupils"][0].update(
        mobility="transfer",
        assistant="1:1",
        may_share_assistant="yes",
        tags="Harness; booster",
        bars_mixed_schools="y",
        must_not_share="P2;P3",
        dwell_minutes="4.5",
        ride_target_minutes="40",
        ride_cap_minutes="55",
        weekdays_am="M-W-F",
        party_size="2",
        entitled="no",
        need_group="ASD",
        ward="Palfrey",
    )

    pupil = council.read().dataset.pupils[0]

    assert (pupil.mobility, pupil.assistant, pupil.may_share_assistant) == (
        "transfer",
        "dedicated",
        True,
    )
    assert pupil.tags == ("harness", "booster")
    assert (pupil.is_solo, pupil.bars_mixed_schools) == (False, True)
    assert pupil.must_not_share == ("P2", "P3")
    assert (pupil.dwell_s, pupil.ride_target_s, pupil.ride_cap_s) == (270, 2400, 3300)
    assert (pupil.weekdays_am, pupil.weekdays_pm) == (0b10101, 0b10101)
    assert (pupil.party_size, pupil.is_entitled) == (2, False)
    assert (pupil.need_group, pupil.ward) == ("ASD", "Palfrey")


CELLS = [
    (kind.name, column.name, column.is_quotable)
    for kind in list_file_kinds()
    for column in kind.columns
]
WRITABLE = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=4, max_size=30)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(cell=st.sampled_from(CELLS), text=WRITABLE)
def test_any_text_in_any_cell_gives_a_data_set_or_an_error_and_is_not_leaked(
    build_council: Any, tmp_path_factory: Any, cell: tuple[str, str, bool], text: str
) -> None:
    kind, column, is_quotable = cell
    council = build_council(tmp_path_factory.mktemp("council"))
    home = {"latitude": "52.59", "longitude": "-1.97"}
    council.rows["addresses"] = [{"pupil_reference": "P1", "weekdays": "Mon", **home}]
    council.rows[kind][0][column] = text

    data = council.read()

    assert (data.dataset is None) == data.report.is_fatal
    assert (data.rate_card is None) == data.report.is_fatal
    private = ("latitude", "longitude", "easting", "northing", "postcode", "need_group", "tags")
    if not is_quotable and column in private:
        assert text not in str(data.report.to_rows())
