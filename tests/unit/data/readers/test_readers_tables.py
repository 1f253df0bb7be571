"""Files as files: size, encoding, cut ends, workbooks that mean harm, formulas."""

from __future__ import annotations

import datetime
import struct
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from data.faults import Fault, FaultLog, FaultReport
from data.readers import check_file, read_council
from data.readers.tables import FileLimits, RawTable, read_table

Only = Callable[[FaultReport, str], Fault]

HEADER = "code,name,layouts,lift"


def read(path: Path, limits: FileLimits | None = None) -> tuple[RawTable | None, FaultReport]:
    log = FaultLog(path.name)
    table = read_table(path, log, limits or FileLimits())
    return table, log.to_report()


def save(folder: Path, content: str | bytes, name: str = "vehicles.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def save_workbook(folder: Path, rows: list[list[Any]], name: str = "vehicles.xlsx") -> Path:
    path = folder / name
    with xlsxwriter.Workbook(str(path)) as workbook:
        sheet = workbook.add_worksheet("Export")
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return path


def test_rows_keep_their_numbers_past_blank_rows_and_remarks(tmp_path: Path) -> None:
    path = save(tmp_path, f'{HEADER}\n\n# all ours,,,\n T1 ,"Taxi\nlarge", 4 ,no\n')

    table, report = read(path)

    assert table is not None
    assert table.rows == (
        (1, ["code", "name", "layouts", "lift"]),
        (4, ["T1", "Taxi\nlarge", "4", "no"]),
    )
    assert report.faults == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_utf8_with_or_without_bom_and_windows_encoding(tmp_path: Path, encoding: str) -> None:
    path = save(tmp_path, f"{HEADER}\nT1,Café £5,4,no\n".encode(encoding))

    table, report = read(path)

    assert table is not None
    assert table.rows[0][1][0] == "code"
    assert table.rows[1][1][1] == "Café £5"
    assert report.faults == ()


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separator_is_found(tmp_path: Path, separator: str) -> None:
    path = save(tmp_path, f"{HEADER}\nT1,Taxi,4,no\n".replace(",", separator))

    table, _ = read(path)

    assert table is not None
    assert table.rows[1][1] == ["T1", "Taxi", "4", "no"]


@pytest.mark.parametrize(
    ("content", "row"),
    [
        (f"{HEADER}\nT1,Taxi,4,no\n".encode("utf-16"), None),
        (f"{HEADER}\nT1,Taxi,4,no\n".encode("utf-16-le"), 1),
        (f"{HEADER}\nT1,Caf".encode() + b"\x81,4,no\n", 2),
        (f"{HEADER}\nT1,Café,4,no\nT2,Caf".encode() + b"\xe9,4,no\n", 3),
    ],
)
def test_wrong_encoding(tmp_path: Path, only: Only, content: bytes, row: int | None) -> None:
    report = check_file("vehicles", save(tmp_path, content))

    fault = only(report, "wrong-encoding")
    assert fault.severity == "error"
    if row is not None:
        assert fault.row == row


@pytest.mark.parametrize("content", [b"", b"\n \n\r\n", b"\xef\xbb\xbf", b",,,\n,,,\n"])
def test_empty_file(tmp_path: Path, only: Only, content: bytes) -> None:
    report = check_file("vehicles", save(tmp_path, content))

    assert only(report, "empty-file").severity == "error"


@pytest.mark.parametrize(
    ("content", "row"),
    [
        (f"{HEADER}\nT1,Taxi,4,no\nT2,Mini", 3),
        (f'{HEADER}\nT1,Taxi,4,no\nT2,"Minibus with', 3),
        (f"{HEADER}\nT1,Taxi,4,no\nT2,Caf".encode() + b"\xc3", 3),
    ],
)
def test_truncated_file(tmp_path: Path, only: Only, content: str | bytes, row: int) -> None:
    report = check_file("vehicles", save(tmp_path, content))

    assert only(report, "truncated-file").row == row
    assert report.is_fatal


def test_huge_csv_is_refused_before_it_is_read(tmp_path: Path, only: Only) -> None:
    path = save(tmp_path, HEADER)
    with path.open("r+b") as stream:
        stream.truncate(50_000_001)

    started = time.perf_counter()
    report = check_file("vehicles", path)

    assert only(report, "file-too-large").severity == "error"
    assert time.perf_counter() - started < 0.5


def test_too_many_rows_or_columns(tmp_path: Path, only: Only) -> None:
    rows = save(tmp_path, "a\n" * 50)
    columns = save(tmp_path, "a," * 50, "wide.csv")

    assert only(read(rows, FileLimits(rows=20))[1], "file-too-large").row == 22
    assert only(read(columns, FileLimits(columns=20))[1], "file-too-large").row == 1


def test_short_and_long_rows_are_named(tmp_path: Path, only: Only) -> None:
    report = check_file(
        "vehicles", save(tmp_path, f"{HEADER}\nT1,Taxi\nT2,Bus, large,16,no\nT3,Car,4,no,,\n")
    )

    assert only(report, "short-row").row == 2
    assert only(report, "long-row").row == 3
    assert len(report.errors) == 2


@pytest.mark.parametrize("cell", ["=1+1", "+cmd|'/c calc'!A0", "-2+3+cmd", "@SUM(A1)", "\t=1"])
def test_formula_in_a_csv_cell(tmp_path: Path, only: Only, cell: str) -> None:
    report = check_file("vehicles", save(tmp_path, f"{HEADER}\nT1,{cell},4,no\n"))

    fault = only(report, "formula")
    assert (fault.row, fault.column, fault.severity) == (2, "name", "error")
    assert cell not in str(fault)


def test_signed_numbers_and_dashes_are_no_formulas(council: Any) -> None:
    council.rows["pupils"][0].update(longitude="-1.9813", weekdays_am="-TWT-", weekdays_pm="-")

    pupil = council.read().dataset.pupils[0]

    assert (pupil.weekdays_am, pupil.weekdays_pm) == (0b01110, 0)


def test_spreadsheet_error_is_not_taken_for_text(tmp_path: Path, only: Only) -> None:
    report = check_file("vehicles", save(tmp_path, f"{HEADER}\nT1,#REF!,4,no\n"))

    assert only(report, "formula").column == "name"


def test_workbook_gives_the_same_as_csv(council: Any, tmp_path: Path) -> None:
    files = council.write()
    as_csv = read_council(files, name="A").dataset
    paths = {}
    for kind, rows in council.rows.items():
        header = list(dict.fromkeys(key for row in rows for key in row))
        cells = [[_typed(row.get(key, "")) for key in header] for row in rows]
        paths[kind] = save_workbook(tmp_path, [header, *cells], f"{kind}.csv")  # by content

    as_workbook = read_council(type(files).from_mapping(paths), name="A").dataset

    assert as_workbook == as_csv


def _typed(text: str) -> Any:
    """What a council's own workbook holds: numbers as numbers, not as text."""
    try:
        return float(text)
    except ValueError:
        return text


def test_workbook_times_and_dates_by_their_format(tmp_path: Path) -> None:
    path = tmp_path / "schools.xlsx"
    with xlsxwriter.Workbook(str(path)) as workbook:
        clock = workbook.add_format({"num_format": "hh:mm"})
        day = workbook.add_format({"num_format": "dd/mm/yyyy"})
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, ["URN", "Start time", "Finish", "INSET days", "Lift"])
        sheet.write_row(1, 0, [100001])
        sheet.write_datetime(1, 1, datetime.time(8, 45), clock)
        sheet.write_number(1, 2, 0.635416666666667)  # 15:15 as a fraction of a day, unformatted
        sheet.write_datetime(1, 3, datetime.datetime(2027, 1, 4), day)
        sheet.write_boolean(1, 4, True)

    table, report = read(path)

    assert report.faults == ()
    assert table is not None
    assert table.rows[1] == (2, ["100001", "08:45:00", "0.635416666666667", "2027-01-04", "yes"])
    assert [f.code for f in check_file("schools", path).faults] == ["unknown-column"]


