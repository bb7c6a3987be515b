"""The command `owui-keygate keys` beside a server that has the bypass on, on either database."""

from __future__ import annotations

import re
import sqlite3
import subprocess
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg

from harness.client import bearer
from harness.people import set_rules, sign_up
from harness.postgres import Postgres
from harness.server import BYPASS_ON, Server
from tests.support.forked import Forked
from tests.support.generations import GENERATION, RELEASE
from tests.support.signals import heeded

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.environments import Environment
    from harness.people import Person

KEEPS_TIMES = RELEASE >= (0, 6, 41)
UNKNOWN = 403 if GENERATION == "A" else 401
"""What an unknown key gets; generation A looks at its switch before it looks the key up."""
KEY = re.compile("sk-[0-9a-f]{32}")
RECORD = re.compile(
    r"owui-keygate time=[\d:TZ-]+ user=\S+ uid=\d+ change=(?P<change>[a-z-]+) "
    r"account=(?P<account>\S+)( fingerprint=(?P<key>[0-9a-f]{8}))?( until=[\d:TZ-]+)?\n"
)
PROGRESS = re.compile(r"Importing Open WebUI[^\n.;:]*\.\.\.\n")
HASH = re.compile(r"\$(2[aby]|argon2)")
DATABASE = "keys"
KEYS = (
    'SELECT email, role, key FROM "user" LEFT JOIN api_key ON user_id = "user".id '
    "ORDER BY email, key"
    if KEEPS_TIMES
    else 'SELECT email, role, api_key FROM "user" ORDER BY email'
)


@contextmanager
def on_sqlite(keygate: Environment, folder: Path) -> Iterator[Place]:
    """Start a server on a SQLite file."""
    with Server(keygate, folder, BYPASS_ON) as server:
        place = Place.of(keygate, server, None)
        with place.forked:
            yield place


@contextmanager
def on_postgresql(keygate: Environment, folder: Path) -> Iterator[Place]:
    """Start a server on PostgreSQL."""
    with Postgres() as postgres:
        settings = BYPASS_ON | {"DATABASE_URL": postgres.create(DATABASE)}
        with Server(keygate, folder, settings) as server:
            place = Place.of(keygate, server, postgres)
            with place.forked:
                yield place


def run(
    environment: Environment, settings: dict[str, str], folder: Path, *arguments: str
) -> subprocess.CompletedProcess[str]:
    """Run a command, and look at what holds for each: how it fails, and that no secret leaves.

    The records of its changes are taken out of standard error.
    """
    found = environment.run("owui-keygate", "keys", *arguments, env=settings, cwd=folder)
    return without_records(checked(without_progress(found)))


def without_progress(
    found: subprocess.CompletedProcess[str],
) -> subprocess.CompletedProcess[str]:
    """Take out of standard error what a command says while it imports the host."""
    found.stderr = PROGRESS.sub("", found.stderr)
    return found


def without_records(
    found: subprocess.CompletedProcess[str],
) -> subprocess.CompletedProcess[str]:
    """Take the records of changes out of standard error."""
    found.stderr = "".join(
        line for line in found.stderr.splitlines(keepends=True) if not RECORD.fullmatch(line)
    )
    return found


def checked(found: subprocess.CompletedProcess[str]) -> subprocess.CompletedProcess[str]:
    """Look at how a command has failed, and that no secret has left."""
    assert not KEY.search(found.stderr)
    assert not HASH.search(found.stdout + found.stderr)
    if found.returncode in (1, 3, 4):
        assert found.stdout == ""
        assert re.fullmatch(r"[^\n]+\n", found.stderr), found.stderr
    assert "Traceback" not in found.stderr
    return found


