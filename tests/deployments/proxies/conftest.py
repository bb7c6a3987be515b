"""A server that believes two proxies about the addresses of clients."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.behind import LIMITED, Behind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from harness.environments import Environment
    from harness.server import Server
    from tests.support.world import World


@pytest.fixture(scope="session")
def limited(
    world: World, keygate: Environment, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A server with keys off and the bypass on, from a few networks."""
    folder = tmp_path_factory.mktemp("limited") / "server"
    with world.server(keygate, folder, LIMITED) as server:
        yield server


@pytest.fixture
def behind(limited: Server, world: World, tmp_path: Path, tried: Callable[..., None]) -> Behind:
    """That server, and what a test puts in front of it."""
    return Behind(limited, world.admin.keys["valid"], tmp_path, tried)
