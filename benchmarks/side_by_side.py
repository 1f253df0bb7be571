"""Schoolrun beside VROOM, PyVRP and OR-Tools routing on the same instances, in one run.

    .venv/bin/python -m benchmarks.side_by_side --peers-python PATH --out benchmarks/side_by_side.md

Every plan is a whole process with its wall time from process start, and the referee, which knows no
solver, checks and prices it. For each instance and seed the solvers take turns: ours alone, VROOM
alone with two threads, then PyVRP and OR-Tools, which use one core each, at the same time. Results
go to a scratch folder line by line, so that an interrupted run goes on where it stopped. The whole
table takes about fifty minutes a seed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.measuring import (
    REPOSITORY,
    SHARED,
    Measured,
    MeasureError,
    describe_machine,
    get_revision,
    measure,
)
from benchmarks.peers.__main__ import HOW_TO_INSTALL

OURS = "schoolrun"
TURNS = ((OURS,), ("vroom",), ("pyvrp", "ortools"))
"""Solvers that run at the same time, turn by turn; each turn has the machine to itself."""
CASES = ("60@20", "150@60", "150@300", "500@60", "500@300", "1500@300")
ASKED = {
    "60@20": (938, 4),
    "150@60": (2255, 8),
    "150@300": (2215, 8),
    "500@60": (6950, 11),
    "500@300": (6750, 7),
    "1500@300": (19200, 12),
}
"""What each case must reach: GBP a day at most, and per cent under the best other solver."""
_PROBE = (
    "import importlib.metadata as m; import vroom, pyvrp, ortools, numba; "
    "print(*(f'{n} {m.version(n)}' for n in ('pyvroom', 'pyvrp', 'ortools', 'numba')), sep=', ')"
)


@dataclass(frozen=True, slots=True)
class Job:
    """One solver's turn at one instance."""

    case: str
    instance: Path
    seconds: float
    solver: str
    seed: int


@dataclass(frozen=True, slots=True)
class Result:
    """A job's measurement, as a line of the scratch file; `key` names instance and code."""

    key: str
    case: str
    solver: str
    seed: int
    measured: Measured


