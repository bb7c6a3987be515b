"""PgBouncer in front of a PostgreSQL, Debian 12's and Debian 13's, on a Unix socket.

`python -m harness.pgbouncer` unpacks Debian 13's, where tests would wait for it.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import psycopg

from harness.environments import ROOT, say
from harness.waiting import wait_until

if TYPE_CHECKING:
    from harness.postgres import Postgres

NEWER = ROOT / "target" / "trixie-pgbouncer"
"""Keeps Debian 13's between runs."""
PORT = 6432
SETTINGS = {
    "admin_users": "postgres",
    "auth_type": "trust",
    "listen_addr": "",
    "listen_port": str(PORT),
    # As often as once a second, and not every 15, so that a restart is over soon.
    "server_login_retry": "1",
    # While PostgreSQL is down, a client waits for so many seconds, and not for two minutes.
    "query_wait_timeout": "3",
}


def debian_12() -> list[str]:
    """Return the command of the version that knows no prepared statements."""
    return ["/usr/sbin/pgbouncer"]


def debian_13() -> list[str]:
    """Return the command of a version that knows them, with the libraries of its own Debian."""
    command = NEWER / "usr" / "sbin" / "pgbouncer"
    if not command.is_file():
        say("Unpacking Debian 13's PgBouncer ...")
        NEWER.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=NEWER.parent) as folder:
            made = Path(folder) / "made"
            options = ("--quiet", "--variant=extract", "--include=pgbouncer")
            subprocess.run(["/usr/bin/mmdebstrap", *options, "trixie", made], check=True)
            made.rename(NEWER)
    [loader] = NEWER.glob("usr/lib/*/ld-linux-*.so.*")
    return [str(loader), "--library-path", str(loader.parent), str(command)]


def version_of(command: list[str]) -> str:
    """Return the version that a command says it is."""
    said = subprocess.check_output([*command, "--version"], text=True)
    [version] = re.findall(r"PgBouncer (\S+)", said)
    return str(version)


class PgBouncer:
    """A running PgBouncer; a context manager.

    Args:
        command: Which one: `debian_12()` or `debian_13()`.
        postgres: The server behind it.
        settings: Its settings on top of `SETTINGS`.
    """

    def __init__(self, command: list[str], postgres: Postgres, **settings: object) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="keygate-pgbouncer-")
        self.folder = Path(self._temporary.name)
        self._command = command
        self._owner = postgres.folder.stat()
        self._process: subprocess.Popen[bytes] | None = None
        made = {"unix_socket_dir": self.folder, "auth_file": self.folder / "users"}
        lines = [f"{name} = {value}" for name, value in (SETTINGS | made | settings).items()]
        text = ["[databases]", f"* = host={postgres.folder}", "[pgbouncer]", *lines, ""]
        (self.folder / "pgbouncer.ini").write_text("\n".join(text))
        (self.folder / "users").write_text('"postgres" ""\n')
        for file in (self.folder, *self.folder.iterdir()):
            # PostgreSQL lets nobody but its own user into the folder of its socket.
            os.chown(file, self._owner.st_uid, self._owner.st_gid)

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self.stop()
        self._temporary.cleanup()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._command, str(self.folder / "pgbouncer.ini")],
                user=self._owner.st_uid,
                group=self._owner.st_gid,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        wait_until(self._answers, self.log)

    def stop(self) -> None:
        """Stop it at once, and break every connection to it."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()

    def url(self, database: str) -> str:
        """Return the address of a database behind it, as the host takes it."""
        return f"postgresql://postgres:@/{database}?host={self.folder}&port={PORT}"

    def execute(self, statement: str, database: str = "pgbouncer") -> list[tuple[Any, ...]]:
        """Run a statement through it, by default one of its own console, and return its rows."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def log(self) -> str:
        """Return the end of what it has said."""
        return (self.folder / "log").read_text()[-4000:]

    def _answers(self) -> bool:
        if self._process is None or self._process.poll() is not None:
            raise RuntimeError(self.log())
        try:
            return bool(self.execute("SHOW VERSION"))
        except psycopg.OperationalError:
            return False


if __name__ == "__main__":
    debian_13()
