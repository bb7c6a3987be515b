"""Clients that others wrote, used with a session on the stock host and with keys."""

from __future__ import annotations

import json
import re
from collections import Counter
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, NamedTuple

from harness import people
from harness.environments import ROOT, client_environment
from harness.model_server import ECHO
from harness.server import by_uvicorn, running
from harness.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.environments import Environment
    from harness.model_server import ModelServer
    from harness.server import Server
    from tests.support.world import World

IN_HOST = ROOT / "tests" / "live" / "in_host"
PROGRAMS = "tests.deployments.clients.using"


class Pair(NamedTuple):
    """The same data and models, on the stock host and with the bypass on; keys are off."""

    stock: Server
    on: Server


class Watch:
    """What a server holds that it did not hold when the watch began."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._tasks, self._connections = self._tasks_now(), self._connections_now()

    def new(self) -> tuple[Counter[str], set[str]]:
        """Return the asyncio tasks and the connections."""
        return self._tasks_now() - self._tasks, self._connections_now() - self._connections

    def wait_until_quiet(self) -> None:
        """Wait until there is nothing new."""
        wait_until(lambda: not any(self.new()), self.new)

    def _tasks_now(self) -> Counter[str]:
        with closing(self._server.client()) as client:
            return Counter(client.request("GET", "/alive").json()["tasks"])

    def _connections_now(self) -> set[str]:
        [worker] = self._server.workers()
        found = worker.net_connections("tcp")
        return {f"{end.laddr} {end.raddr} {end.status}" for end in found if end.raddr}


def inspected(
    world: World, environment: Environment, folder: Path, settings: dict[str, str] | None = None
) -> Server:
    """Return a server that also tells what is alive in it."""
    command = by_uvicorn(environment, "--app-dir", str(IN_HOST), app="inspected:app")
    return world.server(environment, folder, {"FROM_INIT_PY": "true"} | (settings or {}), command)


@contextmanager
def connected(world: World, models: ModelServer, *servers: Server) -> Iterator[None]:
    """Start servers, and connect each with the models."""
    connection = {
        "ENABLE_OPENAI_API": True,
        "OPENAI_API_BASE_URLS": [models.url],
        "OPENAI_API_KEYS": [""],
        "OPENAI_API_CONFIGS": {},
    }
    embedding = {
        "RAG_EMBEDDING_ENGINE": "openai",
        "RAG_EMBEDDING_MODEL": ECHO,
        "openai_config": {"url": models.url, "key": ""},
    }
    with running(servers):
        for server in servers:
            with closing(server.client()) as client:
                client.call("POST", "/openai/config/update", world.first.session, connection)
                client.call(
                    "POST", "/api/v1/retrieval/embedding/update", world.first.session, embedding
                )
        yield


@contextmanager
def keys_on_stock(pair: Pair, world: World) -> Iterator[None]:
    """Let the stock host take keys, so that it shows what it makes of each."""
    with closing(pair.stock.client()) as client:
        people.set_rules(client, world.first, enabled=True)
        yield
        people.set_rules(client, world.first, enabled=False)


def use(name: str, server: Server, credential: str, *more: str) -> dict[str, str]:
    """Run the program of a client, and return what came of each of its calls."""
    environment = client_environment(name)
    program = f"{PROGRAMS}.{name.replace('-', '_')}_client"
    settings = {"HOME": str(server.folder), "LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"}
    arguments = ("-m", program, server.url, credential, *more)
    done = environment.run("python", *arguments, env=settings, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    calls: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return calls


def version(name: str, package: str | None = None) -> dict[str, str]:
    """Return which version of a package the environment of a client has, for a row."""
    package = package or name
    requirements = (ROOT / "harness" / "clients" / f"{name}.txt").read_text(encoding="utf-8")
    [found] = re.findall(rf"(?m)^{re.escape(package)}==(\S+)$", requirements)
    return {package: found}


def refused(outcomes: dict[str, str]) -> set[str]:
    """Return the calls that were refused."""
    return {call for call, outcome in outcomes.items() if outcome.startswith("refused")}
