"""The published school-bus set RSRB01-04: how many buses, beside the fewest that others found.

    .venv/bin/python -m benchmarks.school_bus --seconds 120 --out benchmarks/school_bus.md

Park, Tae and Kim (2012): stops with several pupils each, schools that open one after the other, one
kind of bus, mixed loads; a bus makes several trips in a morning. In the reference format that is
one run whose pick-ups follow set-downs, a bus costs £1,000 and an hour £1, so that the fewest buses
come first. The set is converted by the shared script, solved by a whole process, and judged by the
referee. Some published methods arrive at every school at its earliest time: `--arrivals` solves
that narrower problem too, in which a bus may come early and wait with its pupils aboard.
"""

from __future__ import annotations

import argparse
import csv
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
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

ARRIVALS = ("window", "earliest")
"""Anywhere in a school's window, or at its earliest time."""


@dataclass(frozen=True, slots=True)
class Published:
    """Fewest buses of a benchmark under a ride limit, by published method, and the best of all."""

    name: str
    ride_cap_s: int
    best: int
    methods: dict[str, int]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What our seeds found for one benchmark, and the stops and schools that it has."""

    published: Published
    arrival: str
    stops: int
    schools: int
    plans: tuple[Measured, ...]


def main() -> int:
    """Solve the set and write the table; 1 where a plan is refused or has too many buses."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--arrivals", nargs="+", choices=ARRIVALS, default=list(ARRIVALS))
    parser.add_argument("--benchmarks", nargs="+", help="such as RSRB01; all by default")
    parser.add_argument("--shared", type=Path, default=SHARED)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    subprocess.run([sys.executable, "-m", "solver", "compile"], cwd=REPOSITORY, check=True)
    outcomes = []
    for published in read_published(arguments.shared):
        if arguments.benchmarks and published.name not in arguments.benchmarks:
            continue
        outcomes += [_solve(published, arrival, arguments) for arrival in arguments.arrivals]
    text = _write_page(outcomes, arguments)
    print(text)
    if arguments.out:
        arguments.out.write_text(text, encoding="utf-8")
    return int(
        any(
            outcome.arrival == "window" and _count_most(outcome) > outcome.published.best
            for outcome in outcomes
        )
    )


def read_published(shared: Path) -> list[Published]:
    """Read the published bus counts, in the file's order."""
    path = shared / "data" / "benchmarks" / "sbrp_park_tae_kim" / "best_buses.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    others = ("benchmark", "max_riding_time", "best")
    return [
        Published(
            row["benchmark"],
            round(float(row["max_riding_time"])),
            int(row["best"]),
            {method: int(buses) for method, buses in row.items() if method not in others},
        )
        for row in rows
    ]


def convert(published: Published, shared: Path, folder: Path, arrival: str = "window") -> Path:
    """Convert a benchmark to the reference format by the shared script; returns its path."""
    name = f"{published.name}_{published.ride_cap_s}"
    source = shared / "data" / "benchmarks" / "sbrp_park_tae_kim" / published.name
    script = shared / "reference" / "sbrp_to_instance.py"
    words = [script, source, published.ride_cap_s, folder / name]
    subprocess.run([sys.executable, *map(str, words)], check=True, stdout=subprocess.DEVNULL)
    path = folder / f"{name}.json"
    if arrival == "earliest":
        raw = json.loads(path.read_text(encoding="utf-8"))
        for school in raw["schools"]:
            school["arrive_to"] = school["arrive_from"]
        path.write_text(json.dumps(raw), encoding="utf-8")
    return path


def _solve(published: Published, arrival: str, arguments: argparse.Namespace) -> Outcome:
    referee = arguments.shared / "reference" / "referee.py"
    with tempfile.TemporaryDirectory() as folder:
        instance = convert(published, arguments.shared, Path(folder), arrival)
        plans = []
        for seed in arguments.seeds:
            command = [sys.executable, "-m", "solver", "solve", str(instance)]
            command += ["--seconds", f"{arguments.seconds:g}", "--seed", str(seed)]
            plan = measure(command, instance, referee, slack_s=2 * arguments.seconds + 120)
            plans.append(plan)
            print(
                f"{published.name} within {published.ride_cap_s} s, {arrival}, seed {seed}: "
                f"{plan.runs} buses (published {published.best}) in {plan.wall_s:.0f} s",
                file=sys.stderr,
            )
        raw = json.loads(instance.read_text(encoding="utf-8"))
    return Outcome(published, arrival, len(raw["pupils"]), len(raw["schools"]), tuple(plans))


def _count_most(outcome: Outcome) -> int:
    return max(plan.runs for plan in outcome.plans)


def _write_page(outcomes: Sequence[Outcome], arguments: argparse.Namespace) -> str:
    methods = list(outcomes[0].published.methods) if outcomes else []
    lines = [
        "# School buses: RSRB01-04",
        "",
        f"{describe_machine()}; revision {get_revision()}; {arguments.seconds:g} s each, seeds "
        f"{', '.join(map(str, arguments.seeds))}.",
        "",
        "Buses, fewest first, by the referee; every plan keeps every rule of the reference format. "
        "The set is Park, Tae and Kim's (2012), MIT licence; the published counts are those of "
        "`best_buses.csv`. Compare with care: some published methods fix the arrival at a school's "
        "earliest time (the rows `earliest` do so too), and not all of them mix schools on a bus. "
        "Written by `benchmarks/school_bus.py`.",
        "",
        f"| set | stops | schools | ride limit s | arrival | ours: fewest | median | most | "
        f"published best | {' | '.join(methods)} | bus hours |",
        "|---|---|---|---|---|---|---|---|---|" + "---|" * (len(methods) + 1),
    ]
    for outcome in outcomes:
        buses = [plan.runs for plan in outcome.plans]
        known = outcome.published
        hours = statistics.median(plan.cost - 1000 * plan.runs for plan in outcome.plans)
        lines.append(
            f"| {known.name} | {outcome.stops} | {outcome.schools} | {known.ride_cap_s:,} | "
            f"{outcome.arrival} | {min(buses)} | {statistics.median(buses):g} | {max(buses)} | "
            f"{known.best} | "
            f"{' | '.join(str(known.methods[method]) for method in methods)} | {hours:.1f} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    try:
        sys.exit(main())
    except MeasureError as error:
        sys.exit(f"school_bus: {error}")
