"""Servers of the real host: one stock, two with the extension, all with a copy of the same data."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from harness import people
from harness.environments import Environment, host_environment
from harness.server import BYPASS_ON, Server, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.client import Client
    from harness.people import Person


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


@pytest.fixture(scope="session")
def world(stock: Environment, tmp_path_factory: pytest.TempPathFactory) -> World:
    """People whose keys were made, replaced and deleted on a stock server; keys are off now."""
    folder = tmp_path_factory.mktemp("world")
    with Server(stock, folder, people.ADMIN_SETTINGS) as server:
        client = server.client()
        first = people.sign_in(client, people.FIRST_ADMIN)
        people.set_rules(client, first, enabled=True)
        people.let_everybody_make_keys(client, first, allowed=True)
        made = World(
            folder,
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
        stock=Server(stock, world.copy(folder / "stock")),
        off=Server(keygate, world.copy(folder / "off")),
        on=Server(keygate, world.copy(folder / "on"), BYPASS_ON),
    )
    with running([*made]):
        yield made


@pytest.fixture
def on(servers: Servers) -> Iterator[Client]:
    """A client of the server with the bypass on."""
    client = servers.on.client()
    yield client
    client.close()
