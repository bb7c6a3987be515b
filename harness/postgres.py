"""A real PostgreSQL of one's own, from the package `pgserver`."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import warnings
from pathlib import Path
from typing import Any, Self

import psycopg

with warnings.catch_warnings():
    # It warns at import where XDG_RUNTIME_DIR is not set, which is so on a bare machine.
    warnings.simplefilter("ignore")
    from pgserver._commands import POSTGRES_BIN_PATH
    from pgserver.postgres_server import PostgresServer, get_server


class Postgres:
    """A PostgreSQL on a Unix socket; a context manager.

    Attributes:
        folder: Holds the data, the socket and the log. It is not under the folder of a test run,
            as pytest shuts others out of that, and PostgreSQL runs as a user of its own.
    """

    def __init__(self) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="keygate-postgres-")
        self.folder = Path(self._temporary.name) / "data"
        self._server: PostgresServer | None = None

    def __enter__(self) -> Self:
        """Start the server."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the server and remove its data."""
        self.stop()
        self._temporary.cleanup()

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        self._server = get_server(self.folder)

    def stop(self) -> None:
        """Stop the server, and break every connection to it."""
        server, self._server = self._server, None
        if server is not None:
            server.cleanup()

    def url(self, database: str = "postgres") -> str:
        """Return the address of a database, as the host takes it."""
        return f"postgresql://postgres:@/{database}?host={self.folder}"

    def create(self, database: str, template: str | None = None) -> str:
        """Make a database, a copy of another if one is named, and return its address."""
        copied = f' TEMPLATE "{template}"' if template else ""
        self.execute(f'CREATE DATABASE "{database}"{copied}')
        return self.url(database)

    def execute(
        self, statement: str, parameters: tuple[object, ...] = (), database: str = "postgres"
    ) -> list[tuple[Any, ...]]:
        """Run a statement, commit it and return its rows."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement.encode(), parameters or None)
            return cursor.fetchall() if cursor.description else []


class Replica(Postgres):
    """A copy of another PostgreSQL that follows it until it is promoted; a context manager."""

    def __init__(self, primary: Postgres) -> None:
        super().__init__()
        command = POSTGRES_BIN_PATH / "pg_basebackup"
        options = ("--write-recovery-conf", "--checkpoint=fast", "--username=postgres")
        places = (f"--host={primary.folder}", f"--pgdata={self.folder}")
        subprocess.run([command, *options, *places], check=True)
        # What belongs to the running primary: its log, the lock of its socket, who uses it.
        for name in ("log", ".s.PGSQL.5432.lock", ".handle_pids.json"):
            (self.folder / name).unlink()
        owner = primary.folder.stat()
        for file in (self.folder, *self.folder.rglob("*")):
            shutil.chown(file, owner.st_uid, owner.st_gid)

    def promote(self) -> None:
        """Let it be a primary, and wait until it is."""
        self.execute("SELECT pg_promote()")
