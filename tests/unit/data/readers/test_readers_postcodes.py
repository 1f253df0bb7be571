"""Postcodes to points: every published form, ended postcodes, and what stands in for a gap."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from data.faults import Fault, FaultReport
from data.readers import read_postcodes
from solver.domain import Point

Only = Callable[[FaultReport, str], Fault]

# Two live postcodes of one sector and one of the next, and an ended one. The first grid position
# and its degrees are those of Code-Point Open's own Walsall extract.
CODE_POINT = (
    '"WS1 1AA",10,401365,298688,"E92000001","E19000002","E18000005","","E08000030","E05001316"\n'
    '"WS1 1AB",10,401522,299029,"E92000001","E19000002","E18000005","","E08000030","E05001316"\n'
    '"WS2 9ZZ",60,400000,299000,"E92000001","E19000002","E18000005","","E08000030","E05001317"\n'
    '"WS3 1AA",90,0,0,"E92000001","E19000002","E18000005","","E08000030",""\n'
)
OLD_ONSPD = (
    "pcd,pcd2,pcds,dointr,doterm,oslaua,osward,oseast1m,osnrth1m,osgrdind,lat,long\n"
    '"WS1 1AA","WS1  1AA","WS1 1AA","198001","","E08000030","E05001316",'
    '"401365","0298688",1,52.585996,-1.981286\n'
    '"WS1 1XX","WS1  1XX","WS1 1XX","198001","201506","E08000030","E05001316",'
    '"401400","0298700",1,52.586104,-1.980770\n'
    '"WS1 1YY","WS1  1YY","WS1 1YY","198001","201506","E08000030","","","",9,99.999999,0.000000\n'
)
NEW_ONSPD = (
    "pcd7,pcd8,pcds,dointr,doterm,lad25cd,wd25cd,east1m,north1m,gridind,lat,long\n"
    "WS1 1AA,WS1  1AA,WS1 1AA,198001,,E08000030,E05001316,401365,298688,1,52.585996,-1.981286\n"
    "WS1 1XX,WS1  1XX,WS1 1XX,198001,201506,E08000030,E05001316,401400,298700,1,52.5861,-1.9807\n"
)
LOOK_UP_HEADER = (
    "pcd7,pcd8,pcds,dointr,doterm,usertype,oa11cd,lsoa11cd,msoa11cd,ladcd,lsoa11nm,msoa11nm,ladnm,"
    "ladnmw"
)
WALSALL = Path(__file__).resolve().parents[4] / "data" / "demo" / "walsall_postcodes_cpo2025.csv"
PLACE = Point(52.585996, -1.981286)


def save(folder: Path, content: str, name: str = "codes.csv") -> Path:
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return path


def test_code_point_open_without_a_header(tmp_path: Path) -> None:
    index, report = read_postcodes([save(tmp_path, CODE_POINT)])

    assert report.faults == ()
    found = index.find("ws11aa")
    assert found is not None
    assert (found.point, found.quality) == (PLACE, "unit")
    assert (found.district, found.ward) == ("E08000030", "E05001316")
    assert index.find("WS2 9ZZ").quality == "sector"  # type: ignore[union-attr]
    assert index.find("WS3 1AA") is None  # published without a place


def test_code_point_open_with_a_header() -> None:
    index, report = read_postcodes([WALSALL])

    assert len(index) == 5581
    assert report.faults == ()
    found = index.find("WS1 1AA")
    assert found is not None
    assert (found.point, found.quality, found.ward) == (PLACE, "unit", "E05001316")


@pytest.mark.shared
def test_look_up_header_is_the_published_one(shared: Path) -> None:
    published = (shared / "data" / "postcodes" / "pcd_header.csv").read_text(encoding="utf-8-sig")

    assert published.strip() == LOOK_UP_HEADER


@pytest.mark.shared
def test_every_column_that_older_onspd_needs_is_in_its_published_header(shared: Path) -> None:
    import json

    schema = json.loads((shared / "data" / "postcodes" / "onspd_schema.json").read_text())
    published = {entry["code"] for entry in schema}

    assert set(OLD_ONSPD.split("\n", 1)[0].split(",")) <= published


def test_older_onspd_with_ended_postcodes(tmp_path: Path) -> None:
    index, report = read_postcodes([save(tmp_path, OLD_ONSPD)])

    assert report.faults == ()
    ended = index.find("WS1 1XX")
    assert ended is not None
    assert (ended.point, ended.quality) == (Point(52.586104, -1.98077), "terminated")
    assert ended.district == "E08000030"
    assert index.find("WS1 1AA").quality == "unit"  # type: ignore[union-attr]
    # Without a place of its own: the middle of the sector's one live postcode.
    middle = index.find("WS1 1YY")
    assert middle is not None
    assert (middle.point, middle.quality) == (PLACE, "sector")


def test_newer_onspd_is_read_and_marked_unverified(tmp_path: Path, only: Only) -> None:
    index, report = read_postcodes([save(tmp_path, NEW_ONSPD)])

    assert only(report, "unverified-header").severity == "warning"
    found, ended = index.find("WS1 1AA"), index.find("WS1 1XX")
    assert found is not None
    assert ended is not None
    assert (found.point, found.district, found.ward) == (PLACE, "E08000030", "E05001316")
    assert ended.quality == "terminated"


def test_ons_look_up_without_places_says_so_and_adds_what_it_knows(
    tmp_path: Path, only: Only
) -> None:
    names = LOOK_UP_HEADER.split(",")
    values = {"pcd7": "WS1 1AA", "pcds": "WS1 1AA", "doterm": "202401", "ladcd": "E08000030"}
    row = ",".join(values.get(name, "") for name in names)
    look_up = save(tmp_path, f"{LOOK_UP_HEADER}\n{row}\n", "look_up.csv")
    points = save(tmp_path, CODE_POINT)

    index, report = read_postcodes([points, look_up])

    assert only(report, "postcodes-without-places").file == "look_up.csv"
    assert only(report, "unverified-header").file == "look_up.csv"
    assert index.find("WS1 1AA").quality == "terminated"  # type: ignore[union-attr]


def test_live_row_of_another_file_goes_before_an_ended_one(tmp_path: Path) -> None:
    ended = OLD_ONSPD.replace('"198001",""', '"198001","201001"').replace("52.585996", "52.500000")
    paths = [save(tmp_path, ended, "onspd.csv"), save(tmp_path, CODE_POINT)]

    for order in (paths, paths[::-1]):
        found = read_postcodes(order)[0].find("WS1 1AA")
        assert found is not None
        assert (found.point, found.quality) == (PLACE, "unit")


def test_unknown_postcode_of_a_known_sector_gets_the_middle_of_its_live_ones(
    tmp_path: Path,
) -> None:
    index, _ = read_postcodes([save(tmp_path, CODE_POINT)])

    one, other, middle = (index.find(p) for p in ("WS1 1AA", "WS1 1AB", "WS1 1QQ"))
    assert one is not None
    assert other is not None
    assert middle is not None
    assert middle.quality == "sector"
    assert middle.point.lat == pytest.approx((one.point.lat + other.point.lat) / 2, abs=1e-6)
    assert middle.point.lon == pytest.approx((one.point.lon + other.point.lon) / 2, abs=1e-6)
    assert index.find("B1 1AA") is None
    assert index.find("nonsense") is None


def test_only_sectors_that_are_wanted_are_kept(tmp_path: Path) -> None:
    index, _ = read_postcodes([save(tmp_path, CODE_POINT)], wanted=["ws1 1zz"])

    assert len(index) == 2
    assert index.find("WS2 9ZZ") is None


def test_bad_rows_are_listed_and_skipped(tmp_path: Path) -> None:
    bad = "WS1 1AC,10,abc,298688,,,,,,\nWS1 1AD,10,401400\nhere,10,1,1,,,,,,\n"

    index, report = read_postcodes([save(tmp_path, CODE_POINT + bad)])

    assert [(f.row, f.code, f.severity) for f in report.faults] == [
        (row, "bad-row", "warning") for row in (5, 6, 7)
    ]
    assert index.find("WS1 1AA") is not None


def test_file_without_postcodes_is_an_error(tmp_path: Path, only: Only) -> None:
    _, report = read_postcodes([save(tmp_path, "name,colour\na,b\n")])

    assert only(report, "missing-column").severity == "error"


def test_homes_by_postcode_keep_how_they_were_found(
    council: Any, tmp_path: Path, only: Only
) -> None:
    council.paths["postcodes"] = (
        save(tmp_path, CODE_POINT, "ws.csv"),
        save(tmp_path, OLD_ONSPD, "onspd.csv"),
    )
    for row, postcode in zip(council.rows["pupils"], ("WS1 1AA", "ws11xx", "WS1 1QQ"), strict=True):
        row.update(latitude="", longitude="", postcode=postcode)

    data = council.read()

    assert [pupil.home_quality for pupil in data.dataset.pupils] == [
        "postcode unit",
        "postcode terminated",
        "postcode sector",
    ]
    assert data.dataset.pupils[0].ward == "E05001316"
    assert "P3" in only(data.report, "postcode-sector-only").text
    assert "P2" in only(data.report, "postcode-terminated").text
    assert "WS1" not in str(data.report.to_rows())
    assert "Royal Mail" in data.dataset.attribution[0]


def test_home_in_no_postcode_file(council: Any, tmp_path: Path, only: Only) -> None:
    council.rows["pupils"][0].update(latitude="", longitude="", postcode="B1 1AA")

    assert only(council.read().report, "no-postcode-file").row == 2
    council.paths["postcodes"] = (save(tmp_path, CODE_POINT),)
    fault = only(council.read().report, "unknown-postcode")
    assert (fault.row, fault.severity) == (2, "error")
    assert "B1 1AA" not in str(fault)
