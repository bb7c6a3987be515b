"""The servers of `tests.support.fixtures`, and the command `owui-keygate keys`."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from tests.support.fixtures import keygate, on, servers, stock, world, world_postgres
from tests.support.keys import Place, on_postgresql, on_sqlite

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.environments import Environment

__all__ = ["keygate", "on", "servers", "stock", "world", "world_postgres"]

_NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def sqlite(keygate: Environment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A server on SQLite, and the command `owui-keygate keys` for its database."""
    with on_sqlite(keygate, tmp_path_factory.mktemp("sqlite")) as place:
        yield place


@pytest.fixture(scope="session")
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
