"""The demonstration borough: today's contract beside four other policies, lots, maps and files."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from app import keys
from app.db.migrate import migrate
from app.db.session import open_database
from app.demo.client import Client
from app.demo.service import run_service
from app.screen import print_table
from app.settings import Settings
from data.demo import BOROUGH_NAME, BoroughFiles, write_borough
from scenarios.comparison import Comparison
from scenarios.definitions import list_definitions
from scenarios.report import build_comparison_table, build_lots_table
from scenarios.report.units import round_bound, round_gap
from solver.domain import Lotting

CHOSEN = "Shared assistants"
"""The scenario whose routes are cut into lots."""
_LOTS_ON_SCREEN = 8
_WORKBOOK_ONLY = ("References",)
_ROUNDS = ((0.6, "", False), (0.4, ", again", True))
"""Of each round of solves: its share of the seconds, what is added to the scenario's name, and
whether it proves a lower bound."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What the caller may set: limits of each scenario's search, and the borough.

    `bound_seconds` is the time of a scenario's lower bound, on top of its search.
    """

    seconds: float
    iterations: int | None
    bound_seconds: float
    pupils: int
    seed: int
    out: Path


def run_demo(settings: Settings, choices: Choices, console: Console) -> None:
    """Make the borough, put it through the service, show the answer and leave files in `out`."""
    began = time.monotonic()
    out = choices.out
    if (out / "borough").exists():
        shutil.rmtree(out / "borough")
    out.mkdir(parents=True, exist_ok=True)
    console.rule(f"[bold]{BOROUGH_NAME}")
    console.print(
        f"Synthetic: {choices.pupils:,} invented pupils on real postcodes, invented schools, roads "
        f"and contract. Nothing here is a real child, school or price."
    )
    borough = write_borough(out / "borough", pupils=choices.pupils, seed=choices.seed)
    console.print(f"The council's files, as a council would hand them in: {out / 'borough'}")
    migrate(settings)
    with run_service(settings) as url:
        key = _make_key(settings)
        console.print(f"The service runs at {url} with one worker.")
        client = Client(url, key)
        try:
            _show(client, borough, choices, console)
        finally:
            client.close()
    key_file = out / "planner-key.txt"
    key_file.write_text(key + "\n", encoding="utf-8")
    key_file.chmod(0o600)
    _say_how_to_go_on(key_file, console, time.monotonic() - began)


def _make_key(settings: Settings) -> str:
    database = open_database(settings)
    try:
        authority = keys.create_authority(database, BOROUGH_NAME)
        return keys.create_key(database, authority, "planner", label="demonstration")[1]
    finally:
        database.close()


def _show(client: Client, borough: BoroughFiles, choices: Choices, console: Console) -> None:
    roads = client.upload_roads("roads of the demo borough", borough.roads)
    dataset = client.upload_dataset(BOROUGH_NAME, _list_files(borough), is_synthetic=True)
    counts = ", ".join(f"{value:,} {kind}" for kind, value in dataset["counts"].items() if value)
    console.print(f"Uploaded and checked: {counts}.")
    with Progress(
        TextColumn("{task.description:<28}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[note]}"),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
    ) as progress:
        solves = _solve_all(client, (dataset["id"], roads["id"]), choices, progress)
    ids = [solve["id"] for solve in solves.values()]
    answer = client.get("/v1/comparison", solve=ids)["comparison"]
    comparison = TypeAdapter(Comparison).validate_python(answer)
    print_table(build_comparison_table(comparison), console, "What next year costs")
    chosen = solves[CHOSEN]["plans"][0]["id"]
    _show_lots(client, chosen, console)
    _download(client, solves, ids, choices.out, console)


def _solve_all(
    client: Client, data: tuple[str, str], choices: Choices, progress: Progress
) -> dict[str, dict[str, Any]]:
    """Value the contract and solve every scenario; return the last solve of each by name.

    Each scenario is solved twice. The second time starts from everybody's plans, so that a policy
    which allows more is not shown as dearer only because it was solved before the others; it also
    proves a lower bound.
    """
    solves: dict[str, dict[str, Any]] = {}
    dataset_id, roads_id = data
    today = client.create_scenario("As-is contract", dataset_id, roads_id, [])
    with _watch(progress, "As-is contract", 1.0) as (tell, done):
        solves["As-is contract"] = client.solve(today, "as_is", {}, tell)
        done(solves["As-is contract"])
    definitions = list_definitions()
    scenarios = {
        d.name: client.create_scenario(d.name, dataset_id, roads_id, d.raw_levers)
        for d in definitions
    }
    for share, addition, is_proven in _ROUNDS:
        for name, scenario in scenarios.items():
            limits = _limits(choices, share, choices.bound_seconds if is_proven else 0.0)
            total = limits.get("seconds", 1.0) + limits["bound_seconds"]
            with _watch(progress, name + addition, total) as (tell, done):
                solves[name] = client.solve(scenario, "scenario", limits, tell)
                done(solves[name])
    return solves


def _describe_plan(solve: Mapping[str, Any]) -> str:
    """Say what a solve's plan costs and, where its bound is known, how good it is at least."""
    plan = solve["plans"][-1]
    said = f"£{plan['year_pence'] / 100:,.0f} a year, checked"
    if plan["gap_at_most"] is None:
        return said
    bound, gap = round_bound(plan["lower_bound_gbp"]), round_gap(plan["gap_at_most"])
    day = f"a day £{plan['day_objective_gbp']:,.2f}, none below £{bound:,}"
    return f"{said}; {day}: gap at most {gap:.1%}"


