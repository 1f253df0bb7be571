"""Scenario files: those that come along are read; what is wrong is said with the file's name."""

from __future__ import annotations

from pathlib import Path

import pytest

from scenarios.definitions import DEMO_ORDER, FOLDER, list_definitions, read_definition
from scenarios.levers import LeverError


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "what-if.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def refuse(path: Path) -> tuple[str, ...]:
    with pytest.raises(LeverError) as refused:
        read_definition(path)
    return refused.value.faults


def test_every_file_that_comes_along_is_read_and_in_the_demo() -> None:
    assert {path.stem for path in FOLDER.glob("*.yaml")} == set(DEMO_ORDER)
    definitions = list_definitions()
    assert [d.name for d in definitions] == [
        "Single-school runs",
        "Re-optimised",
        "Ride limit 60",
        "Shared assistants",
    ]
    assert all(d.question.endswith("?") for d in definitions)
    kinds = [[lever.kind for lever in d.levers] for d in definitions]
    assert kinds == [["single_school_runs"], [], ["ride_limit"], ["share_assistants"]]
    assert definitions[2].levers[0].get("minutes") == 60
    assert definitions[2].raw_levers == ({"kind": "ride_limit", "minutes": 60},)


def test_unknown_and_missing_keys_are_named_with_the_file(tmp_path: Path) -> None:
    faults = refuse(write(tmp_path, "nam: What if\nlevers: []\n"))
    assert all(fault.startswith("what-if.yaml: ") for fault in faults)
    assert {fault.split(": ")[1] for fault in faults} == {"name", "nam"}


def test_wrong_levers_are_named_with_the_file(tmp_path: Path) -> None:
    text = "name: What if\nlevers:\n  - kind: ride_limit\n    minutes: 0\n  - kind: teleport\n"
    faults = refuse(write(tmp_path, text))
    assert len(faults) == 2
    assert faults[0].startswith("what-if.yaml: lever 1 (ride_limit): 'minutes' must be")
    assert faults[1].startswith("what-if.yaml: lever 2: unknown kind")


def test_settings_with_mixed_keys_are_named_with_the_file(tmp_path: Path) -> None:
    text = "name: W\nlevers:\n  - kind: policy\n    settings: {1: 2, turnaround_s: 900}\n"
    (fault,) = refuse(write(tmp_path, text))
    assert fault == "what-if.yaml: lever 1 (policy): 'settings' there is no policy setting 1"


@pytest.mark.parametrize(
    "content", [b"", b"levers", b"[1, 2]", b"name: 5\nlevers: {}\n", b"name: W\nlevers: [ride]\n"]
)
def test_file_of_another_shape_is_refused(tmp_path: Path, content: bytes) -> None:
    faults = refuse(write(tmp_path, content))
    assert faults
    assert all(fault.startswith("what-if.yaml: ") for fault in faults)


@pytest.mark.parametrize("content", [b"name: [", b"name: \xff\xfe", b"!!python/object:os.x {}"])
def test_what_is_no_yaml_is_refused(tmp_path: Path, content: bytes) -> None:
    assert refuse(write(tmp_path, content)) == ("what-if.yaml: cannot be read as YAML",)


def test_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert refuse(tmp_path / "none.yaml") == ("none.yaml: cannot be read as YAML",)