def test_formula_in_a_workbook_names_its_cell(tmp_path: Path, only: Only) -> None:
    path = tmp_path / "vehicles.xlsx"
    with xlsxwriter.Workbook(str(path)) as workbook:
        workbook.add_worksheet("Empty")
        sheet = workbook.add_worksheet("Fleet")
        sheet.write_row(0, 0, ["code", "name", "layouts"])
        sheet.write_row(1, 0, ["T1", "Taxi"])
        sheet.write_formula(1, 2, "=2+2", None, 4)

    report = check_file("vehicles", path)

    fault = only(report, "formula")
    assert fault.row == 2
    assert "C2" in fault.text
    assert fault.severity == "error"


def test_many_formulas_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "vehicles.xlsx"
    with xlsxwriter.Workbook(str(path)) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, ["code", "layouts"])
        for row in range(1, 61):
            sheet.write_string(row, 0, f"T{row}")
            sheet.write_formula(row, 1, "=2+2", None, 4)

    faults = [fault for fault in check_file("vehicles", path).faults if fault.code == "formula"]

    assert len(faults) == 51
    assert any("10 more" in fault.text for fault in faults)


def test_hidden_sheet_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "vehicles.xlsx"
    with xlsxwriter.Workbook(str(path)) as workbook:
        hidden, shown = workbook.add_worksheet(), workbook.add_worksheet()
        hidden.write_row(0, 0, ["old", "old"])
        hidden.hide()
        shown.activate()
        shown.set_first_sheet()
        shown.write_row(0, 0, ["code", "layouts"])

    table, _ = read(path)

    assert table is not None
    assert table.rows == ((1, ["code", "layouts"]),)


