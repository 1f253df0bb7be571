"""Headers as councils' exports have them, and rows that are not what they seem."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from data.faults import Fault, FaultReport
from data.readers import check_file, list_file_kinds, read_council
from data.readers.columns import normalise_header

Only = Callable[[FaultReport, str], Fault]


def rename_header(path: Path, names: dict[str, str]) -> None:
    header, rest = path.read_text().split("\n", 1)
    cells = [names.get(cell.strip(), cell.strip()) for cell in header.split(",")]
    path.write_text(",".join(cells) + "\n" + rest)


@pytest.mark.parametrize(
    "names",
    [
        {"reference": "Pupil Ref", "school_urn": "URN", "school_year": "NC Year"},
        {"reference": "STUDENT ID", "school_urn": "School_Code", "school_year": "Year Group"},
        {"reference": " pupil-id ", "latitude": "Home Lat.", "longitude": "LONG"},
    ],
)
def test_synonyms_whatever_case_spaces_and_marks(council: Any, names: dict[str, str]) -> None:
    files = council.write()
    expected = read_council(files, name="A").dataset
    rename_header(files.pupils, names)

    assert read_council(files, name="A").dataset == expected


def test_no_two_columns_of_a_kind_share_a_name() -> None:
    for kind in list_file_kinds():
        names = [normalise_header(column.name) for column in kind.columns]
        assert len(set(names)) == len(names), kind.name
        synonyms = [normalise_header(s) for column in kind.columns for s in column.synonyms]
        assert len(set(synonyms)) == len(synonyms), f"{kind.name}: a synonym is used twice"
        assert not set(names) & set(synonyms), f"{kind.name}: a synonym is another column's name"


def test_own_name_goes_before_a_synonym(tmp_path: Path) -> None:
    # `reference` is a synonym of pupil_reference, and here a column of something else beside it.
    path = tmp_path / "riders.csv"
    path.write_text("route,pupil_reference,reference\nR1,P1,free text here\n")

    assert [f.code for f in check_file("contract_pupils", path).faults] == ["unknown-column"]


def test_of_two_synonyms_the_first_described_counts(tmp_path: Path, only: Only) -> None:
    path = tmp_path / "register.csv"
    path.write_text("Contract Ref,Vehicle,Price,Route No\nC1,TAXI,95,R1\n")

    fault = only(check_file("contract", path), "unknown-column")

    assert (fault.severity, fault.row) == ("warning", 1)
    assert "Contract Ref" in fault.text


def test_missing_columns_are_all_named(tmp_path: Path) -> None:
    path = tmp_path / "pupils.csv"
    path.write_text("name,address\nSomebody,Somewhere\n")

    report = check_file("pupils", path)

    assert {f.column for f in report.errors if f.code == "missing-column"} == {
        "reference",
        "school_urn",
        "school_year",
    }


def test_file_without_a_header_leaks_nothing_of_its_first_row(tmp_path: Path) -> None:
    path = tmp_path / "pupils.csv"
    path.write_text("Zebedee Quill,12 Elm Street,WS1 1AA\nAnother Name,1 Oak Road,WS1 1AB\n")

    report = check_file("pupils", path)

    assert report.is_fatal
    for secret in ("Zebedee", "Elm", "WS1", "Another", "Oak"):
        assert secret not in str(report.to_rows())


def test_duplicate_column(council: Any, only: Only) -> None:
    files = council.write()
    rename_header(files.vehicles, {"count": "lift"})

    fault = only(check_file("vehicles", files.vehicles), "duplicate-column")

    assert (fault.row, fault.column, fault.severity) == (1, "lift", "error")


def test_unknown_column_is_a_warning_and_not_kept(council: Any, only: Only) -> None:
    for row in council.rows["pupils"]:
        row["Favourite colour"] = "=blue"

    data = council.read()

    fault = only(data.report, "unknown-column")
    assert fault.severity == "warning"
    assert "Favourite colour" in fault.text
    assert data.dataset is not None
    assert "blue" not in repr(data.dataset)


def test_title_above_the_header(council: Any) -> None:
    files = council.write()
    expected = read_council(files, name="A").dataset
    files.vehicles.write_text(
        "Fleet of Testshire,,,\nprinted 01/09/2026,,,\n\n" + files.vehicles.read_text()
    )

    found = read_council(files, name="A").dataset

    assert [v.code for v in found.vehicle_types] == [v.code for v in expected.vehicle_types]
    assert found.vehicle_types[0].source.row == 5


def test_empty_needed_cell(council: Any, only: Only) -> None:
    council.rows["pupils"][1]["school_year"] = " "

    fault = only(council.read().report, "missing-value")

    assert (fault.row, fault.column) == (3, "school_year")


def test_quotable_cell_is_shown_and_another_is_not(council: Any, only: Only) -> None:
    council.rows["schools"][0]["am_bell"] = "quarter to nine"
    council.rows["pupils"][0]["mobility"] = "on a pony"

    report = council.read().report

    assert "quarter to nine" in only(report, "not-clock-or-closed").text
    assert "pony" not in str(only(report, "not-mobility"))


def test_report_lists_a_thousand_of_a_sort_and_counts_the_rest(council: Any) -> None:
    template = council.rows["pupils"][0] | {"school_year": "late"}
    council.rows["pupils"] = [template | {"reference": f"P{n}"} for n in range(1500)]
    files = council.write()

    faults = check_file("pupils", files.pupils).faults

    assert len(faults) == 1001
    assert "500 more" in faults[-1].text
