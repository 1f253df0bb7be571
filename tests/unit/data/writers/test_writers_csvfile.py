import csv
import io

import pytest

from data.writers import Column, Table, build_csv, write_csv


def read(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))


def test_values_are_plain_and_headed_with_units(routes):
    rows = read(build_csv(routes))
    assert rows[0][3] == "Miles (a day)"
    assert rows[1] == ["R001", "07:05", "4", "18.25", "41.5", "0.5", "21400.10"]
    assert rows[3] == ["R003", "", "", "", "", "", "-0.30"]
    assert len(rows) == 4


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_text_that_could_be_a_formula_is_guarded(start):
    table = Table("t", (Column("a"), Column("b", kind="number")), ((f"{start}cmd", -1.5),))
    assert read(build_csv(table))[1] == [f"'{start}cmd", "-1.5"]


def test_quotes_commas_and_line_breaks_survive(tmp_path):
    awkward = 'St Anne\'s, "Upper"\r\nSchool'
    write_csv(tmp_path / "t.csv", Table("t", (Column("a"),), ((awkward,),)))
    content = (tmp_path / "t.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbfa\r\n")
    assert read(content) == [["a"], [awkward]]
