"""Keys are checked while twenty streams are under way, and Open WebUI has hardly a connection."""

from __future__ import annotations

import http.client
import json
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING

import pytest

from harness import people
from harness.client import bearer
from harness.model_server import HALTING, model_server
from harness.postgres import Postgres
from harness.server import BYPASS_ON, Server, running
from tests.support.changes import settle
from tests.support.hammer import PATH

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.environments import Environment
    from tests.support.tried import Tried

STREAMS = 20
ROUNDS = 10
SECONDS = 60
FIRST, LAST = "half", "done"


class Stream:
    """An answer of the model that has begun; a context manager."""

    def __init__(self, server: Server, credential: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=SECONDS)
        messages = [{"role": "user", "content": f"{FIRST} {LAST}"}]
        body = {"model": HALTING, "stream": True, "messages": messages}
        headers = bearer(credential) | {"Content-Type": "application/json"}
        self._connection.request("POST", "/api/chat/completions", json.dumps(body), headers)
        self._answer = self._connection.getresponse()
        assert self._answer.status == 200, self._answer.read()
        self._read_to(FIRST)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def end(self) -> None:
        """Read it to its end."""
        self._read_to(LAST)
        self._read_to("[DONE]")

    def _read_to(self, text: str) -> None:
        while line := self._answer.readline():
            if text in line.decode():
                return
        message = f"the stream has ended before {text}"
        raise AssertionError(message)


@contextmanager
def streams(server: Server, credential: str) -> Iterator[list[Stream]]:
    """Begin streams, and hang up in the end."""
    with ExitStack() as stack:
        yield [stack.enter_context(closing(Stream(server, credential))) for _ in range(STREAMS)]


def statuses(server: Server, keys: list[str]) -> list[int]:
    """Return how each key is answered."""
    with closing(server.client()) as client:
        return [client.request("GET", PATH, bearer(key)).status for key in keys]


@pytest.mark.parametrize("size", ["0", "1"])
def test_keys_are_checked_while_streams_are_under_way(
    stock: Environment, keygate: Environment, tmp_path: Path, tried: Tried, size: str
) -> None:
    with Postgres() as postgres, model_server() as models:
        pool = {"DATABASE_POOL_SIZE": size, "DATABASE_URL": postgres.url()} | models.settings
        ours = Server(keygate, tmp_path / "ours", BYPASS_ON | pool)
        with ours, closing(ours.client()) as client:
            operator = settle(client)
            state = operator.state
            keys = [state.key, state.other, people.NOBODYS_KEY]
            theirs = Server(stock, tmp_path / "stock", pool)
            with running([theirs]):
                credential = operator.admin.session
                with streams(ours, state.key) as one, streams(theirs, credential) as other:
                    for _ in range(ROUNDS):
                        assert statuses(theirs, keys) == [200, 200, 401]
                        assert statuses(ours, keys) == [200, 200, 401]
                    people.set_rules(client, operator.admin, enabled=False)
                    for _ in range(ROUNDS):
                        assert statuses(theirs, keys) == [403, 403, 401]
                        assert statuses(ours, keys) == [200, 403, 401]
                    models.stopping.set()
                    for stream in (*one, *other):
                        stream.end()
                assert statuses(ours, keys) == [200, 403, 401]
        assert "Traceback" not in ours.log
        [(version,)] = postgres.execute("SELECT split_part(version(), ' ', 2)")
    tried(
        f"PostgreSQL, `DATABASE_POOL_SIZE={size}`, {STREAMS} streams under way",
        "every answer as on stock, and right by the bypass",
        PostgreSQL=version,
    )
