"""The demo borough's files: what the readers make of them, in which shares, and determinism."""

from __future__ import annotations

import csv
import shutil
from collections import Counter
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from data.demo import BoroughFiles, BoroughSizeError, PostcodesFileError, write_borough
from data.demo.anchors import BUNDLED_POSTCODES, read_anchors
from data.demo.assumptions import ASSUMPTIONS
from data.readers.council import CouncilData, read_council
from solver.domain import Dataset, VehicleType


def _list_bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_the_readers_find_nothing_wrong(council: CouncilData) -> None:
    assert council.report.faults == ()
    assert council.rate_card is not None
    assert council.rate_card.pa_grade == "assumed"
    assert {rates.grade for rates in council.rate_card.vehicles} == {"assumed"}


def test_it_is_synthetic_wherever_it_appears(borough: BoroughFiles, dataset: Dataset) -> None:
    assert dataset.is_synthetic
    for path in borough.readme.parent.iterdir():
        is_marked = path.name.startswith(("synthetic_", "README"))
        assert is_marked or path.name == "walsall_postcodes_cpo2025.csv", path.name
    assert borough.readme.read_text(encoding="utf-8").startswith("SYNTHETIC DATA")
    assert all("(fictional)" in school.name for school in dataset.schools)
    assert all("(fictional)" in route.operator for route in dataset.contract)
    assert all(pupil.reference.startswith("SYN-") for pupil in dataset.pupils)


def test_the_postcodes_keep_their_attribution(borough: BoroughFiles, dataset: Dataset) -> None:
    text = borough.readme.read_text(encoding="utf-8")
    for holder in ("OS data", "Royal Mail data", "National Statistics data"):
        assert f"Contains {holder} © " in text
        assert any(holder in line for line in dataset.attribution)
    assert "Open Government Licence" in text


def test_homes_are_real_postcodes_each_once(dataset: Dataset) -> None:
    assert {pupil.home_quality for pupil in dataset.pupils} == {"postcode unit"}
    siblings = sum(bool(pupil.must_share) for pupil in dataset.pupils)
    assert len({pupil.home for pupil in dataset.pupils}) >= len(dataset.pupils) - siblings


def test_the_school_year_has_190_days(dataset: Dataset) -> None:
    assert len(dataset.calendar.open_days) == 190
    assert all(day.weekday() < 5 for day in dataset.calendar.open_days)
    assert str(dataset.calendar.open_days[0]) == "2026-09-07"


def test_schools_in_and_around_the_borough(borough: BoroughFiles, dataset: Dataset) -> None:
    assert 27 <= len(dataset.schools) <= 33
    bells = [bell for school in dataset.schools for bell in school.am_bell_s if bell is not None]
    assert min(bells) >= 8.5 * 3600
    assert max(bells) <= 9.5 * 3600
    finishes = [school.pm_finish_s[0] or 0 for school in dataset.schools]
    assert min(finishes) >= 14.75 * 3600
    assert max(finishes) <= 16 * 3600
    early = [s for s in dataset.schools if (s.pm_finish_s[4] or 0) < (s.pm_finish_s[0] or 0)]
    assert 2 <= len(early) <= 15
    assert sum(bool(school.closed_days) for school in dataset.schools) >= 5
    days = set(dataset.calendar.open_days)
    assert all(set(school.closed_days) <= days for school in dataset.schools)


def test_at_least_five_schools_are_out_of_the_borough(dataset: Dataset) -> None:
    homes = np.array([pupil.home for pupil in dataset.pupils])
    scale = np.array([111_195.0, 67_500.0])
    away_m = [
        float(np.hypot(*((homes - np.array(school.point)) * scale).T).min())
        for school in dataset.schools
    ]
    assert sum(metres > 1500 for metres in away_m) >= 5
    assert sum(metres < 800 for metres in away_m) >= 15


