"""One other solver's whole process: `python -m benchmarks.peers NAME INSTANCE ...`."""

from __future__ import annotations

import time

BEGAN = time.perf_counter()

import argparse  # noqa: E402
import sys  # noqa: E402
from pathlib import Path  # noqa: E402

NAMES = ("savings", "ortools", "pyvrp", "vroom")
HOW_TO_INSTALL = """\
VROOM and PyVRP are no part of the service. Install them beside it, in the repository's folder:
    python3.12 -m venv .schoolrun/benchmarks
    .schoolrun/benchmarks/bin/python -m pip install \\
        numpy scipy numba ortools "pyvroom>=1.15" "pyvrp>=0.14"
and use .schoolrun/benchmarks/bin/python for them (side_by_side: --peers-python)."""


def main(words: list[str] | None = None) -> int:
    """Solve an instance by another solver and write its repaired plan; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("instance", type=Path)
    parser.add_argument("--seconds", type=float, required=True, help="wall time of the process")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1, help="used by VROOM alone")
    parser.add_argument("--out", type=Path, required=True, help="where the plan goes (JSON)")
    arguments = parser.parse_args(words)
    if arguments.seconds <= 0:
        parser.error("--seconds must be above 0")
    from solver.domain import SchoolrunError

    try:
        _solve(arguments)
    except ModuleNotFoundError as error:
        print(f"{arguments.name}: {error}\n{HOW_TO_INSTALL}", file=sys.stderr)
        return 2
    except SchoolrunError as error:
        print(f"{arguments.name}: {error}", file=sys.stderr)
        return 2
    return 0


def _solve(arguments: argparse.Namespace) -> None:
    from benchmarks.peers.problem import Answer, Clock, read_problem, write_answer

    problem = read_problem(arguments.instance)
    clock = Clock(BEGAN, arguments.seconds)
    answer: Answer
    if arguments.name == "savings":
        from benchmarks.peers.savings import solve_savings

        answer = solve_savings(problem)
    elif arguments.name == "ortools":
        from benchmarks.peers.with_ortools import solve_ortools

        answer = solve_ortools(problem, clock, arguments.seed)
    elif arguments.name == "pyvrp":
        from benchmarks.peers.with_pyvrp import solve_pyvrp

        answer = solve_pyvrp(problem, clock, arguments.seed)
    else:
        from benchmarks.peers.with_vroom import solve_vroom

        answer = solve_vroom(problem, clock, arguments.seed, arguments.threads)
    seconds = time.perf_counter() - BEGAN
    write_answer(arguments.out, problem, answer, seconds, arguments.seed)
    print(f"GBP {answer.cost:,.2f} a day, {len(answer.runs)} runs, {seconds:.1f} s")


if __name__ == "__main__":
    sys.exit(main())
