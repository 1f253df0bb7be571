"""Templates to download and the guide's tables, made from what drives the reader."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from data.faults import Fault, FaultReport
from data.readers import (
    CouncilFiles,
    FileKind,
    UnknownFileKindError,
    check_file,
    list_file_kinds,
    read_council,
)
from data.templates import write_guide_tables, write_template

Only = Callable[[FaultReport, str], Fault]
KINDS = [kind.name for kind in list_file_kinds()]
GUIDE = Path(__file__).resolve().parents[4] / "docs" / "guide" / "your-data.md"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_untouched_template_is_read_and_its_examples_are_skipped(
    tmp_path: Path, kind: str, form: str
) -> None:
    path = write_template(kind, tmp_path / f"{kind}.{form}")

    report = check_file(kind, path)

    assert {fault.code for fault in report.faults} == {"example-row", "no-rows"}


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_every_example_is_sound_once_it_is_no_longer_marked(tmp_path: Path, form: str) -> None:
    """The examples belong together: taken as real rows they make a council of one pupil."""
    paths: dict[str, Path] = {}
    for kind in KINDS:
        template = write_template(kind, tmp_path / f"{kind}.{form}")
        cells = _read_cells(template)
        paths[kind] = tmp_path / f"{kind}_filled.csv"
        with paths[kind].open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows(
                [cell.replace("EXAMPLE", "Sample") for cell in row] for row in cells
            )

    data = read_council(CouncilFiles.from_mapping(paths), name="Samples")

    assert {fault.code for fault in data.report.faults} <= {"unusual-year"}
    assert data.dataset is not None
    assert [pupil.reference for pupil in data.dataset.pupils] == ["Sample-1"]
    assert data.dataset.contract[0].am_pupils == ("Sample-1",)


def _read_cells(path: Path) -> list[list[str]]:
    if path.suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as stream:
            return list(csv.reader(stream))
    rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    return [[str(cell) for cell in row] for row in rows]


@pytest.mark.parametrize("kind", list_file_kinds(), ids=KINDS)
def test_template_has_every_column_and_says_what_it_means(tmp_path: Path, kind: FileKind) -> None:
    names = [column.name for column in kind.columns]

    in_csv = _read_cells(write_template(kind.name, tmp_path / "template.csv"))
    workbook = write_template(kind.name, tmp_path / "template.xlsx")
    notes = CalamineWorkbook.from_path(workbook).get_sheet_by_name("Notes").to_python()

    assert in_csv[0] == names
    assert in_csv[1][0].startswith("# ")
    assert _read_cells(workbook)[0] == names
    assert [row[0] for row in notes[1:]] == names
    for column, said in zip(kind.columns, in_csv[1], strict=True):
        assert column.meaning in said
        assert column.written_as in said


@pytest.mark.parametrize("kind", KINDS)
def test_workbook_template_holds_no_formula(tmp_path: Path, kind: str) -> None:
    path = write_template(kind, tmp_path / "template.xlsx")

    with zipfile.ZipFile(path) as archive:
        sheets = [n for n in archive.namelist() if n.startswith("xl/worksheets/sheet")]
        assert len(sheets) == 2
        assert not any(b"<f" in archive.read(name) for name in sheets)


def test_same_template_twice_is_the_same_csv(tmp_path: Path) -> None:
    one = write_template("pupils", tmp_path / "one.csv").read_bytes()
    assert write_template("pupils", tmp_path / "two.csv").read_bytes() == one


def test_no_template_of_a_published_file(tmp_path: Path) -> None:
    with pytest.raises(UnknownFileKindError, match="gias"):
        write_template("gias", tmp_path / "gias.csv")


def test_guide_has_the_columns_as_they_are_read() -> None:
    guide = GUIDE.read_text(encoding="utf-8")

    assert write_guide_tables(guide) == guide, (
        "the guide is out of date: python -m data.templates docs/guide/your-data.md"
    )
    for kind in list_file_kinds():
        for column in kind.columns:
            assert f"| `{column.name}` |" in guide


def test_guide_without_its_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="marks"):
        write_guide_tables("# A guide without tables\n")