@dataclass
class Place:
    """A server with the bypass on and keys off, and its database."""

    environment: Environment
    server: Server
    postgres: Postgres | None
    first: Person
    forked: Forked

    @classmethod
    def of(cls, environment: Environment, server: Server, postgres: Postgres | None) -> Place:
        """Return that of a running server without accounts."""
        client = server.client()
        first = sign_up(client)
        set_rules(client, first, enabled=False)
        client.close()
        forked = Forked(environment, server.settings, server.folder)
        return cls(environment, server, postgres, first, forked)

    def keys(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run a command with the server's environment variables, and more.

        Other variables need a process of their own, since the host reads them when it is imported.
        """
        return self.alone(*arguments, **settings) if settings else self.quick(*arguments)

    def alone(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run a command in a process of its own, of which several can run at once."""
        variables = self.server.settings | settings
        return run(self.environment, variables, self.server.folder, *arguments)

    def quick(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run a command as `keys` does, but with the host imported before."""
        return without_records(checked(self.forked.run(*arguments, **settings)))

    def records(self, *arguments: str, **settings: str) -> list[tuple[str, str, str | None]]:
        """Run a command, and return its records: change, account and fingerprint."""
        found = checked(self.forked.run(*arguments, **settings))
        assert found.returncode == 0, found.stderr
        lines = map(RECORD.fullmatch, found.stderr.splitlines(keepends=True))
        return [(line["change"], line["account"], line["key"]) for line in lines if line]

    def start(self, redirection: str, *arguments: str) -> subprocess.Popen[str]:
        """Start a command with a redirection of the shell, such as `>&-`."""
        command = self.environment.command("owui-keygate")
        with heeded():
            return subprocess.Popen(
                ["/bin/sh", "-c", f'exec "$@" {redirection}', "sh", command, "keys", *arguments],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=self.server.settings,
                cwd=self.server.folder,
            )

    def made(self, *arguments: str) -> str:
        """Run a command that makes a key, and return that; nothing else may be printed."""
        found = self.keys(*arguments)
        assert found.returncode == 0, found.stderr
        assert KEY.fullmatch(found.stdout.removesuffix("\n")), found.stdout
        assert found.stdout.endswith("\n")
        return found.stdout.strip()

    def status(self, key: str) -> int:
        """Return what a key gets at a route for administrators."""
        client = self.server.client()
        try:
            return client.request("GET", "/api/v1/auths/admin/config", bearer(key)).status
        finally:
            client.close()

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        """Run a statement in the database behind everybody's back."""
        if self.postgres is not None:
            return self.postgres.execute(statement, (), DATABASE)
        file = self.server.folder / "data" / "webui.db"
        with closing(sqlite3.connect(file)) as database, database:
            return database.execute(statement).fetchall()

    def everything(self) -> list[tuple[Any, ...]]:
        """Return all accounts, keys and credentials."""
        return [*self.execute(KEYS), *self.execute("SELECT email, password FROM auth ORDER BY id")]

    @contextmanager
    def no_new_keys(self) -> Iterator[None]:
        """Let the database refuse every new key, with a text that names it."""
        table, column = ("api_key", "key") if KEEPS_TIMES else ('"user"', "api_key")
        if self.postgres is not None:
            rule = f"CHECK ({column} IS NULL) NOT VALID"
            self.execute(f"ALTER TABLE {table} ADD CONSTRAINT refused {rule}")
        else:
            deed = "INSERT ON" if KEEPS_TIMES else "UPDATE OF api_key ON"
            body = "BEGIN SELECT RAISE(ABORT, 'refused'); END"
            self.execute(f"CREATE TRIGGER refused BEFORE {deed} {table} {body}")
        try:
            yield
        finally:
            if self.postgres is not None:
                self.execute(f"ALTER TABLE {table} DROP CONSTRAINT refused")
            else:
                self.execute("DROP TRIGGER refused")

    @contextmanager
    def at_the_commit(self, body: str) -> Iterator[None]:
        """Let PostgreSQL do something whenever a transaction that changed a key is committed."""
        table = "api_key" if KEEPS_TIMES else '"user"'
        deeds = "INSERT OR UPDATE OR DELETE" if KEEPS_TIMES else "UPDATE OF api_key"
        self.execute(
            "CREATE FUNCTION at_the_commit() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN {body}; RETURN NULL; END $$"
        )
        self.execute(
            f"CREATE CONSTRAINT TRIGGER at_the_commit AFTER {deeds} ON {table} DEFERRABLE "
            "INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION at_the_commit()"
        )
        try:
            yield
        finally:
            self.execute("DROP FUNCTION at_the_commit CASCADE")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the database as another program would that is in the middle of a change."""
        if self.postgres is not None:
            with psycopg.connect(self.postgres.url(DATABASE)) as connection:
                connection.execute('LOCK TABLE "user" IN ACCESS EXCLUSIVE MODE')
                yield
            return
        with closing(sqlite3.connect(self.server.folder / "data" / "webui.db")) as database:
            database.execute("BEGIN EXCLUSIVE")
            yield
            database.rollback()