def test_needs_are_in_their_proportions(dataset: Dataset) -> None:
    count = len(dataset.pupils)
    assert count == 450
    mobility = Counter(pupil.mobility for pupil in dataset.pupils)
    # Surrey: 7 % of 450 = 31.5, rounded to the even 32.
    assert mobility["wheelchair"] == 32
    assert mobility["transfer"] == 14
    phases = Counter(pupil.phase for pupil in dataset.pupils)
    # Walsall: 97 of 626 were post-16: 69.7 of 450.
    assert phases["post-16"] == 70
    assistants = Counter(pupil.assistant for pupil in dataset.pupils)
    assert assistants["none"] > assistants["shared"] > assistants["dedicated"] > 10
    may_share = [pupil for pupil in dataset.pupils if pupil.may_share_assistant]
    assert may_share
    assert {pupil.assistant for pupil in may_share} == {"dedicated"}


@pytest.mark.parametrize(
    ("what", "least", "most"),
    [
        ("solo", 15, 30),
        ("keep apart", 6, 20),
        ("siblings", 4, 20),
        ("part week", 15, 40),
        ("second address", 10, 25),
        ("tags", 50, 130),
        ("own school only", 8, 20),
        ("mornings only", 3, 12),
    ],
)
def test_there_is_some_of_everything(dataset: Dataset, what: str, least: int, most: int) -> None:
    counts = Counter[str]()
    for pupil in dataset.pupils:
        counts["solo"] += pupil.is_solo
        counts["keep apart"] += bool(pupil.must_not_share)
        counts["siblings"] += bool(pupil.must_share)
        counts["part week"] += 0 < pupil.weekdays_am.bit_count() < 5
        counts["second address"] += bool(pupil.other_addresses)
        counts["tags"] += bool(pupil.tags)
        counts["own school only"] += pupil.bars_mixed_schools
        counts["mornings only"] += pupil.weekdays_pm == 0
    assert least <= counts[what] <= most


def test_published_shares_of_kinds_of_school(borough: BoroughFiles, dataset: Dataset) -> None:
    kind_of = {school.urn: school.name.split()[1:-1] for school in dataset.schools}
    under_16 = [pupil for pupil in dataset.pupils if pupil.phase != "post-16"]
    counts = Counter(" ".join(kind_of[pupil.school_urn]) for pupil in under_16)
    shares = {kind: number / len(under_16) for kind, number in counts.items()}
    # DfE: 60 % state special, 15 % independent special, 11 % secondary, 9 % primary, 5 % AP.
    assert shares == pytest.approx(
        {
            "School": 0.60,
            "House School": 0.15,
            "Academy": 0.11,
            "Primary School": 0.09,
            "Learning Centre": 0.05,
        },
        abs=0.03,
    )


def test_every_assumption_has_a_grade_and_a_source(borough: BoroughFiles) -> None:
    with borough.assumptions.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["name"] for row in rows] == [item.name for item in ASSUMPTIONS]
    assert {row["grade"] for row in rows} == {"sourced", "derived", "assumed"}
    assert all(row["source"] and row["unit"] for row in rows)


def test_the_same_seed_gives_the_same_bytes(borough: BoroughFiles, tmp_path: Path) -> None:
    write_borough(tmp_path / "again")
    assert _list_bytes(tmp_path / "again") == _list_bytes(borough.readme.parent)


def test_another_seed_gives_another_borough_on_the_same_postcodes(
    borough: BoroughFiles, tmp_path: Path
) -> None:
    write_borough(tmp_path, seed=7)
    other, first = _list_bytes(tmp_path), _list_bytes(borough.readme.parent)
    same = {name for name in other if other[name] == first[name]}
    assert same == {
        "synthetic_assumptions.csv",
        "synthetic_calendar.csv",
        "synthetic_rate_card.csv",
        "synthetic_vehicles.csv",
        "walsall_postcodes_cpo2025.csv",
    }