@contextmanager
def _watch(
    progress: Progress, title: str, total: float
) -> Iterator[tuple[Callable[[dict[str, Any]], None], Callable[[dict[str, Any]], None]]]:
    """Give what to call with each event of a solve, and with the solve at its end."""
    task = progress.add_task(title, total=total, note="waiting")

    def tell(content: dict[str, Any]) -> None:
        progress.update(task, completed=content.get("seconds", 0.0), note=_describe(content))

    def done(solve: dict[str, Any]) -> None:
        note = _describe_plan(solve)
        progress.update(task, total=1.0, completed=1.0, note=note)
        if not progress.console.is_terminal:  # bars are drawn at the very end there
            progress.console.print(f"{title}: {note}")

    yield tell, done


def _list_files(borough: BoroughFiles) -> list[tuple[str, Path]]:
    files = []
    for kind, path in _fields_of(borough.council).items():
        if isinstance(path, tuple):
            files += [(kind, each) for each in path]
        elif path is not None:
            files.append((kind, path))
    return files


def _fields_of(record: Any) -> dict[str, Any]:
    """Return the fields of a frozen record with slots."""
    return {name: getattr(record, name) for name in record.__dataclass_fields__}


def _limits(choices: Choices, share: float, bound_seconds: float) -> dict[str, Any]:
    limits: dict[str, Any] = {"seed": choices.seed, "bound_seconds": bound_seconds}
    if choices.iterations is not None:
        return limits | {"iterations": max(1, round(share * choices.iterations))}
    return limits | {"seconds": max(1.0, share * choices.seconds)}


def _describe(content: dict[str, Any]) -> str:
    if "objective" not in content:
        return str(content.get("phase", "working"))
    said = (
        f"{content.get('session', '')} {content.get('phase', '')}: "
        f"£{content['objective']:,.0f} a day, {content.get('runs', 0)} runs"
    )
    bound = content.get("bound")
    return said if bound is None else f"{said}, none below £{round_bound(bound):,}"


def _show_lots(client: Client, plan_id: str, console: Console) -> None:
    answer = client.get(f"/v1/plans/{plan_id}/lots")
    for lotting in TypeAdapter(tuple[Lotting, ...]).validate_python(answer["lottings"]):
        table = build_lots_table(lotting)
        title = f"{CHOSEN}: {len(lotting.lots)} lots {lotting.way}"
        print_table(table, console, title, most=_LOTS_ON_SCREEN, left_out=_WORKBOOK_ONLY)
        if lotting.year_pence != answer["year_pence"]:
            raise AssertionError(f"lots {lotting.way} do not add up to the plan")
    console.print(
        f"Each way adds up to the plan's £{answer['year_pence'] / 100:,.2f} a year, to the penny."
    )


def _download(
    client: Client,
    solves: Mapping[str, dict[str, Any]],
    ids: list[str],
    out: Path,
    console: Console,
) -> None:
    client.download("/v1/comparison.xlsx", out / "comparison.xlsx", solve=ids)
    console.print(f"\n[bold]Files[/bold] in {out}:\n  comparison.xlsx")
    for name, solve in solves.items():
        plan = solve["plans"][-1]["id"]
        stem = name.lower().replace(" ", "-")
        client.download(f"/v1/plans/{plan}/map.png", out / f"{stem}.png")
        client.download(f"/v1/plans/{plan}/routes.geojson", out / f"{stem}.geojson")
        client.download(f"/v1/plans/{plan}/plan.gpkg", out / f"{stem}.gpkg")
        client.download(f"/v1/plans/{plan}/workbook.xlsx", out / f"{stem}.xlsx")
        console.print(f"  {stem}.png, .geojson, .gpkg, .xlsx")


def _say_how_to_go_on(key_file: Path, console: Console, seconds: float) -> None:
    console.print(
        f"\nDone in {seconds:.0f} seconds. Everything is stored. To open it again:\n"
        f"  ./run serve        the API at http://127.0.0.1:8000; what it offers: /v1/openapi.json\n"
        f"  ./run worker       in a second terminal, to solve more\n"
        f"Your key (role planner) is in {key_file}: send it as 'Authorization: Bearer KEY'."
    )
