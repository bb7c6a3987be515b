"""Servers of the real host: one stock, two with the extension, all with a copy of the same data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness import people
from harness.environments import HOST_DATABASE, Environment, host_environment
from harness.postgres import Postgres
from harness.server import BYPASS_ON, Server, running
from tests.support.world import DATABASE, Servers, World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.client import Client


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
