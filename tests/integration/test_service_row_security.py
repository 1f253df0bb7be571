"""One authority never sees another's rows: not through the service, not through its raw role."""

from __future__ import annotations

from datetime import date
from uuid import UUID, uuid4

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from installation import Council, Installation
from sqlalchemy import create_engine

from app.db.migrate import MigrationError, migrate
from app.db.session import to_sqlalchemy
from app.db.tables import Row
from app.parcels import lend_parcel
from app.settings import Settings
from app.work.nightly import queue_night

TABLES = sorted(Row.metadata.tables)


@pytest.fixture(scope="module")
def owner(installation: Installation) -> psycopg.Connection:
    with psycopg.connect(installation.owner_url, autocommit=True) as connection:
        yield connection


def test_every_table_forces_row_security(owner: psycopg.Connection) -> None:
    rows = owner.execute(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') "
        "AND relnamespace = 'public'::regnamespace "
        "AND NOT (relrowsecurity AND relforcerowsecurity)"
    ).fetchall()
    unforced = {name for (name,) in rows}
    queue = {name for name in unforced if name.startswith("procrastinate_")}
    assert unforced - queue == {"alembic_version"}


def test_every_table_has_the_authority_first_in_its_key() -> None:
    for name, table in Row.metadata.tables.items():
        assert next(iter(table.primary_key.columns)).name == "authority_id", name


def test_every_view_would_run_as_its_caller(owner: psycopg.Connection) -> None:
    views = owner.execute(
        "SELECT relname FROM pg_class WHERE relkind IN ('v', 'm') "
        "AND relnamespace = 'public'::regnamespace "
        "AND NOT coalesce(reloptions @> ARRAY['security_invoker=true'], false)"
    ).fetchall()
    assert views == []


def test_no_function_runs_with_its_owners_rights(owner: psycopg.Connection) -> None:
    functions = owner.execute(
        "SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace"
    ).fetchall()
    assert functions == []


def test_the_service_owns_nothing_and_cannot_pass_by(owner: psycopg.Connection) -> None:
    role = owner.execute(
        "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles "
        "WHERE rolname = 'schoolrun_service'"
    ).fetchone()
    assert role == (False, False, False, False)
    owned = owner.execute(
        "SELECT count(*) FROM pg_class WHERE relowner = 'schoolrun_service'::regrole"
    ).fetchone()
    assert owned == (0,)


@pytest.fixture(scope="module")
def _filled(
    installation: Installation,
    council: Council,
    other_council: Council,
    owner: psycopg.Connection,
) -> None:
    """Rows of both authorities in every table."""
    queue_night(installation.database, installation.settings, date(2026, 1, 1))
    for each in (council, other_council):
        body = {"scenario_id": each.scenario["id"]}
        key = {"Idempotency-Key": "fill"}
        solve = each.planner.post("/v1/solves", json=body, headers=key).raise_for_status().json()
        owner.execute(
            "INSERT INTO plan (authority_id, id, solve_id, dataset_id, name, pricing, is_as_is, "
            "content_hash, year_pence, summary, route_costs) "
            "VALUES (%s, %s, %s, %s, '', '', false, '', 0, '{}', '[]')",
            [each.authority, uuid4(), solve["id"], each.dataset["id"]],
        )
        with installation.database.of_authority(each.authority) as session:
            lend_parcel(session, each.authority, UUID(solve["id"]), "nobody", b"")


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.usefixtures("_filled")
def test_raw_role_sees_its_own_rows_only(
    installation: Installation, council: Council, other_council: Council, table: str
) -> None:
    service = installation.settings.database_url
    assert service is not None
    with psycopg.connect(service, autocommit=True) as connection:
        unset = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
        assert unset == (0,)
        for owner in (council.authority, other_council.authority):
            with connection.transaction():
                connection.execute(
                    "SELECT set_config('schoolrun.authority', %s, true)", [str(owner)]
                )
                rows = connection.execute(
                    f"SELECT DISTINCT authority_id FROM {table}".encode()
                ).fetchall()
            assert {found for (found,) in rows} == {owner}
        after = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
        assert after == (0,)


def test_raw_role_cannot_write_another_authoritys_row(
    installation: Installation, council: Council, other_council: Council
) -> None:
    service = installation.settings.database_url
    assert service is not None
    with psycopg.connect(service) as connection, connection.transaction(force_rollback=True):
        connection.execute(
            "SELECT set_config('schoolrun.authority', %s, true)", [str(council.authority)]
        )
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            connection.execute(
                "INSERT INTO nightly_run (authority_id, night, outcome, text) "
                "VALUES (%s, '2026-01-01', 'queued', '')",
                [other_council.authority],
            )


def test_listing_authorities_opens_no_other_table(
    installation: Installation, council: Council
) -> None:
    service = installation.settings.database_url
    assert service is not None
    with psycopg.connect(service) as connection, connection.transaction():
        connection.execute("SELECT set_config('schoolrun.list_authorities', 'on', true)")
        listed = connection.execute("SELECT authority_id FROM authority").fetchall()
        assert (council.authority,) in listed
        for table in TABLES:
            if table != "authority":
                rows = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
                assert rows == (0,), table


def test_reference_cannot_leave_the_authority(
    owner: psycopg.Connection, council: Council, other_council: Council
) -> None:
    with owner.transaction(force_rollback=True), pytest.raises(psycopg.errors.ForeignKeyViolation):
        owner.execute(
            "INSERT INTO dataset_file "
            "(authority_id, id, dataset_id, kind, content_hash, size_bytes) "
            "VALUES (%s, %s, %s, 'pupils', '', 0)",
            [council.authority, uuid4(), other_council.dataset["id"]],
        )


def test_queue_holds_ids_only(owner: psycopg.Connection) -> None:
    columns = owner.execute(
        "SELECT table_name, column_name FROM information_schema.columns "
        "WHERE table_name LIKE 'procrastinate%' AND data_type IN ('jsonb', 'json', 'text')"
    ).fetchall()
    assert columns == [("procrastinate_jobs", "args")] or set(columns) == {
        ("procrastinate_jobs", "args"),
        ("procrastinate_jobs", "lock"),
        ("procrastinate_jobs", "queueing_lock"),
    }
    keys = owner.execute(
        "SELECT DISTINCT jsonb_object_keys(args) FROM procrastinate_jobs"
    ).fetchall()
    assert {key for (key,) in keys} <= {"authority", "solve", "parcel", "timestamp"}


def test_service_may_not_be_the_owner(installation: Installation) -> None:
    careless = Settings(database_url=installation.owner_url)
    with pytest.raises(MigrationError, match="must not connect as the owner"):
        migrate(careless)


def test_models_and_migrations_agree(installation: Installation) -> None:
    engine = create_engine(to_sqlalchemy(installation.owner_url))
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "include_object": lambda _object, name, kind, *_rest: (
                    not (kind == "table" and str(name).startswith("procrastinate"))
                ),
            },
        )
        assert compare_metadata(context, Row.metadata) == []
    engine.dispose()