def test_broken_and_foreign_files(tmp_path: Path, only: Only) -> None:
    whole = save_workbook(tmp_path, [["code", "layouts"], ["T1", "4"]]).read_bytes()
    cut = save(tmp_path, whole[: len(whole) // 2], "cut.xlsx")
    other = tmp_path / "other.xlsx"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("readme.txt", "not a workbook")
    old = save(tmp_path, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old.xls")

    assert only(check_file("vehicles", cut), "broken-xlsx").file == "cut.xlsx"
    assert only(check_file("vehicles", other), "broken-xlsx").file == "other.xlsx"
    assert only(check_file("vehicles", old), "old-or-locked-excel").file == "old.xls"


SHEET = (
    '<?xml version="1.0"?>{doctype}<worksheet '
    'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{rows}'
    "</sheetData></worksheet>"
)


def replace_parts(path: Path, parts: dict[str, str | bytes]) -> Path:
    """Write a workbook beside `path` with some of its parts replaced or added."""
    changed = path.with_name("changed.xlsx")
    with (
        zipfile.ZipFile(path) as source,
        zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            if name not in parts:
                target.writestr(name, source.read(name))
        for name, content in parts.items():
            target.writestr(name, content)
    return changed


def refuse_quickly(path: Path) -> FaultReport:
    started = time.perf_counter()
    report = check_file("vehicles", path)
    seconds = time.perf_counter() - started
    assert report.is_fatal
    assert seconds < 0.8, f"took {seconds:.2f} s to refuse"
    return report


def test_bomb_that_states_its_size(tmp_path: Path, only: Only) -> None:
    path = save_workbook(tmp_path, [["code", "layouts"]])
    bomb = replace_parts(path, {"xl/worksheets/sheet1.xml": b" " * 150_000_000})

    assert bomb.stat().st_size < 400_000
    only(refuse_quickly(bomb), "xlsx-too-large")


def test_bomb_below_the_size_but_of_extreme_ratio(tmp_path: Path, only: Only) -> None:
    path = save_workbook(tmp_path, [["code", "layouts"]])
    bomb = replace_parts(path, {"xl/worksheets/sheet1.xml": b" " * 20_000_000})

    assert "times" in only(refuse_quickly(bomb), "xlsx-too-large").text


def test_bomb_that_states_a_smaller_size(tmp_path: Path) -> None:
    path = save_workbook(tmp_path, [["code", "layouts"]])
    bomb = replace_parts(path, {"xl/worksheets/sheet1.xml": b" " * 150_000_000})
    stated, lie = struct.pack("<I", 150_000_000), struct.pack("<I", 1_000)
    bomb.write_bytes(bomb.read_bytes().replace(stated, lie))

    tracemalloc.start()
    try:
        report = refuse_quickly(bomb)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert {fault.code for fault in report.faults} <= {"broken-xlsx", "unsafe-xlsx"}
    assert peak_bytes < 10_000_000


def test_archive_of_too_many_parts(tmp_path: Path, only: Only) -> None:
    path = tmp_path / "many.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(20_000):
            archive.writestr(f"xl/{number}.xml", "")

    assert "parts" in only(refuse_quickly(path), "xlsx-too-large").text


@pytest.mark.parametrize(("row", "column"), [(1048576, "XFD"), (150_000, "KA")])
def test_sheet_whose_far_corner_would_fill_the_memory(
    tmp_path: Path, only: Only, row: int, column: str
) -> None:
    path = save_workbook(tmp_path, [["code", "layouts"]])
    rows = f'<row r="1"><c r="A1"/></row><row r="{row}"><c r="{column}{row}"/></row>'
    wide = replace_parts(path, {"xl/worksheets/sheet1.xml": SHEET.format(doctype="", rows=rows)})

    only(refuse_quickly(wide), "xlsx-too-large")


def test_long_text_shown_in_very_many_cells(tmp_path: Path, only: Only) -> None:
    path = save_workbook(tmp_path, [["code", "layouts"]])
    strings = f"<sst><si><t>{'ab' * 16_000}</t></si></sst>"
    cells = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(1, 5000))
    bomb = replace_parts(
        path,
        {
            "xl/sharedStrings.xml": strings,
            "xl/worksheets/sheet1.xml": SHEET.format(doctype="", rows=cells),
        },
    )

    assert "characters" in only(refuse_quickly(bomb), "xlsx-too-large").text


def test_entities_in_a_sheet(tmp_path: Path, only: Only) -> None:
    path = save_workbook(tmp_path, [["code", "layouts"]])
    doctype = '<!DOCTYPE w [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'
    rows = '<row r="1"><c r="A1" t="str"><v>&b;</v></c></row>'
    bomb = replace_parts(
        path, {"xl/worksheets/sheet1.xml": SHEET.format(doctype=doctype, rows=rows)}
    )

    only(refuse_quickly(bomb), "unsafe-xlsx")


def test_workbook_larger_than_the_limit(tmp_path: Path, only: Only) -> None:
    path = save(tmp_path, b"PK\x03\x04", "large.xlsx")
    with path.open("r+b") as stream:
        stream.truncate(10_000_001)

    only(refuse_quickly(path), "xlsx-too-large")


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_twenty_thousand_pupils_within_ten_seconds(council: Any, tmp_path: Path, form: str) -> None:
    council.rows["pupils"] = [
        {
            "reference": f"P{number}",
            "school_urn": f"90000{number % 2 + 1}",
            "easting": str(400_000 + number % 977),
            "northing": str(298_000 + number % 991),
            "school_year": str(number % 15 - 1),
            "mobility": ("seat", "wheelchair", "transfer")[number % 3],
            "assistant": ("none", "shared", "dedicated")[number % 3],
            "tags": "harness;booster",
            "solo": "no",
            "weekdays_am": "MTWTF",
            "weekdays_pm": "Mon;Tue;Wed",
            "party_size": "1",
            "entitled": "yes",
            "need_group": "ASD",
            "ward": f"Ward {number % 20}",
        }
        for number in range(20_000)
    ]
    del council.rows["contract_pupils"]
    files = council.write()
    if form == "xlsx":
        rows = council.rows["pupils"]
        cells = [[_typed(value) for value in row.values()] for row in rows]
        save_workbook(tmp_path, [list(rows[0]), *cells], "pupils.csv")

    started = time.perf_counter()
    data = read_council(files, name="Large")
    seconds = time.perf_counter() - started

    assert len(data.dataset.pupils) == 20_000
    assert seconds < 10, f"took {seconds:.1f} s"


def test_error_value_in_a_workbook_names_its_cell(tmp_path: Path, only: Only) -> None:
    path = save_workbook(tmp_path, [["code", "layouts"]])
    rows = (
        '<row r="1"><c r="A1" t="str"><v>code</v></c><c r="B1" t="str"><v>layouts</v></c></row>'
        '<row r="2"><c r="A2" t="str"><v>T1</v></c><c r="B2" t="e"><v>#N/A</v></c></row>'
    )
    sheet = SHEET.format(doctype="", rows=rows)

    report = check_file("vehicles", replace_parts(path, {"xl/worksheets/sheet1.xml": sheet}))

    fault = only(report, "formula")
    assert (fault.row, fault.severity) == (2, "error")
    assert "B2" in fault.text


def test_windows_text_that_looks_a_little_like_utf8(tmp_path: Path) -> None:
    # In Windows encoding a capital E acute and a curly quote are C9 92, a letter in UTF-8; the
    # second row's E9 before a comma is none.
    text = f"{HEADER}\nT1,CAF\u00c9\u2019S TAXI,4,no\nT2,Caf\u00e9,4,no\n"
    path = save(tmp_path, text.encode("cp1252"))

    table, report = read(path)

    assert report.faults == ()
    assert table is not None
    assert [cells[1] for _, cells in table.rows[1:]] == ["CAF\u00c9\u2019S TAXI", "Caf\u00e9"]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(content=st.binary(max_size=400))
def test_any_bytes_give_rows_or_an_error(tmp_path_factory: Any, content: bytes) -> None:
    path = save(tmp_path_factory.getbasetemp(), HEADER.encode() + b"\n" + content, "any.csv")

    table, report = read(path)

    assert (table is None) == report.is_fatal


@settings(max_examples=150, deadline=None, derandomize=True)
@given(changes=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=6))
def test_workbook_with_altered_bytes_gives_rows_or_an_error(
    tmp_path_factory: Any, changes: list[tuple[int, int]]
) -> None:
    folder = tmp_path_factory.getbasetemp()
    content = bytearray(save_workbook(folder, [["code", "layouts"], ["T1", "4"]]).read_bytes())
    for place, value in changes:
        content[place % len(content)] = value
    path = save(folder, bytes(content), "altered.xlsx")

    table, report = read(path)

    assert table is not None or report.is_fatal


@pytest.mark.parametrize("encoding", ["UTF-7", "no-such", "UTF-16"])
def test_sheet_that_declares_another_encoding(tmp_path: Path, encoding: str) -> None:
    path = save_workbook(tmp_path, [["code", "layouts"]])
    sheet = SHEET.format(doctype="", rows="").replace('"1.0"', f'"1.0" encoding="{encoding}"')

    _, report = read(replace_parts(path, {"xl/worksheets/sheet1.xml": sheet}))

    assert {fault.code for fault in report.faults} == {"empty-file"}
