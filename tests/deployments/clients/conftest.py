"""Servers that have models, and the model server behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.model_server import ModelServer, model_server
from harness.postgres import Postgres
from harness.server import BYPASS_ON
from tests.support.clients import Pair, connected, inspected

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.environments import Environment
    from tests.support.world import World


@pytest.fixture(scope="session")
def models() -> Iterator[ModelServer]:
    """The server of the models."""
    with model_server() as server:
        yield server


@pytest.fixture(scope="session")
def pair(
    world: World,
    stock: Environment,
    keygate: Environment,
    models: ModelServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Pair]:
    """The stock host, and one with the bypass on; both can read files."""
    folder = tmp_path_factory.mktemp("pair")
    with Postgres() as vectors:
        on_stock, on = ({"PGVECTOR_DB_URL": vectors.create(name)} for name in ("stock", "on"))
        made = Pair(
            inspected(world, stock, folder / "with-stock", on_stock),
            inspected(world, keygate, folder / "with-bypass", on | BYPASS_ON),
        )
        with connected(world, models, *made):
            yield made
