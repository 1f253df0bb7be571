"""What it saves to search both sessions together: the year of demo boroughs, side by side.

    .venv/bin/python -m benchmarks.together --out benchmarks/together.md

Each borough is planned with the same seconds and seeds twice: with all of them for each session by
itself, and with half of them for both together. The two take turns, each in child processes of
their own as in the service. Every plan is joined, checked and costed over the year.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.demo_session import read_demo
from benchmarks.measuring import REPOSITORY, describe_machine, get_revision
from data.demo import write_borough
from scenarios import pipeline
from scenarios.years import value_year
from solver.domain import Policy

CASES = ("150:30", "450:60")
SEEDS = (1, 2, 3)


@dataclass(frozen=True, slots=True)
class Pair:
    """One borough and seed: GBP a year and routes of either way, and the wall seconds of both."""

    pupils: int
    seconds: float
    seed: int
    alone_gbp: float
    alone_routes: int
    alone_s: float
    together_gbp: float
    together_routes: int
    together_s: float

    @property
    def saving(self) -> float:
        """The share of the year that is saved."""
        return 1.0 - self.together_gbp / self.alone_gbp


def main() -> int:
    """Plan every case both ways and write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", nargs="+", default=list(CASES), help="pupils:seconds")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--out", type=Path, help="where the table goes (Markdown)")
    arguments = parser.parse_args()
    subprocess.run([sys.executable, "-m", "solver", "compile"], cwd=REPOSITORY, check=True)
    pairs = []
    for case in arguments.cases:
        pupils, seconds = case.split(":")
        pairs += _measure(int(pupils), float(seconds), arguments.seeds)
    text = write_page(pairs)
    print(text)
    if arguments.out:
        arguments.out.write_text(text, encoding="utf-8")
    return 0


def _measure(pupils: int, seconds: float, seeds: Sequence[int]) -> list[Pair]:
    """Plan one borough both ways for each seed."""
    pairs = []
    with tempfile.TemporaryDirectory() as folder:
        dataset, card, network = read_demo(write_borough(Path(folder), pupils=pupils))
        for seed in seeds:
            years, routes, took = [], [], []
            for share in (0.0, pipeline.TOGETHER_SHARE):
                began = time.perf_counter()
                costed = pipeline.solve_scenario(
                    dataset,
                    Policy(),
                    card,
                    network,
                    (),
                    pipeline.Limits(seconds=seconds, seed=seed),
                    name="benchmark",
                    together_share=share,
                )
                took.append(time.perf_counter() - began)
                years.append(value_year(costed) / 100)
                routes.append(len(costed.plan.routes))
            pair = Pair(
                pupils,
                seconds,
                seed,
                years[0],
                routes[0],
                took[0],
                years[1],
                routes[1],
                took[1],
            )
            print(f"{pupils} pupils, seed {seed}: {pair.saving:.2%}", file=sys.stderr)
            pairs.append(pair)
    return pairs


def write_page(pairs: Sequence[Pair]) -> str:
    """Write the table with a line a seed and a sentence a case."""
    lines = [
        "# Both sessions searched together",
        "",
        f"Revision {get_revision()}; {describe_machine()}. Written by `benchmarks/together.py`.",
        "",
        "Invented boroughs; a year of 190 days on the demo's rates. *Alone*: all seconds for each",
        "session by itself. *Together*: half of them for both together. Wall seconds are those of",
        "the whole scenario, matrix, joining, check and costing included.",
        "",
        "| pupils | seconds | seed | alone | routes | wall | together | routes | wall | saved |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {p.pupils:,} | {p.seconds:g} | {p.seed} | £{p.alone_gbp:,.0f} | {p.alone_routes} | "
        f"{p.alone_s:.0f} s | £{p.together_gbp:,.0f} | {p.together_routes} | "
        f"{p.together_s:.0f} s | {p.saving:.2%} |"
        for p in pairs
    ]
    lines.append("")
    for case in sorted({(p.pupils, p.seconds) for p in pairs}):
        saved = [p.saving for p in pairs if (p.pupils, p.seconds) == case]
        lines.append(
            f"{case[0]:,} pupils, {case[1]:g} s: median {median(saved):.2%} saved, "
            f"{min(saved):.2%} to {max(saved):.2%}."
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
