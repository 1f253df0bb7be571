"""The solver by itself: `python -m solver solve INSTANCE.json ...`, how solvers are compared."""

from __future__ import annotations

import time

BEGAN = time.perf_counter()

import argparse  # noqa: E402
import sys  # noqa: E402
from pathlib import Path  # noqa: E402

from solver.domain import SchoolrunError  # noqa: E402


def main(words: list[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    arguments = _read_arguments(words)
    try:
        if arguments.command == "compile":
            return _compile()
        return _solve(arguments)
    except SchoolrunError as error:
        print(f"solver: {error}", file=sys.stderr)
        return 2


def _read_arguments(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m solver", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("compile", help="compile the kernels once, so that no search waits for it")
    solve = commands.add_parser("solve", help="plan a reference instance (see the spec)")
    solve.add_argument("instance", type=Path)
    limit = solve.add_mutually_exclusive_group(required=True)
    limit.add_argument("--seconds", type=float, help="wall time from process start")
    limit.add_argument("--iterations", type=int, help="a deterministic limit instead of seconds")
    solve.add_argument("--seed", type=int, default=0)
    solve.add_argument("--out", type=Path, required=True, help="where the plan goes (JSON)")
    solve.add_argument("--bound-seconds", type=float, default=0.0, help="0: no lower bound")
    arguments = parser.parse_args(words)
    if arguments.command == "solve":
        if arguments.bound_seconds:
            parser.error("there is no lower bound yet: leave --bound-seconds at 0")
        for name in ("seconds", "iterations"):
            value = getattr(arguments, name)
            if value is not None and value <= 0:
                parser.error(f"--{name} must be above 0")
    return arguments


def _solve(arguments: argparse.Namespace) -> int:
    from solver.checker import check_session_plan
    from solver.domain import PlanRejectedError
    from solver.reference import read_instance, write_plan
    from solver.session import SearchLimits, solve_session

    instance, matrix = read_instance(arguments.instance)
    plan = solve_session(
        instance,
        matrix,
        SearchLimits(arguments.seconds, arguments.iterations, arguments.seed),
        on_progress=lambda p: print(
            f"{p.seconds:6.1f} s  {p.phase:<11} GBP {p.objective:,.2f}  {p.runs} runs  "
            f"{p.iterations} iterations",
            file=sys.stderr,
        ),
        began=BEGAN,
    )
    violations = check_session_plan(instance, matrix, plan)
    if violations:
        raise PlanRejectedError(violations)
    write_plan(arguments.out, instance, plan)
    print(f"GBP {plan.cost:,.2f} a day, {len(plan.runs)} runs, written to {arguments.out.name}")
    return 0


def _compile() -> int:
    from solver.compiling import compile_kernels

    seconds = compile_kernels()
    print(f"kernels ready in {seconds:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
