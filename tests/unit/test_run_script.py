"""The entry script before there is any Python to test with: what it says, and what it leaves."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
TOOLS = (
    *("cat", "cksum", "date", "dirname", "find", "grep", "head", "ls", "mkdir", "rm", "sed", "sh"),
    *("sleep", "sort", "tail", "tr", "wc", "xargs"),
)


@pytest.fixture
def clone(tmp_path) -> Path:
    """A copy of the script and the locks, in a folder with a space in its name."""
    folder = tmp_path / "a clone"
    folder.mkdir()
    for name in ("run", "requirements.lock", "requirements-uv.lock"):
        shutil.copy(REPOSITORY / name, folder / name)
    (folder / "solver").mkdir()
    (folder / "solver" / "__init__.py").touch()
    return folder


@pytest.fixture
def bare_path(tmp_path) -> Path:
    """A search path with the tools of any POSIX system and nothing else."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found is not None
        (folder / tool).symlink_to(found)
    return folder


def start(script: Path, *arguments: str, path: str, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [shutil.which("sh") or "/bin/sh", str(script), *arguments],
        env={"PATH": path, "HOME": str(home)},
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_help_needs_no_set_up_and_names_every_verb(clone, bare_path, tmp_path):
    done = start(clone / "run", "help", path=str(bare_path), home=tmp_path)
    assert done.returncode == 0
    for verb in ("demo", "test", "serve", "worker", "setup", "lock"):
        assert f"./run {verb}" in done.stdout
    assert "untested" in done.stdout  # uv bringing a Python
    assert not (clone / ".venv").exists()


def test_without_python_it_says_what_to_install(clone, bare_path, tmp_path):
    done = start(clone / "run", "setup", path=str(bare_path), home=tmp_path)
    assert done.returncode == 1
    assert "no Python 3.12 or later" in done.stderr
    assert "apt-get install python3 python3-venv" in done.stderr
    assert not (clone / ".schoolrun" / "setup.lock").exists()


@pytest.mark.parametrize(
    ("status", "message"),
    [(4, "apt-get install python3-venv"), (3, "no Python 3.12 or later")],
    ids=["no venv module", "too old"],
)
def test_an_unfit_python_is_passed_over(status, message, clone, bare_path, tmp_path):
    shim = bare_path / "python3"
    shim.write_text(f"#!/bin/sh\nexit {status}\n")
    shim.chmod(0o755)
    done = start(clone / "run", "test", path=str(bare_path), home=tmp_path)
    assert done.returncode == 1
    assert message in done.stderr


def test_a_set_up_that_died_does_not_block_the_next(clone, bare_path, tmp_path):
    lock = clone / ".schoolrun" / "setup.lock"
    lock.mkdir(parents=True)
    ended = subprocess.Popen(["true"])
    ended.wait()
    (lock / "pid").write_text(str(ended.pid))
    done = start(clone / "run", "setup", path=str(bare_path), home=tmp_path)
    assert "no Python 3.12 or later" in done.stderr


def test_the_locks_pin_hashes_and_name_no_address():
    for name in ("requirements.lock", "requirements-uv.lock"):
        text = (REPOSITORY / name).read_text()
        assert "://" not in text
        for entry in text.replace("\\\n", " ").splitlines():
            assert "==" in entry
            assert "--hash=sha256:" in entry


def test_the_scripts_can_be_started():
    for name in ("run", ".ci/run"):
        assert os.access(REPOSITORY / name, os.X_OK)
    assert "./run test" in (REPOSITORY / ".ci" / "run").read_text()
