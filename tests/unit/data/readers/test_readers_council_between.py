"""Faults between the files of a council: contract, demands, addresses, files by themselves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from data.faults import Fault, FaultReport
from data.readers import (
    CouncilFiles,
    UnknownFileKindError,
    check_file,
    read_council,
)
from solver.domain import AddressRule, Point

Only = Callable[[FaultReport, str], Fault]


def test_pupil_on_two_morning_routes(council: Any, only: Only) -> None:
    council.rows["contract_pupils"].append(
        {"route_reference": "R2", "session": "AM", "pupil_reference": "P1"}
    )

    fault = only(council.read().report, "two-routes")

    assert (fault.file, fault.row) == ("contract_pupils.csv", 6)
    assert "P1" in fault.text
    assert "row 3" in fault.text


def test_contract_names_an_unknown_pupil_and_an_unknown_route(council: Any, only: Only) -> None:
    council.rows["contract_pupils"][0]["pupil_reference"] = "P9"
    council.rows["contract_pupils"][1]["route_reference"] = "R9"

    report = council.read().report

    assert only(report, "unknown-pupil").row == 2
    assert only(report, "unknown-route").row == 3


def test_pupils_on_no_route_are_named_in_one_warning(council: Any, only: Only) -> None:
    council.rows["contract_pupils"] = council.rows["contract_pupils"][:3]

    data = council.read()

    assert "P3" in only(data.report, "pupils-without-route").text
    assert only(data.report, "route-without-pupils").row == 3
    assert data.dataset is not None


def test_riders_without_the_contract_are_a_fault(council: Any, only: Only) -> None:
    del council.rows["contract"]

    assert only(council.read().report, "missing-file").file == "contract"


def test_one_sided_demands_hold_both_ways_with_a_warning(council: Any, only: Only) -> None:
    council.rows["pupils"][0]["must_not_share"] = "P3"

    data = council.read()

    assert data.dataset.pupils[0].must_not_share == ("P3",)
    assert data.dataset.pupils[2].must_not_share == ("P1",)
    fault = only(data.report, "one-sided-sharing")
    assert (fault.severity, fault.row) == ("warning", 4)


def test_demands_that_cannot_both_hold_even_through_a_third(council: Any, only: Only) -> None:
    council.rows["pupils"][0].update(must_share="P2", must_not_share="P3")
    council.rows["pupils"][1]["must_share"] = "P3"

    fault = only(council.read().report, "contrary-sharing")

    assert (fault.row, fault.column, fault.severity) == (2, "must_not_share", "error")


def test_solo_pupil_with_a_sibling_to_share(council: Any, only: Only) -> None:
    council.rows["pupils"][0]["must_share"] = "P2"
    council.rows["pupils"][1]["solo"] = "yes"

    fault = only(council.read().report, "contrary-sharing")

    assert (fault.row, fault.column) == (3, "solo")


def test_demand_on_an_unknown_pupil_or_on_itself(council: Any, only: Only) -> None:
    council.rows["pupils"][0]["must_not_share"] = "P1;P77"

    report = council.read().report

    assert only(report, "names-itself").row == 2
    assert "P77" in only(report, "unknown-pupil").text


def test_other_addresses_belong_to_their_pupils(council: Any) -> None:
    council.rows["addresses"] = [
        {
            "pupil_reference": "P1",
            "weekdays": "Thu;Fri",
            "session": "PM",
            "easting": "401365",
            "northing": "298688",
        }
    ]

    pupil = council.read().dataset.pupils[0]

    # 401365, 298688 is 52.585996, -1.981286 in Code-Point Open's own extract.
    assert pupil.other_addresses == (AddressRule(0b11000, "PM", Point(52.585996, -1.981286)),)


def test_two_other_addresses_on_one_day_and_an_unknown_pupil(council: Any, only: Only) -> None:
    place = {"latitude": "52.59", "longitude": "-1.97"}
    council.rows["addresses"] = [
        {"pupil_reference": "P1", "weekdays": "Mon", "session": "AM", **place},
        {"pupil_reference": "P1", "weekdays": "MT---", "session": "both", **place},
        {"pupil_reference": "P8", "weekdays": "Mon", "session": "AM", **place},
    ]

    report = council.read().report

    assert only(report, "two-addresses").row == 3
    assert only(report, "unknown-pupil").row == 4


def test_no_vehicle_at_all(council: Any, only: Only) -> None:
    for row in council.rows["vehicles"]:
        row["count"] = "0"

    assert only(council.read().report, "no-vehicles").severity == "error"


@pytest.mark.parametrize("kind", ["pupils", "vehicles"])
def test_header_without_rows(council: Any, kind: str) -> None:
    files = council.write()
    path = getattr(files, kind)
    path.write_text(path.read_text().splitlines()[0] + "\n")

    data = read_council(files, name="Testshire")

    assert data.dataset is None
    assert (f"{kind}.csv", "no-rows") in {(f.file, f.code) for f in data.report.errors}


def test_one_pupil_is_enough(council: Any) -> None:
    council.rows["pupils"] = council.rows["pupils"][:1]
    council.rows["contract_pupils"] = council.rows["contract_pupils"][1:2]

    data = council.read()

    assert [pupil.reference for pupil in data.dataset.pupils] == ["P1"]


def test_same_files_give_the_same_data_set(council: Any) -> None:
    files = council.write()

    assert read_council(files, name="A") == read_council(files, name="A")


def test_files_of_one_name_are_told_apart_by_their_kind(council: Any, tmp_path: Path) -> None:
    council.rows["pupils"][0]["school_year"] = "x"
    files = council.write()
    paths = {}
    for kind in ("pupils", "schools"):
        (tmp_path / kind).mkdir()
        paths[kind] = getattr(files, kind).rename(tmp_path / kind / "export.csv")
    rest = {k: getattr(files, k) for k in ("vehicles", "rate_card", "calendar")}

    report = read_council(CouncilFiles.from_mapping(paths | rest), name="A").report

    assert {fault.file for fault in report.errors} == {"export.csv (pupils)"}
    assert str(tmp_path) not in str(report.to_rows())


def test_unknown_kind_of_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownFileKindError, match="pupil_list"):
        CouncilFiles.from_mapping({"pupil_list": tmp_path / "a.csv"})
    with pytest.raises(UnknownFileKindError, match="rate_card"):
        check_file("prices", tmp_path / "a.csv")


def test_one_file_is_checked_by_itself(council: Any, only: Only) -> None:
    council.rows["schools"][0]["am_bell"] = "03:00"
    council.rows["pupils"][0]["school_urn"] = "999999"  # only the schools file could tell
    files = council.write()

    assert only(check_file("schools", files.schools), "impossible-times").row == 2
    assert check_file("pupils", files.pupils).faults == ()


def test_a_file_that_is_not_there(tmp_path: Path, only: Only) -> None:
    fault = only(check_file("pupils", tmp_path / "gone.csv"), "no-file")

    assert fault.file == "gone.csv"


def test_file_that_cannot_be_read_is_not_blamed_on_the_others(council: Any) -> None:
    files = council.write()
    files.pupils.write_text("")
    files.vehicles.write_text("code,layouts\nTAXI,4,,,extra\n")

    report = read_council(files, name="A").report

    assert {(f.file, f.code) for f in report.errors} == {
        ("pupils.csv", "empty-file"),
        ("vehicles.csv", "long-row"),
        ("vehicles.csv", "no-rows"),
    }
