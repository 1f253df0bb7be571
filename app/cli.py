"""The command line: `schoolrun authority|key|migrate|serve|worker|nightly|nights|demo|openapi`."""

from __future__ import annotations

import json
import signal
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

import typer
from sqlalchemy.exc import OperationalError

from app import keys
from app.db.migrate import migrate as migrate_database
from app.db.session import Database, open_database
from app.log import configure_logging
from app.roles import ROLES
from app.settings import Settings, get_settings
from app.storage import receive_uploads_in
from solver.domain import SchoolrunError

cli = typer.Typer(
    name="schoolrun",
    help="Plan, check, cost and tender SEN home-to-school transport.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
authority_cli = typer.Typer(help="Authorities: the councils whose data is kept.")
key_cli = typer.Typer(help="API keys. A key is shown once, when it is made.")
cli.add_typer(authority_cli, name="authority")
cli.add_typer(key_cli, name="key")

AuthorityOption = Annotated[UUID, typer.Option("--authority", help="Id of the authority")]


@cli.command()
def migrate() -> None:
    """Create or update the tables. Run it before the first start and after every update."""
    migrate_database(get_settings())
    typer.echo("The database is up to date.")


@authority_cli.command("create")
def create_authority(name: str) -> None:
    """Create an authority and print its id."""
    if not name.strip() or not name.isprintable():
        raise typer.BadParameter("give the authority's name, such as 'Example borough'")
    typer.echo(str(keys.create_authority(_open(), name.strip())))


@key_cli.command("create")
def create_key(
    authority: AuthorityOption,
    role: Annotated[str, typer.Option(help=f"One of: {', '.join(ROLES)}")],
    label: Annotated[str, typer.Option(help="What the key is for")] = "",
    days: Annotated[int | None, typer.Option(min=1, help="Days until it expires")] = None,
) -> None:
    """Create a key and print it. It cannot be shown again."""
    for known in ROLES:
        if role == known:
            key_id, key = keys.create_key(_open(), authority, known, label=label, days=days)
            typer.echo(f"Key {key_id} ({role}); keep it safe, it is not shown again:", err=True)
            typer.echo(key)
            return
    raise typer.BadParameter(f"there is no role {role!r}; the roles are: {', '.join(ROLES)}")


@key_cli.command("revoke")
def revoke_key(authority: AuthorityOption, key: UUID) -> None:
    """Revoke the key with this id from now on."""
    keys.revoke_key(_open(), authority, key)
    typer.echo("The key is revoked.")


@cli.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on")] = None,
) -> None:
    """Serve the REST API."""
    import uvicorn

    from app.http.main import create_app

    settings = get_settings()
    _prepare(settings)
    receive_uploads_in(settings.uploads_folder)
    signal.signal(signal.SIGTERM, _leave)
    uvicorn.run(
        create_app(settings),
        host=host or settings.host,
        port=port or settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
    )


@cli.command()
def worker() -> None:
    """Work on the queue: as many of these as you like, on any number of machines."""
    from app.work.worker import run_worker

    settings = get_settings()
    _prepare(settings)
    run_worker(settings)


@cli.command()
def demo(
    *,
    seconds: Annotated[float, typer.Option(min=1, help="Search seconds a scenario")] = 20.0,
    iterations: Annotated[
        int | None, typer.Option(min=1, help="A repeatable limit instead of seconds")
    ] = None,
    bound_seconds: Annotated[
        float, typer.Option(min=0, help="Seconds of each plan's lower bound; 0: none")
    ] = 20.0,
    pupils: Annotated[int, typer.Option(help="Pupils of the borough, 50 to 20,000")] = 450,
    seed: Annotated[int, typer.Option(help="Seed of the borough and of the search")] = 42,
    out: Annotated[Path, typer.Option(help="Folder for the files")] = Path("out"),
) -> None:
    """Show the main job on an invented borough: compare policies, cut lots, draw maps."""
    from rich.console import Console

    from app.demo import Choices, run_demo

    console = Console(width=None if sys.stdout.isatty() else 150)
    choices = Choices(seconds, iterations, bound_seconds, pupils, seed, out)
    run_demo(get_settings(), choices, console)


@cli.command()
def nightly(
    night: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Date of the night; today without"),
    ] = None,
    bound_seconds: Annotated[
        float | None,
        typer.Option(min=0, help="Seconds of each plan's lower bound; the setting's without"),
    ] = None,
) -> None:
    """Queue every authority's nightly solve. A second start in the same night does nothing."""
    from app.work.nightly import queue_night

    settings = get_settings()
    if bound_seconds is not None:
        settings = settings.model_copy(update={"nightly_bound_s": bound_seconds})
    configure_logging(settings.log_level)
    today = datetime.now(ZoneInfo("Europe/London")).date()
    chosen = night.date() if night else today
    nights = queue_night(_open(), settings, chosen)
    for done in nights:
        typer.echo(f"{done.authority_id}  {done.outcome}  {done.solve_id or done.text}")
    if any(done.outcome == "failed" for done in nights):
        raise typer.Exit(1)


@cli.command()
def nights(
    authority: Annotated[
        UUID | None, typer.Option(help="Only this authority; every one without")
    ] = None,
    last: Annotated[int, typer.Option(min=1, help="How many nights of each")] = 14,
) -> None:
    """Show what each night's plan costs, what changed since the plan before, and how good it is."""
    from rich.console import Console

    from app.screen import print_table
    from app.work.nights import list_nights
    from scenarios.report import build_nights_table

    database = _open()
    console = Console(width=None if sys.stdout.isatty() else 150)
    for authority_id in [authority] if authority else database.list_authorities():
        with database.of_authority(authority_id) as session:
            changes = list_nights(session)[:last]
        print_table(build_nights_table(changes), console, f"Authority {authority_id}")


@cli.command()
def openapi() -> None:
    """Print the OpenAPI document."""
    from app.http.main import create_app

    settings = get_settings()
    placeholder = Database("postgresql://none@localhost/none", settings)
    typer.echo(json.dumps(create_app(settings, placeholder).openapi(), indent=2))


def _open() -> Database:
    return open_database(get_settings())


def _prepare(settings: Settings) -> None:
    """Set up logs; the embedded database, which has no other keeper, is also brought up to date."""
    configure_logging(settings.log_level)
    if settings.database_url is None:
        migrate_database(settings)


def _leave(_number: int, _frame: object) -> None:
    """End in order when told to: the embedded database stops with its last user."""
    sys.exit(0)


def main() -> None:
    """Run the command line; our own failures are one line, not a traceback."""
    try:
        cli()
    except SchoolrunError as exc:
        typer.echo(f"schoolrun: {exc}", err=True)
        sys.exit(1)
    except OperationalError:
        typer.echo(
            "schoolrun: the database does not answer; check DATABASE_URL and that PostgreSQL runs",
            err=True,
        )
        sys.exit(1)


if __name__ == "__main__":
    main()
