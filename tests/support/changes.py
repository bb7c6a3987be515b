"""What is changed under load, and which answers are right meanwhile."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from harness import people
from tests.support.hammer import PATH, Answer

if TYPE_CHECKING:
    from harness.client import Client
    from harness.people import Person

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
