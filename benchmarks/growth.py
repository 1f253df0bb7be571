"""How time and memory grow with the pupils: demo boroughs of 50 to 20,000.

    .venv/bin/python -m benchmarks.growth --out benchmarks/growth.md \\
        --picture docs/images/growth.png

Each size is a process of its own, so that its peak memory is its own: it writes the borough's
files, reads them as a council's upload, builds the AM session over the demo's roads, and plans it
for the same number of seconds a pupil, up to a limit. Stages are timed apart. Sizes that are done
are kept in a scratch folder, so that an interrupted run goes on.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.measuring import REPOSITORY, describe_machine, get_revision

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZES = (50, 150, 500, 1_500, 5_000, 20_000)
SECONDS_A_PUPIL = 0.18
"""900 seconds for 5,000 pupils."""
MOST_SECONDS = 900.0
_MIB = 2**20


@dataclass(frozen=True, slots=True)
class Growth:
    """One borough: seconds by stage, GBP a day, and the most memory held at once."""

    pupils: int
    riders: int
    stops: int
    write_s: float
    read_s: float
    build_s: float
    first_s: float
    plan_s: float
    first_gbp: float
    objective_gbp: float
    runs: int
    unassigned: int
    iterations: int
    peak_bytes: int


def main() -> int:
    """Measure every size in a process of its own, and write the table and the picture."""
    arguments = _read_arguments()
    if arguments.one:
        growth = _measure(arguments.one, _choose_seconds(arguments.one, arguments), 42)
        print(json.dumps(asdict(growth)))
        return 0
    subprocess.run([sys.executable, "-m", "solver", "compile"], cwd=REPOSITORY, check=True)
    found = [_measure_apart(size, arguments) for size in arguments.sizes]
    text = _write_page(found, arguments)
    print(text)
    if arguments.out:
        arguments.out.write_text(text, encoding="utf-8")
    if arguments.picture:
        draw(found, arguments.picture)
    return 0


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--seconds-a-pupil", type=float, default=SECONDS_A_PUPIL)
    parser.add_argument("--most-seconds", type=float, default=MOST_SECONDS)
    parser.add_argument("--one", type=int, help="measure one size here and print it as JSON")
    parser.add_argument("--out", type=Path, help="where the table goes (Markdown)")
    parser.add_argument("--picture", type=Path, help="where the picture goes (PNG)")
    parser.add_argument(
        "--scratch", type=Path, default=Path(tempfile.gettempdir()) / "schoolrun-benchmarks"
    )
    return parser.parse_args()


def _choose_seconds(size: int, arguments: argparse.Namespace) -> float:
    """The seconds of search that a size is given."""
    return float(min(arguments.seconds_a_pupil * size, arguments.most_seconds))


def _measure_apart(size: int, arguments: argparse.Namespace) -> Growth:
    """Measure a size in a fresh process, or return what the scratch folder holds of it."""
    revision = get_revision()
    name = f"growth_{size}_{_choose_seconds(size, arguments):g}_{revision}.json"
    kept = arguments.scratch / name.replace("+", "_changed")
    if not kept.is_file() or revision.endswith("+"):
        words = [sys.executable, "-m", "benchmarks.growth", "--one", str(size)]
        words += ["--seconds-a-pupil", str(arguments.seconds_a_pupil)]
        words += ["--most-seconds", str(arguments.most_seconds)]
        done = subprocess.run(words, cwd=REPOSITORY, check=True, stdout=subprocess.PIPE, text=True)
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(done.stdout.strip().splitlines()[-1], encoding="utf-8")
    growth = Growth(**json.loads(kept.read_text(encoding="utf-8")))
    print(
        f"{size:,} pupils: £{growth.objective_gbp / growth.riders:.2f} a rider, "
        f"{growth.plan_s:.0f} s, {growth.peak_bytes / _MIB:,.0f} MiB",
        file=sys.stderr,
    )
    return growth


def _measure(size: int, seconds: float, seed: int) -> Growth:
    from benchmarks.demo_session import build_demo_session
    from solver.checker import check_session_plan
    from solver.domain import PlanRejectedError, SessionPlan
    from solver.session import SearchLimits, solve_session

    with tempfile.TemporaryDirectory() as folder:
        session = build_demo_session(Path(folder), size, seed)
    began = time.perf_counter()
    first: list[tuple[float, float]] = []

    def note(plan: SessionPlan) -> None:
        if not first:
            first.append((time.perf_counter() - began, plan.objective))

    limits = SearchLimits(seconds=seconds, seed=seed)
    plan = solve_session(session.instance, session.matrix, limits, on_better=note)
    plan_s = time.perf_counter() - began
    violations = check_session_plan(session.instance, session.matrix, plan)
    if violations:
        raise PlanRejectedError(violations)
    first_s, first_gbp = first[0] if first else (plan_s, plan.objective)
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return Growth(
        pupils=size,
        riders=len(session.instance.riders),
        stops=len(session.instance.stops),
        write_s=session.write_s,
        read_s=session.read_s,
        build_s=session.build_s,
        first_s=first_s,
        plan_s=plan_s,
        first_gbp=first_gbp,
        objective_gbp=plan.objective,
        runs=len(plan.runs),
        unassigned=len(plan.unassigned),
        iterations=plan.iterations,
        peak_bytes=max(item.ru_maxrss for item in used) * 1024,
    )


def _write_page(found: Sequence[Growth], arguments: argparse.Namespace) -> str:
    lines = [
        "# Growth",
        "",
        f"{describe_machine()}; revision {get_revision()}; {arguments.seconds_a_pupil:g} s of "
        f"search a pupil, {arguments.most_seconds:g} s at most.",
        "",
        "The AM session of a demo borough, from its files to a plan that the checker accepts. "
        "Pounds a day are the session's objective: half the day charge a run, soft penalties "
        "included. A rider is a pupil on the weekdays with one address and bell. Memory is the "
        "most that one process held. Written by `benchmarks/growth.py`.",
        "",
        "| pupils | riders | stops | files written s | read s | roads to instance s | "
        "first plan s | search s | iterations a s | £ a rider, first | £ a rider, last | runs | "
        "own vehicle | MiB |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for one in found:
        lines.append(
            f"| {one.pupils:,} | {one.riders:,} | {one.stops:,} | {one.write_s:.1f} | "
            f"{one.read_s:.1f} | {one.build_s:.1f} | {one.first_s:.1f} | {one.plan_s:.0f} | "
            f"{one.iterations / one.plan_s:,.0f} | {one.first_gbp / one.riders:.2f} | "
            f"{one.objective_gbp / one.riders:.2f} | {one.runs:,} | {one.unassigned} | "
            f"{one.peak_bytes / _MIB:,.0f} |"
        )
    return "\n".join(lines) + "\n"


def draw(found: Sequence[Growth], path: Path) -> None:
    """Draw seconds by stage, memory and cost a rider over pupils (logarithmic), as a PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 3.8), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    times, memory, cost = figure.subplots(1, 3)
    pupils = [one.pupils for one in found]
    stages = {
        "files read": ("#4477aa", [one.read_s for one in found]),
        "roads to instance": ("#66ccee", [one.build_s for one in found]),
        "first plan": ("#228833", [one.first_s for one in found]),
        "search (given)": ("#bbbbbb", [one.plan_s for one in found]),
    }
    for name, (colour, seconds) in stages.items():
        times.plot(pupils, seconds, marker="o", color=colour, label=name)
    mib = [one.peak_bytes / _MIB for one in found]
    memory.plot(pupils, mib, marker="o", color="#aa3377")
    for name, colour, pounds in (
        ("first plan", "#228833", [one.first_gbp / one.riders for one in found]),
        ("at the end", "#4477aa", [one.objective_gbp / one.riders for one in found]),
    ):
        cost.plot(pupils, pounds, marker="o", color=colour, label=name)
    _dress(times, "Seconds by stage", pupils, [0.1, 1, 10, 100, 1_000, 10_000])
    _dress(memory, "Peak memory, MiB", pupils, [250 * 2**i for i in range(7)])
    _dress(cost, "£ a day and rider, AM", pupils, None)
    cost.set_ylim(0, 1.2 * max(one.first_gbp / one.riders for one in found))
    for axes in (times, cost):
        axes.legend(frameon=False, fontsize="small")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


def _dress(axes: Axes, title: str, pupils: Sequence[int], ticks: Sequence[float] | None) -> None:
    """Give axes a title and a tick a size; logarithmic upwards where `ticks` are given."""
    axes.set_title(title, fontsize="medium", loc="left")
    axes.set(xscale="log", xlabel="pupils")
    axes.set_xticks(pupils, [f"{size:,}" for size in pupils], fontsize="small")
    if ticks is not None:
        values = [float(y) for line in axes.get_lines() for y in np.asarray(line.get_ydata())]
        above = [tick for tick in ticks if tick >= max(values)][1:]
        below = [tick for tick in ticks if tick <= min(values)][:-1]
        shown = [tick for tick in ticks if tick not in {*above, *below}]
        axes.set_yscale("log")
        axes.set_yticks(shown, [f"{tick:,g}" for tick in shown], fontsize="small")
        axes.set_ylim(shown[0], shown[-1])
    axes.minorticks_off()
    axes.grid(visible=True, color="#e5e5e5")
    axes.spines[["top", "right"]].set_visible(False)


if __name__ == "__main__":
    sys.exit(main())