def test_own_postcodes_are_taken_and_copied(tmp_path: Path) -> None:
    rows = BUNDLED_POSTCODES.read_text(encoding="utf-8").splitlines(keepends=True)
    own = tmp_path / "own.csv"
    own.write_text("".join([rows[0], *rows[1::2]]), encoding="utf-8")
    files = write_borough(tmp_path / "out", pupils=60, postcodes=own)
    data = read_council(files.council, name="half", is_synthetic=True)
    assert not data.report.is_fatal
    assert files.council.postcodes == (tmp_path / "out" / "own.csv",)
    assert files.council.postcodes[0].read_bytes() == own.read_bytes()
    assert "own.csv" in files.readme.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "0 postcodes of homes"),
        ("reference,school\n1,2\n", "not Code-Point Open with headers"),
        (b"\xff\xfe\x00", "not Code-Point Open with headers"),
        (None, "cannot be opened"),
    ],
)
def test_a_postcodes_file_that_is_none_is_refused(
    tmp_path: Path, content: str | bytes | None, problem: str
) -> None:
    path = tmp_path / "own.csv"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(PostcodesFileError, match=rf"own\.csv: .*{problem}"):
        write_borough(tmp_path / "out", postcodes=path)


def test_writing_over_an_earlier_borough_replaces_it(tmp_path: Path) -> None:
    write_borough(tmp_path / "a", pupils=60)
    write_borough(tmp_path / "b", pupils=50)
    shutil.copytree(tmp_path / "a", tmp_path / "c")
    write_borough(tmp_path / "c", pupils=50)
    assert _list_bytes(tmp_path / "c") == _list_bytes(tmp_path / "b")


@pytest.mark.parametrize("pupils", [0, 49, 20_001])
def test_sizes_out_of_range_are_refused(tmp_path: Path, pupils: int) -> None:
    with pytest.raises(BoroughSizeError, match=r"50 to 20,000 pupils"):
        write_borough(tmp_path / "none", pupils=pupils)
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("pupils", "fewest_schools", "most_schools"), [(50, 6, 12), (2000, 60, 90)]
)
def test_smaller_and_larger_boroughs_are_whole(
    tmp_path: Path, pupils: int, fewest_schools: int, most_schools: int
) -> None:
    files = write_borough(tmp_path, pupils=pupils)
    data = read_council(files.council, name="other size", is_synthetic=True)
    assert data.report.faults == ()
    assert data.dataset is not None
    assert len(data.dataset.pupils) == pupils
    assert fewest_schools <= len(data.dataset.schools) <= most_schools
    riders = [rider for route in data.dataset.contract for rider in route.am_pupils]
    assert sorted(riders) == sorted(pupil.reference for pupil in data.dataset.pupils)
    year = sum(route.daily_price for route in data.dataset.contract) * 190
    assert Decimal(3500) < year / pupils < Decimal(6500)


def test_more_pupils_than_postcodes_live_near_them(tmp_path: Path) -> None:
    files = write_borough(tmp_path, pupils=6000)
    data = read_council(files.council, name="large", is_synthetic=True)
    assert data.report.faults == ()
    assert data.dataset is not None
    quality = Counter(pupil.home_quality for pupil in data.dataset.pupils)
    homes = int(read_anchors(BUNDLED_POSTCODES).is_home.sum())
    assert quality["postcode unit"] == pytest.approx(homes, abs=60)
    assert quality["point given"] == pytest.approx(6000 - homes, abs=60)


def test_vehicles_can_carry_every_need(dataset: Dataset) -> None:
    def suits(vehicle: VehicleType, tags: tuple[str, ...], *, needs_bay: bool) -> bool:
        has_bay = vehicle.has_lift and any(layout.bays for layout in vehicle.layouts)
        return set(tags) <= set(vehicle.tags) and (has_bay or not needs_bay)

    for pupil in dataset.pupils:
        needs_bay = pupil.mobility == "wheelchair"
        assert any(
            suits(vehicle, pupil.tags, needs_bay=needs_bay) for vehicle in dataset.vehicle_types
        )