def main() -> int:
    """Run the cases and write the table; 1 where a solver failed."""
    arguments = _read_arguments()
    versions = _probe(arguments.peers_python)
    jobs = [
        Job(case, _find_instance(arguments, case), float(case.rpartition("@")[2]), solver, seed)
        for case in arguments.cases
        for seed in arguments.seeds
        for turn in TURNS
        for solver in turn
        if solver in arguments.solvers
    ]
    store = _Store(arguments.scratch / "side_by_side.jsonl")
    failures = _run(jobs, arguments, store)
    results = [result for job in jobs if (result := store.find(job, arguments)) is not None]
    text = _write_page(results, arguments, versions, failures)
    print(text)
    if arguments.out:
        arguments.out.write_text(text, encoding="utf-8")
    return 1 if failures else 0


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    solvers = [solver for turn in TURNS for solver in turn]
    parser.add_argument(
        "--cases",
        nargs="+",
        default=list(CASES),
        help="NAME@SECONDS, NAME a reference instance by pupils (60) or an instance's path",
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--solvers", nargs="+", choices=solvers, default=solvers)
    parser.add_argument("--shared", type=Path, default=SHARED)
    parser.add_argument("--scratch", type=Path, default=_get_scratch())
    parser.add_argument(
        "--peers-python",
        type=Path,
        default=Path(sys.executable),
        help="a Python that has VROOM and PyVRP",
    )
    parser.add_argument("--ours-python", type=Path, default=Path(sys.executable))
    parser.add_argument("--out", type=Path, help="where the table goes (Markdown)")
    return parser.parse_args()


def _get_scratch() -> Path:
    return Path(tempfile.gettempdir()) / "schoolrun-benchmarks"


def _probe(python: Path) -> str:
    """Return the versions of the other solvers, or stop and say how to install them."""
    found = subprocess.run(
        [python, "-c", _PROBE], capture_output=True, text=True, check=False, cwd=REPOSITORY
    )
    if found.returncode != 0:
        raise SystemExit(f"{python}: {found.stderr.strip().splitlines()[-1]}\n{HOW_TO_INSTALL}")
    return found.stdout.strip()


def _find_instance(arguments: argparse.Namespace, case: str) -> Path:
    name = case.rpartition("@")[0]
    path = Path(name)
    if path.suffix != ".json":
        path = arguments.shared / "reference" / "instances" / f"walsall_{name}_s1.json"
    if not path.is_file():
        raise SystemExit(f"{case}: there is no instance at {path}")
    return path.resolve()


# --- running ------------------------------------------------------------------------------------


class _Store:
    """Results on disk, one JSON line each, found again by what they depend on."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.known: dict[str, Result] = {}
        if path.is_file():
            for line in path.read_text(encoding="utf-8").splitlines():
                raw = json.loads(line)
                raw["measured"] = Measured(**raw["measured"])
                self.known[raw["key"]] = Result(**raw)

    def find(self, job: Job, arguments: argparse.Namespace) -> Result | None:
        return self.known.get(_name_job(job, arguments.peers_python))

    def keep(self, result: Result) -> None:
        self.known[result.key] = result
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(result)) + "\n")


def _name_job(job: Job, peers_python: Path) -> str:
    """Name a job by instance, limits and the code that solves it: changed code runs again."""
    folder = REPOSITORY / ("solver" if job.solver == OURS else "benchmarks/peers")
    digest = hashlib.sha256()
    for path in [job.instance, *sorted(folder.rglob("*.py"))]:
        digest.update(path.read_bytes())
    where = "" if job.solver == OURS else str(peers_python)
    return f"{job.solver} {job.seconds:g} s seed {job.seed} {where} {digest.hexdigest()[:16]}"


def _run(jobs: Sequence[Job], arguments: argparse.Namespace, store: _Store) -> list[str]:
    """Run every job that has no result yet, turn by turn; returns what failed."""
    failures: list[str] = []
    waiting = [job for job in jobs if store.find(job, arguments) is None]
    if waiting:
        _compile(waiting, arguments)
    for rounds in _group_rounds(waiting):
        for turn in TURNS:
            now = [job for job in rounds if job.solver in turn]
            with ThreadPoolExecutor(max_workers=max(len(now), 1)) as pool:
                outcomes = list(pool.map(lambda job: _measure(job, arguments), now))
            for job, outcome in zip(now, outcomes, strict=True):
                if isinstance(outcome, str):
                    failures.append(outcome)
                    print(f"{job.case} seed {job.seed}: {outcome}", file=sys.stderr)
                    continue
                store.keep(outcome)
                print(
                    f"{job.case} seed {job.seed} {job.solver}: £{outcome.measured.cost:,.2f}, "
                    f"{outcome.measured.wall_s:.1f} s",
                    file=sys.stderr,
                )
    return failures


def _group_rounds(jobs: Iterable[Job]) -> list[list[Job]]:
    rounds: dict[tuple[str, int], list[Job]] = {}
    for job in jobs:
        rounds.setdefault((job.case, job.seed), []).append(job)
    return list(rounds.values())


def _compile(jobs: Sequence[Job], arguments: argparse.Namespace) -> None:
    """Compile everyone's kernels before the clock runs, as a set-up does."""
    subprocess.run([arguments.ours_python, "-m", "solver", "compile"], cwd=REPOSITORY, check=True)
    smallest = min((job.instance for job in jobs), key=lambda path: path.stat().st_size)
    words = ["-m", "benchmarks.peers", "savings", str(smallest), "--seconds", "5"]
    with tempfile.TemporaryDirectory() as folder:
        plan = str(Path(folder) / "plan.json")
        subprocess.run([arguments.peers_python, *words, "--out", plan], cwd=REPOSITORY, check=True)


def _measure(job: Job, arguments: argparse.Namespace) -> Result | str:
    limits = ["--seconds", f"{job.seconds:g}", "--seed", str(job.seed)]
    command: list[str | Path]
    if job.solver == OURS:
        command = [arguments.ours_python, "-m", "solver", "solve", job.instance, *limits]
    else:
        command = [arguments.peers_python, "-m", "benchmarks.peers", job.solver, job.instance]
        command += [*limits, "--threads", "2"]
    referee = arguments.shared / "reference" / "referee.py"
    try:
        measured = measure(command, job.instance, referee, slack_s=2 * job.seconds + 120)
    except MeasureError as error:
        return str(error)
    return Result(_name_job(job, arguments.peers_python), job.case, job.solver, job.seed, measured)


# --- the page -----------------------------------------------------------------------------------


def _write_page(
    results: Sequence[Result],
    arguments: argparse.Namespace,
    versions: str,
    failures: Sequence[str],
) -> str:
    lines = [
        "# Side by side",
        "",
        f"{describe_machine()}; {versions}; revision {get_revision()}; seeds "
        f"{', '.join(map(str, arguments.seeds))}.",
        "",
        "Pounds a day, AM only, by the referee; every plan keeps every rule. Wall time is a whole "
        "process. Ours and VROOM (two threads) have both cores, PyVRP and OR-Tools one core each, "
        "at the same time. Kernels are compiled beforehand. Other solvers' plans are repaired and "
        "given the cheapest vehicle type of each run (`benchmarks/peers`). Written by "
        "`benchmarks/side_by_side.py`.",
        "",
        "| pupils @ seconds | ours, median £ | asked at most | best other | its median £ | "
        "ours under it | asked |",
        "|---|---|---|---|---|---|---|",
        *(_summarise(case, results) for case in arguments.cases),
        "",
        "| pupils @ seconds | solver | £ a day: least | median | most | spread | runs | "
        "wall s, most | CPU s | seeds | ours under its median |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
        *(row for case in arguments.cases for row in _list_rows(case, results)),
    ]
    lines += ["", *(f"Failed: {failure}" for failure in failures)] if failures else []
    return "\n".join(lines) + "\n"


def _list_costs(case: str, solver: str, results: Sequence[Result]) -> list[float]:
    return [r.measured.cost for r in results if r.case == case and r.solver == solver]


def _summarise(case: str, results: Sequence[Result]) -> str:
    medians = {
        solver: statistics.median(costs)
        for turn in TURNS
        for solver in turn
        if (costs := _list_costs(case, solver, results))
    }
    ours = medians.pop(OURS, None)
    best = min(medians, key=lambda solver: medians[solver], default=None)
    pounds, per_cent = ASKED.get(case, (None, None))
    return " | ".join(
        [
            f"| {_shorten(case)}",
            f"{ours:,.2f}" if ours else "-",
            f"{pounds:,}" if pounds else "-",
            best or "-",
            f"{medians[best]:,.2f}" if best else "-",
            f"{1 - ours / medians[best]:.1%}" if best and ours else "-",
            f"{per_cent} % |" if per_cent else "- |",
        ]
    )


def _list_rows(case: str, results: Sequence[Result]) -> list[str]:
    rows = []
    ours = _list_costs(case, OURS, results)
    for solver in (solver for turn in TURNS for solver in turn):
        found = [r.measured for r in results if r.case == case and r.solver == solver]
        if not found:
            continue
        costs = [measured.cost for measured in found]
        median = statistics.median(costs)
        under = f"{1 - statistics.median(ours) / median:.1%}" if ours and solver != OURS else "-"
        rows.append(
            f"| {_shorten(case)} | {solver} | {min(costs):,.2f} | {median:,.2f} | "
            f"{max(costs):,.2f} | {max(costs) / min(costs) - 1:.1%} | "
            f"{statistics.median(m.runs for m in found):g} | "
            f"{max(m.wall_s for m in found):.1f} | {statistics.median(m.cpu_s for m in found):.0f} "
            f"| {len(found)} | {under} |"
        )
    return rows


def _shorten(case: str) -> str:
    """A case's name in the table: a path by its file's name alone."""
    name, _, seconds = case.rpartition("@")
    return f"{Path(name).stem} @ {seconds}"


if __name__ == "__main__":
    sys.exit(main())
