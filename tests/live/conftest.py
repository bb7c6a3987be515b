"""Servers of the real host: one stock, two with the extension, all with a copy of the same data."""

from __future__ import annotations

import itertools
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from harness import people
from harness.environments import HOST_DATABASE, Environment, host_environment
from harness.postgres import Postgres
from harness.server import BYPASS_ON, Server, running
from tests.support.keys import Place, on_postgresql, on_sqlite

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.client import Client
    from harness.people import Person


DATABASE = "world"
_NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def stock() -> Environment:
    """The host without the extension."""
    return host_environment(with_wheel=False)


@pytest.fixture(scope="session")
def keygate() -> Environment:
    """The host with the built wheel, and a native module in it."""
    environment = host_environment(with_wheel=True)
    assert list(environment.site_packages.glob("owui_keygate/_native.abi3.so"))
    return environment


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


@pytest.fixture(scope="session")
def world_postgres() -> Iterator[Postgres | None]:
    """The PostgreSQL that holds all data, where that is what is asked for."""
    if HOST_DATABASE != "postgresql":
        yield None
        return
    with Postgres() as server:
        yield server


@pytest.fixture(scope="session")
def world(
    stock: Environment, world_postgres: Postgres | None, tmp_path_factory: pytest.TempPathFactory
) -> World:
    """People whose keys were made, replaced and deleted on a stock server; keys are off now."""
    folder = tmp_path_factory.mktemp("world")
    settings = {}
    if world_postgres is not None:
        settings["DATABASE_URL"] = world_postgres.create(DATABASE)
    with Server(stock, folder, settings) as server:
        client = server.client()
        first = people.sign_up(client)
        people.set_rules(client, first, enabled=True)
        people.let_everybody_make_keys(client, first, allowed=True)
        made = World(
            folder,
            world_postgres,
            first,
            admin=people.add_person(client, first, "admin", "admin"),
            permitted=people.add_person(client, first, "permitted", "user"),
            plain=people.add_person(client, first, "plain", "user"),
            pending=people.add_person(client, first, "pending", "user"),
        )
        first.keys["valid"] = people.make_key(client, first)
        for person in made.subjects.values():
            person.keys["replaced"] = people.make_key(client, person)
            person.keys["deleted"] = people.make_key(client, person)
            people.delete_key(client, person)
            person.keys["valid"] = people.make_key(client, person)
        if people.keys_need_permission(client, first):
            people.let_make_keys(client, first, made.permitted)
            people.let_everybody_make_keys(client, first, allowed=False)
        people.set_role(client, first, made.pending, "pending")
        people.set_rules(client, first, enabled=False)
        client.close()
    return made


@dataclass
class Servers:
    """The same data, served by the stock host and with the extension, bypass off and on."""

    stock: Server
    off: Server
    on: Server

    def __iter__(self) -> Iterator[Server]:
        """Yield each of them."""
        return iter((self.stock, self.off, self.on))


@pytest.fixture(scope="session")
def servers(
    world: World, stock: Environment, keygate: Environment, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Servers]:
    """Three servers that run as long as the tests; each test sets the rules it needs."""
    folder = tmp_path_factory.mktemp("servers")
    made = Servers(
        stock=world.server(stock, folder / "stock"),
        off=world.server(keygate, folder / "off"),
        on=world.server(keygate, folder / "on", BYPASS_ON),
    )
    with running([*made]):
        yield made


@pytest.fixture
def on(servers: Servers) -> Iterator[Client]:
    """A client of the server with the bypass on."""
    client = servers.on.client()
    yield client
    client.close()


@pytest.fixture(scope="module")
def sqlite(keygate: Environment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A server on SQLite, and the command `owui-keygate keys` for its database."""
    with on_sqlite(keygate, tmp_path_factory.mktemp("sqlite")) as place:
        yield place


@pytest.fixture(scope="module")
def postgresql(keygate: Environment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The same on PostgreSQL."""
    with on_postgresql(keygate, tmp_path_factory.mktemp("postgresql")) as place:
        yield place


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest) -> Place:
    """A server on either database, for what depends on it."""
    made: Place = request.getfixturevalue(request.param)
    return made


@pytest.fixture
def email() -> str:
    """An address nobody has an account with."""
    return f"bot-{next(_NUMBERS)}@example.org"
