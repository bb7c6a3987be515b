"""Under load, no request that starts after a change was answered is decided by the old state."""

from __future__ import annotations

import itertools
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from harness import people
from harness.postgres import Postgres
from harness.server import BYPASS_ON, Server
from tests.live.hammer import PATH, Answer, Hammer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.client import Client
    from harness.environments import Environment
    from harness.people import Person

CHANGES = 242
KINDS = (
    *("key", "role", "switch", "list", "switch", "list", "list", "role"),
    *("switch", "key", "switch"),
)
"""A round: every rule with and without an administrator, and a new key with keys on and off."""


@dataclass(frozen=True)
class State:
    """What decides about the keys of two people.

    Attributes:
        key: The one key of the subject, who is an administrator at times.
        admin: Whether the subject is one.
        enabled: The host's switch.
        endpoints: The host's endpoint list.
        other: The key of somebody who never is an administrator.
    """

    key: str
    admin: bool
    enabled: bool
    endpoints: str | None
    other: str

    def status(self, key: str) -> int:
        """Return how a request with a key is to be answered."""
        if key not in {self.key, self.other}:
            return 401
        if key == self.key and self.admin:
            return 200
        return 200 if self.enabled and self.endpoints in {None, PATH} else 403


@dataclass
class Operator:
    """Changes the state through the host's API and notes when.

    Attributes:
        client: Where the changes are made.
        admin: Who makes them.
        subject: Whose role and key are changed.
        state: The state now.
        changes: Each change: when it was sent, when it was answered, and the state after it.
    """

    client: Client
    admin: Person
    subject: Person
    state: State
    changes: list[tuple[float, float, State]] = field(default_factory=list)
    old_key: str = people.NOBODYS_KEY

    def keys(self) -> list[str]:
        """Return the keys worth trying: the one in force, the one before it, the other's."""
        return [self.state.key, self.old_key, self.state.other]

    def change(self, kind: str) -> None:
        """Make a change of a kind."""
        start = time.monotonic()
        after = getattr(self, f"_{kind}")()
        self.changes.append((start, time.monotonic(), after))
        self.state = after

    def _role(self) -> State:
        admin = not self.state.admin
        people.set_role(self.client, self.admin, self.subject, "admin" if admin else "user")
        return replace(self.state, admin=admin)

    def _key(self) -> State:
        self.old_key = self.state.key
        return replace(self.state, key=people.make_key(self.client, self.subject))

    def _switch(self) -> State:
        return self._rules(enabled=not self.state.enabled, endpoints=self.state.endpoints)

    def _list(self) -> State:
        endpoints = {None: "/api/models", "/api/models": PATH, PATH: None}[self.state.endpoints]
        return self._rules(enabled=self.state.enabled, endpoints=endpoints)

    def _rules(self, *, enabled: bool, endpoints: str | None) -> State:
        people.set_rules(self.client, self.admin, enabled=enabled, endpoints=endpoints)
        return replace(self.state, enabled=enabled, endpoints=endpoints)

    def possible(self, answer: Answer) -> set[int]:
        """Return the right answers: of each state that held while the request was under way."""
        before = [state for _, end, state in self.changes if end <= answer.start][-1]
        during = [
            state
            for start, end, state in self.changes
            if start <= answer.end and end > answer.start
        ]
        return {state.status(answer.key) for state in (before, *during)}


def settle(client: Client) -> Operator:
    """Make the people, and return who changes things from here on."""
    admin = people.sign_up(client)
    people.set_rules(client, admin, enabled=True)
    people.let_everybody_make_keys(client, admin, allowed=True)
    subject = people.add_person(client, admin, "subject", "admin")
    other = people.add_person(client, admin, "other", "user")
    keys = [people.make_key(client, person) for person in (subject, other)]
    state = State(keys[0], admin=True, enabled=True, endpoints=None, other=keys[1])
    now = time.monotonic()
    return Operator(client, admin, subject, state, [(now, now, state)])


@pytest.fixture(params=["two workers on SQLite", "two servers on PostgreSQL"])
def servers(
    request: pytest.FixtureRequest, keygate: Environment, tmp_path: Path
) -> Iterator[list[Server]]:
    with ExitStack() as stack:
        if "workers" in request.param:
            settings = BYPASS_ON | {"UVICORN_WORKERS": "2"}
            yield [stack.enter_context(Server(keygate, tmp_path / "one", settings))]
        else:
            postgres = stack.enter_context(Postgres())
            settings = BYPASS_ON | {"DATABASE_URL": postgres.url()}
            yield [
                stack.enter_context(Server(keygate, tmp_path / name, settings))
                for name in ("one", "two")
            ]


def cpu_seconds(servers: list[Server]) -> list[float]:
    """Return what every process that answers requests has used."""
    workers = [worker for server in servers for worker in server.workers()]
    return [sum(worker.cpu_times()[:2]) for worker in workers]


def test_no_request_is_decided_by_an_old_state(servers: list[Server]) -> None:
    before = cpu_seconds(servers)
    assert len(before) == 2
    with closing(servers[0].client()) as client:
        operator = settle(client)
        with Hammer([server.port for server in servers], operator.keys) as hammer:
            for kind in itertools.islice(itertools.cycle(KINDS), CHANGES):
                hammer.wait_for_answers(6)
                operator.change(kind)
            hammer.wait_for_answers(6)
    after = cpu_seconds(servers)
    assert all(later > sooner for sooner, later in zip(before, after, strict=True)), "all answered"
    judged = [(answer, operator.possible(answer)) for answer in hammer.answers]
    assert [answer for answer, possible in judged if answer.status not in possible] == []
    sharp = [answer.status for answer, possible in judged if len(possible) == 1]
    print(f"{CHANGES} changes, {len(judged)} requests judged, {len(sharp)} of them sharply")  # noqa: T201
    assert min(sharp.count(status) for status in (200, 401, 403)) > CHANGES / 4


def test_a_database_that_stops_in_mid_load_allows_nothing(
    keygate: Environment, tmp_path: Path
) -> None:
    """Each request ends with the right answer, or as it would on stock.

    That is 500, and where the database is back before the host's own check asks it, the host's
    own rules: 403 for everybody, as keys are off.
    """
    with (
        Postgres() as postgres,
        Server(keygate, tmp_path / "one", BYPASS_ON | {"DATABASE_URL": postgres.url()}) as server,
        closing(server.client()) as client,
    ):
        operator = settle(client)
        operator.change("switch")
        with Hammer([server.port], operator.keys) as hammer:
            for _ in range(3):
                hammer.wait_until(lambda answers: {200, 401, 403} <= {a.status for a in answers})
                postgres.stop()
                hammer.wait_until(lambda answers: any(a.status == 500 for a in answers))
                postgres.start()
            hammer.wait_until(lambda answers: {200, 401, 403} <= {a.status for a in answers})
        state = operator.state
        stock = replace(state, admin=False)
        for answer in hammer.answers:
            assert answer.status in {500, state.status(answer.key), stock.status(answer.key)}
