"""The GIAS download: open schools with their places, and rows that are shifted."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from data.faults import Fault, FaultReport
from data.readers import check_file, read_gias
from solver.domain import Point

Only = Callable[[FaultReport, str], Fault]

HEADER = [
    "URN",
    "LA (code)",
    "EstablishmentName",
    "EstablishmentStatus (name)",
    "Postcode",
    "Easting",
    "Northing",
]


def save(folder: Path, rows: list[list[str]], header: list[str] = HEADER) -> Path:
    path = folder / "edubasealldata.csv"
    with path.open("w", encoding="cp1252", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])
    return path


def row(
    urn: str, status: str = "Open", easting: str = "401365", name: str = "A School"
) -> list[str]:
    return [urn, "335", name, status, "WS1 1AA", easting, "298688"]


@pytest.mark.shared
def test_published_sample_names_its_shifted_row(shared: Path, only: Only) -> None:
    path = shared / "data" / "schools" / "gias_sample_rows_redacted.csv"

    schools, report = read_gias(path)

    assert set(schools) == {"100002", "100003"}  # the other two sound rows are closed
    assert schools["100003"].name == "City of London School"
    # 531981, 180844 by an independent formula (Ordnance Survey's guide, Helmert): 51.5111, -0.0995
    point = schools["100003"].point
    assert point is not None
    assert point.lat == pytest.approx(51.5111, abs=2e-4)
    assert point.lon == pytest.approx(-0.0995, abs=2e-4)
    fault = only(report, "shifted-row")
    assert (fault.row, fault.severity) == (6, "warning")
    assert "100004" in fault.text
    assert len(report.faults) == 1


@pytest.mark.shared
def test_published_header_has_the_columns_that_are_read(shared: Path) -> None:
    published = (shared / "data" / "schools" / "gias_edubasealldata_header.csv").read_text("cp1252")
    names = next(csv.reader([published.strip()]))

    assert len(names) == 139
    assert set(HEADER) <= set(names)


def test_windows_encoding_and_open_schools_only(tmp_path: Path) -> None:
    path = save(
        tmp_path,
        [
            row("100001", name="École St André"),
            row("100002", status="Closed"),
            row("100003", status="Open, but proposed to close"),
            row("100004", status="Proposed to open"),
        ],
    )

    schools, report = read_gias(path)

    assert set(schools) == {"100001", "100003"}
    assert schools["100001"].name == "École St André"
    assert schools["100001"].point == Point(52.585996, -1.981286)
    assert report.faults == ()


def test_bad_rows_are_listed_and_the_rest_is_read(tmp_path: Path) -> None:
    path = save(
        tmp_path,
        [
            row("100001"),
            row("100002")[:5],
            row("100003", status="Camden"),
            row("school"),
            row("100005", easting="Camden 007D"),
            row("100006", easting=""),
            row("100007"),
        ],
    )

    schools, report = read_gias(path)

    assert set(schools) == {"100001", "100006", "100007"}
    assert schools["100006"].point is None
    assert [(f.row, f.code) for f in report.faults] == [
        (3, "shifted-row"),
        (4, "shifted-row"),
        (5, "shifted-row"),
        (6, "shifted-row"),
        (7, "no-place"),
    ]
    assert not report.is_fatal


def test_other_download_is_an_error_that_says_which_one_to_take(tmp_path: Path) -> None:
    path = save(tmp_path, [["100001", "x"]], ["URN", "Something"])

    report = check_file("gias", path)

    assert {f.column for f in report.errors} == {
        "EstablishmentName",
        "EstablishmentStatus (name)",
        "Easting",
        "Northing",
    }
    assert all("GIAS" in fault.remedy for fault in report.errors)


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", "empty-file"), (b"PK\x03\x04rest", "packed-file"), (b"U\0R\0N\0", "wrong-encoding")],
)
def test_unusable_download(tmp_path: Path, only: Only, content: bytes, code: str) -> None:
    path = tmp_path / "edubasealldata.csv"
    path.write_bytes(content)

    assert only(check_file("gias", path), code).severity == "error"


def test_gias_gives_name_and_place_where_the_council_does_not(council: Any, tmp_path: Path) -> None:
    council.paths["gias"] = save(tmp_path, [row("900001", name="Published Name")])
    council.rows["schools"][0].update(name="", latitude="", longitude="")

    data = council.read()

    first, second = data.dataset.schools
    assert (first.name, first.point) == ("Published Name", Point(52.585996, -1.981286))
    assert (second.name, second.point) == ("School 900002", Point(52.60, -1.97))
    assert "Get Information about Schools" in data.dataset.attribution[0]


def test_own_point_goes_before_gias_and_gias_before_the_postcode(
    council: Any, tmp_path: Path
) -> None:
    council.paths["gias"] = save(tmp_path, [row("900001"), row("900002")])
    council.rows["schools"][0]["postcode"] = "B1 1AA"
    council.rows["schools"][1].update(latitude="", longitude="", postcode="B1 1AA")

    first, second = council.read().dataset.schools

    assert first.point == Point(52.60, -1.97)
    assert second.point == Point(52.585996, -1.981286)


def test_school_that_is_closed_in_gias_has_no_place(
    council: Any, tmp_path: Path, only: Only
) -> None:
    council.paths["gias"] = save(tmp_path, [row("900001", status="Closed")])
    council.rows["schools"][0].update(latitude="", longitude="")

    fault = only(council.read().report, "no-place")

    assert (fault.file, fault.row) == ("schools.csv", 2)
    assert "open schools of the GIAS file" in fault.text


def test_shifted_row_of_a_school_that_has_its_own_point_harms_nothing(
    council: Any, tmp_path: Path, only: Only
) -> None:
    council.paths["gias"] = save(tmp_path, [row("900001", easting="Camden 007D")])

    data = council.read()

    assert only(data.report, "shifted-row").severity == "warning"
    assert data.dataset is not None
