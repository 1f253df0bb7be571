"""The solver by itself: `python -m solver solve INSTANCE.json ...`, how solvers are compared."""

from __future__ import annotations

import time

BEGAN = time.perf_counter()

import argparse  # noqa: E402
import sys  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import TYPE_CHECKING  # noqa: E402

from solver.domain import SchoolrunError  # noqa: E402

if TYPE_CHECKING:
    from solver.limits import Progress


def main(words: list[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    arguments = _read_arguments(words)
    try:
        if arguments.command == "compile":
            return _compile()
        if arguments.command == "certify":
            return _certify(arguments)
        if arguments.command == "prices":
            return _price(arguments)
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
    solve.add_argument(
        "--bound-seconds",
        type=float,
        default=0.0,
        help="seconds for a lower bound on top (with --iterations: its rounds); 0: none",
    )
    certify = commands.add_parser("certify", help="prove a plan's lower bound again from its duals")
    certify.add_argument("instance", type=Path)
    certify.add_argument("plan", type=Path, help="a plan with its .duals.json beside it")
    prices = commands.add_parser("prices", help="what each pupil adds and what each rule costs")
    prices.add_argument("instance", type=Path)
    prices.add_argument("plan", type=Path, help="a plan to start from")
    each = prices.add_mutually_exclusive_group(required=True)
    each.add_argument("--seconds", type=float, help="of search, for each rule")
    each.add_argument("--iterations", type=int, help="a deterministic limit instead of seconds")
    prices.add_argument(
        "--bound-seconds",
        type=float,
        required=True,
        help="of proof, for each (with --iterations: its rounds)",
    )
    prices.add_argument("--seed", type=int, default=0)
    prices.add_argument("--out", type=Path, required=True, help="where the prices go (JSON)")
    arguments = parser.parse_args(words)
    if arguments.command in {"solve", "prices"}:
        if arguments.command == "prices" and arguments.bound_seconds == 0:
            parser.error("--bound-seconds must be above 0: prices come from the proof")
        if arguments.bound_seconds < 0:
            parser.error("--bound-seconds must be 0 or above")
        for name in ("seconds", "iterations"):
            value = getattr(arguments, name)
            if value is not None and value <= 0:
                parser.error(f"--{name} must be above 0")
    return arguments


def _solve(arguments: argparse.Namespace) -> int:
    from solver.checker import check_session_plan
    from solver.domain import PlanRejectedError
    from solver.reference import read_instance, write_certificate, write_plan
    from solver.session import SearchLimits, solve_session

    instance, matrix = read_instance(arguments.instance)
    plan = solve_session(
        instance,
        matrix,
        SearchLimits(
            arguments.seconds, arguments.iterations, arguments.seed, arguments.bound_seconds
        ),
        on_progress=lambda p: print(
            f"{p.seconds:6.1f} s  {p.phase:<11} GBP {p.objective:,.2f}  {p.runs} runs  "
            f"{p.iterations} iterations" + (f"  bound GBP {p.bound:,.2f}" if p.bound else ""),
            file=sys.stderr,
        ),
        began=BEGAN,
    )
    violations = check_session_plan(instance, matrix, plan)
    if violations:
        raise PlanRejectedError(violations)
    write_plan(arguments.out, instance, plan)
    print(f"GBP {plan.cost:,.2f} a day, {len(plan.runs)} runs, written to {arguments.out.name}")
    if plan.bound is not None:
        beside = write_certificate(arguments.out, instance, matrix, plan.bound)
        gap = 1 - plan.bound.value / plan.objective
        print(
            f"no plan costs less than GBP {plan.bound.value:,.2f}: at most {gap:.1%} of this one "
            f"could still be saved; proof in {beside.name}, {plan.bound.seconds:.0f} s"
        )
    return 0


def _certify(arguments: argparse.Namespace) -> int:
    from solver.certificate import prove_bound
    from solver.reference import read_certificate, read_instance

    instance, matrix = read_instance(arguments.instance)
    bound, cost, stated = read_certificate(arguments.plan, instance, matrix)
    proof = prove_bound(
        instance,
        matrix,
        bound.duals,
        bound.kind_duals,
        bound.memory,
        bound.seats,
        on_progress=lambda done, total, share: print(
            f"{done} of {total} kinds of run priced: {share:.1%} of the duals hold", file=sys.stderr
        ),
    )
    gap = 1 - proof.value / cost
    print(
        f"GBP {proof.value:,.2f} proven in {proof.seconds:.0f} s, GBP {stated:,.2f} stated; "
        f"the plan costs GBP {cost:,.2f}, of which at most {gap:.1%} could still be saved"
    )
    if proof.value < stated - 0.01:
        print("the stated bound is NOT proven: do not rely on it", file=sys.stderr)
        return 1
    return 0


def _price(arguments: argparse.Namespace) -> int:
    from solver.checker import check_session_plan
    from solver.domain import PlanRejectedError
    from solver.limits import SearchLimits
    from solver.prices import price_session
    from solver.reference import read_instance, read_runs, write_prices

    instance, matrix = read_instance(arguments.instance)
    said = ""

    def tell(words: str, progress: Progress) -> None:
        nonlocal said
        now = f"{words}: {progress.phase}"
        if now != said:
            print(f"{progress.seconds:6.1f} s  {now}", file=sys.stderr)
        said = now

    prices = price_session(
        instance,
        matrix,
        [read_runs(arguments.plan, instance)],
        SearchLimits(
            arguments.seconds, arguments.iterations, arguments.seed, arguments.bound_seconds
        ),
        on_progress=tell,
    )
    plan = prices.plan
    violations = check_session_plan(instance, matrix, plan)
    if violations:
        raise PlanRejectedError(violations)
    write_prices(arguments.out, instance, prices)
    print(f"GBP {plan.cost:,.2f} a day under the rules as they are", end="")
    print(f", no plan below GBP {plan.bound.value:,.2f}" if plan.bound else "")
    print("What each school's pupils add (an estimate, a day):")
    for s, school in enumerate(instance.schools):
        its = [p for p, who in zip(prices.riders, instance.riders, strict=True) if who.school == s]
        if its:
            print(
                f"  {school.name}: {len(its)} pupils, GBP {sum(its):,.2f} a day, from "
                f"{min(its):,.2f} to {max(its):,.2f} each"
            )
    print("What a change of one rule would save, GBP a day (below 0: cost more)")
    print("    estimated  planned again  at most (proven)")
    for rule in prices.rules:
        print(
            f"  {rule.by_prices:11,.2f}  {rule.by_planning:13,.2f}  {rule.at_most:16,.2f}  "
            f"{rule.words}"
        )
    print(f"each pupil's price is in {arguments.out.name}")
    return 0


def _compile() -> int:
    from solver.compiling import compile_kernels

    seconds = compile_kernels()
    print(f"kernels ready in {seconds:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
