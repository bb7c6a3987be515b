"""The tests that clients carry in their source distributions, where these talk to a server."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from dev.outcomes import count, differing
from harness import people
from harness.environments import client_environment
from harness.server import BYPASS_ON
from harness.sources import unpack
from tests.support.clients import Pair, keys_on_stock, version
from tests.support.own_tests import SUITES, Suite, answers, every_route

if TYPE_CHECKING:
    from pathlib import Path

    from harness.environments import Environment
    from tests.support.tried import Tried
    from tests.support.world import World


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.package)
def test_they_come_to_the_same_as_on_stock_with_keys_on(
    pair: Pair, world: World, tmp_path: Path, tried: Tried, suite: Suite
) -> None:
    environment = client_environment(suite.environment)
    folder = unpack(suite.package, tmp_path)
    admin, user = (who.keys["valid"] for who in (world.admin, world.permitted))
    with keys_on_stock(pair, world):
        let_in = suite.run(environment, folder, pair.stock, admin)
    assert suite.run(environment, folder, pair.on, admin) == let_in
    refused = suite.run(environment, folder, pair.stock, admin)
    assert suite.run(environment, folder, pair.on, user) == refused
    through = [test for test in differing(let_in, refused) if let_in.get(test) == "passed"]
    assert through
    tried(
        f"the tests that `{suite.package}` carries",
        f"{count(let_in)}, as on stock with keys on; {len(through)} of them need a key that works",
        **version(suite.environment, suite.package),
    )


def test_every_route_answers_as_on_stock_with_keys_on(
    world: World, stock: Environment, keygate: Environment, tmp_path: Path, tried: Tried
) -> None:
    key = world.admin.keys["valid"]
    found = []
    for environment, name, on in ((stock, "stock", True), (keygate, "bypass", False)):
        folder = unpack("pyopenwebui", tmp_path / name)
        with world.server(environment, tmp_path / f"{name}-server", BYPASS_ON) as server:
            with closing(server.client()) as client:
                people.set_rules(client, world.first, enabled=on)
            outcomes = every_route(client_environment("pyopenwebui"), folder, server, key)
            found.append((outcomes, answers(server)))
    (outcomes, by_stock), (by_key, by_ours) = found
    assert by_key == outcomes
    assert by_ours == by_stock
    routes = {request for request, _ in by_stock}
    tried(
        "the tests that `pyopenwebui` carries, one for each route",
        f"{count(outcomes)}, and the status of each of {len(routes)} requests, "
        "as on stock with keys on",
        **version("pyopenwebui"),
    )
