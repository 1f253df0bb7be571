"""`python -m solver solve`: accepted by the referee, the same to the byte, clear refusals."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from solver.__main__ import main
from tests.solver.builders import build_line_matrix, write_instance, write_line

ROOT = Path(__file__).resolve().parents[2]


def _call(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return _run("solve", *words)


def _run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "solver", *map(str, words)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.mark.parametrize(("size", "iterations"), [(60, 400), (150, 300), (500, 200), (1500, 60)])
def test_the_referee_accepts_the_plan(
    shared: Path, tmp_path: Path, size: int, iterations: int
) -> None:
    instance = shared / "reference" / "instances" / f"walsall_{size}_s1.json"
    plan = tmp_path / "plan.json"
    answer = _call(instance, "--iterations", str(iterations), "--seed", "1", "--out", plan)
    assert answer.returncode == 0, answer.stderr
    verdict = subprocess.run(
        [sys.executable, shared / "reference" / "referee.py", instance, plan],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert verdict.returncode == 0, verdict.stdout
    assert "violations 0" in verdict.stdout
    content = json.loads(plan.read_text())
    assert set(content) == {"runs", "cost", "lower_bound", "seconds", "seed"}
    assert content["lower_bound"] == 0.0
    assert content["seed"] == 1


def test_a_bound_is_proved_again_and_a_forged_one_is_not(tmp_path: Path) -> None:
    raw = write_line(9)
    raw["pupils"] = [pupil | {"point": i + 1} for i, pupil in enumerate(raw["pupils"])]
    written = write_instance(tmp_path, raw)
    plan = tmp_path / "plan.json"
    words = ("--iterations", "100", "--bound-seconds", "60", "--out", plan)
    answer = _call(written, *words)
    assert answer.returncode == 0, answer.stderr
    content = json.loads(plan.read_text())
    assert 0 < content["lower_bound"] <= content["cost"] + 0.01
    beside = tmp_path / "plan.duals.json"
    assert beside.exists()
    proved = _run("certify", written, plan)
    assert proved.returncode == 0, proved.stderr
    assert "proven" in proved.stdout
    forged = json.loads(beside.read_text())
    forged["duals"] = {pupil: 3 * dual for pupil, dual in forged["duals"].items()}
    beside.write_text(json.dumps(forged))
    plan.write_text(json.dumps(content | {"lower_bound": 3 * content["lower_bound"]}))
    refused = _run("certify", written, plan)
    assert refused.returncode == 1
    assert "NOT proven" in refused.stderr
    beside.unlink()
    missing = _run("certify", written, plan)
    assert missing.returncode == 2
    assert "plan.duals.json: cannot be read" in missing.stderr


def test_two_calls_write_the_same_bytes(shared: Path, tmp_path: Path) -> None:
    instance = shared / "reference" / "instances" / "walsall_60_s1.json"
    texts = []
    for name in ("one.json", "two.json"):
        answer = _call(instance, "--iterations", "300", "--seed", "7", "--out", tmp_path / name)
        assert answer.returncode == 0, answer.stderr
        content = json.loads((tmp_path / name).read_text())
        del content["seconds"]
        texts.append(json.dumps(content))
    assert texts[0] == texts[1]


# --- made-up instances and bad input --------------------------------------------------------------


def _try(path: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, Path]:
    """Exit status, what is said on stderr, and where the plan goes; within this process."""
    out = path.parent / "plan.json"
    capsys.readouterr()
    status = main(["solve", str(path), "--iterations", "20", "--out", str(out)])
    return status, capsys.readouterr().err, out


@pytest.mark.parametrize(
    ("pupils", "cost"),
    [
        (0, 0.0),
        # GBP 10 + 5 km + (60 + 300 + 60) s x 0.01
        (1, 19.20),
        # GBP 10 + 10 km + (60 + 300 + 60 + 300 + 60) s x 0.01
        (2, 27.80),
    ],
)
def test_few_pupils(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], pupils: int, cost: float
) -> None:
    status, said, out = _try(write_instance(tmp_path, write_line(pupils)), capsys)
    assert status == 0, said
    content = json.loads(out.read_text())
    assert content["cost"] == pytest.approx(cost)
    assert len(content["runs"]) == min(pupils, 1)


def _without(name: str) -> dict[str, Any]:
    raw = write_line()
    del raw[name]
    return raw


def _with(place: str, **changes: Any) -> dict[str, Any]:
    raw = write_line()
    raw[place][0] |= changes
    return raw


def _matrix(entry: int) -> np.ndarray:
    table = build_line_matrix(11).time_s.copy()
    table[10, :] = table[:, 10] = entry
    table[10, 10] = 0
    return table


BAD: dict[str, tuple[Any, Any, str]] = {
    "not JSON": ("{", None, "not JSON"),
    "another kind of JSON": ("[1, 2]", None, "reference format"),
    "a missing key": (_without("pupils"), None, "'pupils' is missing"),
    "a missing pupil's key": (_with("pupils", school="T"), None, "'T' is missing or unknown"),
    "an unknown assistant": (_with("pupils", pa="two"), None, "'two' is missing or unknown"),
    "text for a number": (_with("pupils", board_s="soon"), None, "reference format"),
    "a point that is not there": (_with("pupils", point=99), None, "not among the 11 stops"),
    "a matrix of another size": (write_line(), build_line_matrix(7).time_s, "two square arrays"),
    "a matrix that is not square": (write_line(), build_line_matrix(11).time_s[:, :9], "square"),
    "a matrix of fractions": (write_line(), np.full((11, 11), np.nan), "whole numbers"),
    "negative seconds": (write_line(), _matrix(-5), "negative"),
    "a hole on a pupil's only way": (write_line(), _matrix(2**31 - 1), "C1 no road leads"),
    "no vehicle type": (write_line() | {"vehicle_types": []}, None, "no vehicle type"),
    "no vehicle of the type": (_with("vehicle_types", count=0), None, "C11"),
    "no seat": (_with("vehicle_types", layouts=[]), None, "C6"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    raw, time_s, words = BAD[name]
    status, said, out = _try(write_instance(tmp_path, raw, time_s), capsys)
    assert status == 2
    assert words in said.splitlines()[-1]
    assert not out.exists()


def test_files_that_are_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, said, _ = _try(tmp_path / "nothing.json", capsys)
    assert (status, "nothing.json: cannot be read" in said) == (2, True)
    path = write_instance(tmp_path, write_line())
    (tmp_path / "time.npy").write_bytes(b"")
    status, said, _ = _try(path, capsys)
    assert (status, "time.npy cannot be read" in said) == (2, True)
    path = write_instance(tmp_path, write_line())
    (tmp_path / "plan.json").mkdir()
    status, said, _ = _try(path, capsys)
    assert (status, "plan.json: cannot be written" in said) == (2, True)


def test_the_command_says_what_is_wrong_and_nothing_else(tmp_path: Path) -> None:
    answer = _call(tmp_path / "nothing.json", "--iterations", "5", "--out", tmp_path / "p.json")
    assert answer.returncode == 2
    assert answer.stderr.startswith("solver: nothing.json: cannot be read")


@pytest.mark.parametrize("words", [[], ["--seconds", "0"], ["--seconds", "5", "--iterations", "5"]])
def test_a_limit_must_be_given_once(tmp_path: Path, words: list[str]) -> None:
    answer = _call(write_instance(tmp_path, write_line()), *words, "--out", tmp_path / "plan.json")
    assert answer.returncode == 2
    assert "usage" in answer.stderr
