"""The tests that clients carry in their source distributions, where these talk to a server."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from dev.outcomes import Outcomes, count, differing, run_pytest
from harness.environments import Environment, client_environment
from harness.model_server import ECHO
from harness.sources import unpack
from tests.support.clients import Pair, keys_on_stock, version

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from harness.server import Server
    from tests.support.tried import Tried
    from tests.support.world import World


class Suite(NamedTuple):
    """The tests of a client.

    Attributes:
        package: The name of its source distribution.
        environment: The name of its requirements in harness/clients/.
        run: Runs them in an environment and a folder, on a server and with a key.
    """

    package: str
    environment: str
    run: Callable[[Environment, Path, Server, str], Outcomes]


def by_pytest(environment: Environment, folder: Path, server: Server, key: str) -> Outcomes:
    """Run all tests of `openwebui-client`; they skip what talks to a server if told of none."""
    told = {
        "OPENWEBUI_API_BASE": f"{server.url}/api",
        "OPENWEBUI_API_KEY": key,
        "OPENWEBUI_DEFAULT_MODEL": ECHO,
    }
    settings = told | around(environment, server)
    return run_pytest(environment, folder / "report.xml", settings, ["tests"], cwd=folder)


def by_program(environment: Environment, folder: Path, server: Server, key: str) -> Outcomes:
    """Run the program of `owui-cli`, which prints what passes and ends at what does not."""
    settings = {"OWUI_URL": server.url, "OWUI_TOKEN": key} | around(environment, server)
    done = environment.run("python", "tests/live_smoke.py", env=settings, cwd=folder)
    assert done.returncode == 0 or "RuntimeError: CLI command failed" in done.stderr, done.stderr
    passed = [line for line in done.stdout.splitlines() if line.startswith("PASS")]
    return dict.fromkeys(passed, "passed") | ({"the rest": "failed"} if done.returncode else {})


def around(environment: Environment, server: Server) -> dict[str, str]:
    path = f"{environment.folder / 'bin'}:/usr/bin:/bin"
    return {"HOME": str(server.folder), "LANG": "C.UTF-8", "PATH": path}


SUITES = [
    Suite("openwebui-client", "openwebui-client", by_pytest),
    Suite("owui-cli", "owui", by_program),
]


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
