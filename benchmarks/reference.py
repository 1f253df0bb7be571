"""Solve the reference instances with several seeds and have the referee price every plan.

    .venv/bin/python benchmarks/reference.py --shared ../shared --out benchmarks/reference.md

Each line is a whole process, `python -m solver solve`, with its wall time from process start. The
referee knows no solver. Costs are pounds a day, AM only. Takes about a quarter of an hour.
"""

from __future__ import annotations

import argparse
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
CASES = (("60", 20), ("150", 60), ("500", 120), ("1500", 120))
AT_MOST = {("150", 60): 2600, ("500", 120): 8250}


def main() -> int:
    """Run every case and print or write the table; 1 where a plan is refused or too dear."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=REPOSITORY.parent / "shared")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--cases", nargs="+", default=[name for name, _ in CASES])
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    lines = [
        "# Reference instances",
        "",
        f"Python {platform.python_version()}, ortools {version('ortools')}, numba "
        f"{version('numba')}, {platform.machine()}, seeds {arguments.seeds}; a shared machine, so "
        f"compare medians, not single times.",
        "",
        "| pupils | seconds | wall s, most | £ a day: least | median | most | asked at most |",
        "|---|---|---|---|---|---|---|",
    ]
    is_good = True
    for name, seconds in CASES:
        if name not in arguments.cases:
            continue
        costs, walls = [], []
        for seed in arguments.seeds:
            cost, wall = solve(arguments.shared, name, seconds, seed)
            costs.append(cost)
            walls.append(wall)
            print(f"{name} pupils, seed {seed}: £{cost:,.2f} in {wall:.1f} s", file=sys.stderr)
        median = statistics.median(costs)
        limit = AT_MOST.get((name, seconds))
        is_good = is_good and (limit is None or median <= limit)
        lines.append(
            f"| {name} | {seconds} | {max(walls):.1f} | {min(costs):,.2f} | {median:,.2f} | "
            f"{max(costs):,.2f} | {f'{limit:,}' if limit else '-'} |"
        )
    text = "\n".join(lines) + "\n"
    print(text)
    if arguments.out:
        arguments.out.write_text(text, encoding="utf-8")
    return 0 if is_good else 1


def solve(shared: Path, name: str, seconds: int, seed: int) -> tuple[float, float]:
    """Solve one instance; returns the referee's cost in pounds and the wall seconds."""
    instance = shared / "reference" / "instances" / f"walsall_{name}_s1.json"
    with tempfile.TemporaryDirectory() as folder:
        plan = Path(folder) / "plan.json"
        began = time.perf_counter()
        command = [sys.executable, "-m", "solver", "solve", str(instance), "--out", str(plan)]
        subprocess.run(
            [*command, "--seconds", str(seconds), "--seed", str(seed)],
            cwd=REPOSITORY,
            check=True,
            capture_output=True,
        )
        wall = time.perf_counter() - began
        referee = subprocess.run(
            [sys.executable, str(shared / "reference" / "referee.py"), str(instance), str(plan)],
            check=True,
            capture_output=True,
            text=True,
        )
    found = re.search(r"cost ([0-9.]+) .* violations 0$", referee.stdout.strip())
    if found is None:
        raise SystemExit(f"the referee refused the plan of {name}: {referee.stdout}")
    return float(found.group(1)), wall


if __name__ == "__main__":
    sys.exit(main())
