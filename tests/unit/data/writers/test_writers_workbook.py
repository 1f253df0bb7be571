import io
import re
import zipfile
from datetime import time
from decimal import Decimal

import pytest
from python_calamine import CalamineWorkbook

from data.writers import Column, ExportError, Table, build_workbook, write_workbook


def read_sheet(content: bytes, name: str) -> list[list[object]]:
    return CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_name(name).to_python()


def part(content: bytes, name: str) -> str:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(name).decode()


@pytest.fixture
def content(routes, about) -> bytes:
    return build_workbook([routes], about)


def test_every_value_comes_back(content):
    rows = read_sheet(content, "Routes - today's contract")
    assert rows[3][:4] == ["Route", "First pick-up", "Pupils", "Miles (a day)"]
    assert rows[4] == ["R001", time(7, 5), 4.0, 18.25, 41.5, 0.5, 21400.1]
    assert rows[6] == ["R003", "", "", "", "", "", -0.3]
    assert rows[7] == ["Total", "", 6.0, 25.75, "", "", 30400.0]


def test_nothing_in_it_is_a_formula(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sheets = [name for name in archive.namelist() if name.startswith("xl/worksheets/sheet")]
        assert len(sheets) == 2
        assert not any(b"<f>" in archive.read(name) for name in sheets)
    assert read_sheet(content, "Routes - today's contract")[5][0] == "=1+1"


@pytest.mark.parametrize("text", ["=1+1", "+44 20", "-5", "@SUM(A1)", "{=1}", "0012", "http://x.y"])
def test_text_stays_as_it_is(text, about):
    table = Table("Texts", (Column("What"),), ((text,),))
    built = build_workbook([table], about)
    assert read_sheet(built, "Texts")[4][0] == text
    assert "hyperlink" not in part(built, "xl/worksheets/sheet2.xml")


def test_the_cover_says_what_whose_and_that_it_is_synthetic(content, about):
    words = [str(cell) for row in read_sheet(content, "About") for cell in row]
    assert words[0] == "Four policies compared"
    assert any("1 September 2026" in word for word in words)
    assert any(word.startswith("Synthetic data") for word in words)
    assert about.attribution[0] in words
    assert "Savings are illustrative: the rate card is assumed." in words
    assert "Routes - today's contract" in words


def test_every_sheet_says_that_it_is_synthetic(content):
    assert any(
        str(cell).startswith("Synthetic data")
        for row in read_sheet(content, "Routes - today's contract")
        for cell in row
    )
    assert "Synthetic data" in part(content, "xl/worksheets/sheet2.xml")  # the printed footer


def test_the_header_is_frozen_filtered_and_money_has_pounds(content):
    sheet = part(content, "xl/worksheets/sheet2.xml")
    assert re.search(r'<pane [^>]*ySplit="4"[^>]*state="frozen"', sheet)
    assert '<autoFilter ref="A4:G7"/>' in sheet  # the totals stay outside the filter
    assert "£#,##0.00" in part(content, "xl/styles.xml")


def test_the_same_tables_give_the_same_bytes(routes, about, content):
    assert build_workbook([routes], about) == content


def test_sheet_names_are_allowed_and_differ(about):
    titles = ["Costs: line by line, every route and assistant", "Costs: line by line, every route!"]
    titles += ["about", "[]", "'", "CON/x*?"]
    built = build_workbook([Table(title, (Column("a"),), ()) for title in titles], about)
    names = CalamineWorkbook.from_filelike(io.BytesIO(built)).sheet_names
    assert len({name.casefold() for name in names}) == len(titles) + 1
    assert all(0 < len(name) <= 31 and not set(name) & set("[]:*?/\\") for name in names)


def test_metrics_down_the_side_are_formatted_row_by_row(about):
    table = Table(
        "Comparison",
        (Column("Metric"), Column("Today")),
        (("Cost", Decimal("2000000.5")), ("Over the cap", 0.25), ("First", 7 * 3600)),
        row_columns=(
            Column("", kind="money"),
            Column("", kind="percent"),
            Column("", kind="time"),
        ),
    )
    rows = read_sheet(build_workbook([table], about), "Comparison")
    assert [row[1] for row in rows[4:7]] == [2000000.5, 0.25, time(7, 0)]


def test_a_folder_is_made_and_a_failure_leaves_the_old_file(tmp_path, routes, about, monkeypatch):
    path = tmp_path / "out" / "plan.xlsx"
    write_workbook(path, [routes], about)
    before = path.read_bytes()

    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("data.writers.files.os.replace", refuse)
    with pytest.raises(ExportError, match=r"plan\.xlsx could not be written.*No space left"):
        write_workbook(path, [routes, routes], about)
    assert path.read_bytes() == before
    assert [item.name for item in path.parent.iterdir()] == ["plan.xlsx"]


def test_more_rows_than_a_sheet_holds_are_refused(about, monkeypatch):
    monkeypatch.setattr("data.writers.workbook._MOST_ROWS", 2)
    table = Table("Long", (Column("a"),), (("x",), ("y",), ("z",)))
    with pytest.raises(ExportError, match="'Long' has 3 rows"):
        build_workbook([table], about)


def test_no_absolute_path_is_inside(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        texts = b"".join(archive.read(name) for name in archive.namelist())
    assert not re.search(rb"/(home|root|tmp|work|Users)/", texts)
