"""The data that servers start from, and three servers that have it."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.environments import Environment
    from harness.people import Person
    from harness.postgres import Postgres

DATABASE = "world"
"""The database of the world in PostgreSQL, which those of the servers are copies of."""


@dataclass
class World:
    """Data that servers start from, and the people in it."""

    folder: Path
    postgres: Postgres | None
    first: Person
    admin: Person
    permitted: Person
    plain: Person
    pending: Person

    @property
    def subjects(self) -> dict[str, Person]:
        """The people whose keys are tried, by what they are."""
        return {
            "admin": self.admin,
            "permitted": self.permitted,
            "plain": self.plain,
            "pending": self.pending,
        }

    @property
    def secrets(self) -> set[str]:
        """Every key and session token that the people of this world ever had."""
        everybody = [self.first, *self.subjects.values()]
        return {who.session for who in everybody}.union(*(who.keys.values() for who in everybody))

    def copy(self, folder: Path) -> Path:
        """Copy the data to a folder that a server can start in."""
        shutil.copytree(self.folder / "data", folder / "data")
        return folder

    def server(
        self,
        environment: Environment,
        folder: Path,
        settings: dict[str, str] | None = None,
        command: list[str] | None = None,
    ) -> Server:
        """Return a server with a copy of the data, about to be started."""
        settings = dict(settings or {})
        if self.postgres is not None:
            settings["DATABASE_URL"] = self.postgres.create(folder.name, template=DATABASE)
        return Server(environment, self.copy(folder), settings, command)

    def execute(self, server: Server, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Run a statement in the database of a server; `?` stands for a parameter."""
        if self.postgres is not None:
            statement = statement.replace("?", "%s")
            return self.postgres.execute(statement, parameters, server.folder.name)
        with closing(sqlite3.connect(server.folder / "data" / "webui.db")) as database, database:
            return database.execute(statement, parameters).fetchall()


@dataclass
class Servers:
    """The same data, served by the stock host and with the extension, bypass off and on."""

    stock: Server
    off: Server
    on: Server

    def __iter__(self) -> Iterator[Server]:
        """Yield each of them."""
        return iter((self.stock, self.off, self.on))
