"""Whatever is done in whatever order, every answer is the one that the model gives.

The servers have different limits and policy files and one database, and a plain model of the
decision says what each has to answer. `--hypothesis-profile=slow` takes thousands of steps.
"""

from __future__ import annotations

import itertools
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, TypeAlias

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from harness import people
from harness.client import Client, bearer
from harness.people import Person
from harness.server import running
from tests.support.generations import RELEASE
from tests.support.model import (
    CONFIG,
    INFO,
    OWN_KEY,
    ROUTES,
    SETTINGS,
    Account,
    Answer,
    Asked,
    Key,
    Limits,
    Model,
    User,
)
from tests.support.policy_file import write
from tests.support.proxied import INSIDE, serve
from tests.support.table import ALL_WAYS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.client import Response
    from harness.environments import Environment
    from harness.server import Server
    from tests.support.world import World

pytestmark = pytest.mark.skipif(
    RELEASE < (0, 10, 0), reason="several servers share rules only where these are in the database"
)

MAX_AGE = 3600
ACCOUNT_MAX_AGE = 1800
HOUR = 3600
STEPS = 50
"""How many steps an example has at most."""
EXAMPLE_PARTS = 25
"""An example has as many requests as that many examples of other tests."""

NAMES = ("admin", "permitted", "plain", "anna", "bert")
MADE = ("anna", "bert")
"""Those of them who are made and deleted on the way."""
API_ROLES = ("admin", "user", "pending")

EXPECTED = ("200", "401", "403", "403 ADMIN_API_KEY_POLICY_FILE: endpoints", "own keys")
"""What every run has judged."""

names = st.sampled_from(NAMES)
made_names = st.sampled_from(MADE)
roles = st.sampled_from(API_ROLES)
odd_roles = st.sampled_from(["Admin", "admin ", "", "root"])
ends = st.sampled_from([None, -HOUR, -1, 0, HOUR])
ages = st.sampled_from(
    [0, ACCOUNT_MAX_AGE + 1, MAX_AGE - 600, MAX_AGE + 1, 40 * 365 * 24 * HOUR, -HOUR]
)
lists = st.sampled_from(
    [None, (), (SETTINGS,), (CONFIG,), (INFO, CONFIG), ("/api",), ("/api/v1/user",)]
)
clients = st.sampled_from(
    ["127.0.0.1", INSIDE, "10.21.0.1", "2001:db8::1", "2001:db9::1", "::ffff:10.20.1.1"]
)
WAYS = ("bearer", "x-api-key", "cookie", "another scheme")
SERVERS = ("open", "accounts", "bounded")
servers = st.sampled_from(SERVERS)
QUESTIONS = [
    (server, way, route, client)
    for way, route, client, server in itertools.product(
        WAYS, sorted(ROUTES), (INSIDE, "10.20.1.1"), SERVERS
    )
]
"""Requests without a key, of which each step asks one."""
Unsigned: TypeAlias = tuple[str, tuple[str, str], str]
"""A request without its key: the way the key goes, method and path, and the client."""

requests: st.SearchStrategy[list[Unsigned]] = st.lists(
    st.tuples(st.sampled_from(WAYS), st.sampled_from(sorted(ROUTES)), clients),
    min_size=1,
    max_size=6,
)


@dataclass
class Place:
    """Servers with one database, and how many steps and answers have been judged.

    Attributes:
        world: The people that are there from the start.
        servers: The servers, by name; the database is that of the first.
        limits: The limits of each.
        judged: What has been judged.
    """

    world: World
    servers: dict[str, Server]
    limits: dict[str, Limits]
    judged: Counter[str] = field(default_factory=Counter)

    def execute(self, statement: str, *parameters: object) -> None:
        """Run a statement in the database."""
        self.world.execute(next(iter(self.servers.values())), statement, *parameters)

    def client(self, name: str) -> closing[Client]:
        """Return a new client of a server."""
        return closing(self.servers[name].client())


def by_accounts(world: World) -> Limits:
    """Limits of nothing but a policy file, by which other administrators get no bypass."""
    scraper = Account(
        world.admin.id,
        endpoints=(
            (frozenset({"GET"}), "/api/v1/auths/{name}/config"),
            (None, "/api/v1/{name}/user/settings$"),
            (None, "/api/v1/users/{name}$"),
        ),
    )
    rotated = Account(world.permitted.email, max_age=ACCOUNT_MAX_AGE)
    return Limits(accounts=(scraper, rotated))


def bounded(world: World) -> Limits:
    """All limits of the environment above those of a policy file, and one user in two accounts."""
    narrow = Account(
        "admin@example.org",
        endpoints=((None, "/api/v1/users/{name}"),),
        networks=("10.20.30.0/24", "2001:db8::/32"),
    )
    return Limits(
        users=frozenset({"anna@example.org", "admin@example.org", world.plain.id}),
        endpoints=(
            (frozenset({"GET"}), SETTINGS),
            (None, "/api/v1/auths/admin"),
            (frozenset({"POST", "PUT"}), f"{SETTINGS}/update"),
        ),
        networks=("10.20.0.0/16", "2001:db8::/32"),
        max_age=MAX_AGE,
        accounts=(narrow, Account(world.plain.id), Account(world.plain.email)),
        default="bypass",
    )


def settings_of(limits: Limits, folder: Path, name: str) -> dict[str, str]:
    if limits.accounts is None:
        return limits.settings()
    (folder / name).mkdir()
    file = write(folder / name, limits.policy_file())
    return limits.settings() | {"ADMIN_API_KEY_POLICY_FILE": str(file)}


@pytest.fixture(scope="module")
def place(
    world: World, keygate: Environment, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    limits = dict(zip(SERVERS, (Limits(), by_accounts(world), bounded(world)), strict=True))
    folder = tmp_path_factory.mktemp("machine")
    servers = {
        name: serve(world, keygate, folder / f"machine_{name}", settings_of(each, folder, name))
        for name, each in limits.items()
    }
    first = servers["open"]
    url = first.settings.get("DATABASE_URL", f"sqlite:///{first.folder}/data/webui.db")
    for server in servers.values():
        server.settings["DATABASE_URL"] = url
    first.start()
    first.wait_until_healthy()
    with running([server for server in servers.values() if server is not first]):
        yield Place(world, servers, limits)
    first.stop()


class Machine(RuleBasedStateMachine):
    """Changes the database, by hand and through the host's API, and asks all servers."""

    place: ClassVar[Place]
    keys = Bundle("keys")
    numbers = itertools.count(1)

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.people: dict[str, Person] = {}
        self.questions = itertools.cycle(QUESTIONS)

    @property
    def admin(self) -> Person:
        """Who changes what is changed through the host's API."""
        return self.place.world.first

    @initialize(
        target=keys,
        permitted=roles,
        plain=roles,
        enabled=st.booleans(),
        first=st.sampled_from(range(len(QUESTIONS))),
    )
    def begin(
        self, permitted: str, plain: str, *, enabled: bool, first: int
    ) -> MultipleResults[str]:
        """Make the database what it was at first, but for roles, and a key for each person."""
        self.questions = itertools.cycle(QUESTIONS[first:] + QUESTIONS[:first])
        world, execute = self.place.world, self.place.execute
        execute("DELETE FROM api_key")
        for name in MADE:
            execute('DELETE FROM "user" WHERE email = ?', f"{name}@example.org")
            execute("DELETE FROM auth WHERE email = ?", f"{name}@example.org")
        self.people = {"admin": world.admin, "permitted": world.permitted, "plain": world.plain}
        roles = {"admin": "admin", "permitted": permitted, "plain": plain}
        for name, person in self.people.items():
            role = roles[name]
            execute('UPDATE "user" SET role = ? WHERE id = ?', role, person.id)
            user = User(person.id, person.email, role, may_have_keys=name == "permitted")
            self.model.users[person.id] = user
        with self.place.client("open") as client:
            people.set_rules(client, self.admin, enabled=enabled)
            people.let_everybody_make_keys(client, self.admin, allowed=False)
        self.model.keys_on = enabled
        return multiple(*(self._put_key(name, 0, None) for name in self.people))

    @rule(name=made_names, role=roles, via=servers)
    def make_user(self, name: str, role: str, via: str) -> None:
        if name in self.people:
            return
        form = {"name": name, "email": f"{name}@example.org", "role": role}
        form["password"] = people.PASSWORD
        with self.place.client(via) as client:
            found = client.call("POST", "/api/v1/auths/add", self.admin.session, form)
        self.people[name] = Person(found["id"], form["email"], found["token"])
        self.model.users[found["id"]] = User(found["id"], form["email"], role)

    @rule(name=made_names)
    def delete_user(self, name: str) -> None:
        person = self.people.pop(name, None)
        if person is None:
            return
        with self.place.client("accounts") as client:
            client.call("DELETE", f"/api/v1/users/{person.id}", self.admin.session)
        del self.model.users[person.id]

    @rule(name=names, role=roles)
    def set_role(self, name: str, role: str) -> None:
        if name not in self.people:
            return
        with self.place.client("bounded") as client:
            people.set_role(client, self.admin, self.people[name], role)
        self.model.users[self.people[name].id].role = role

    @rule(name=names, role=roles | odd_roles)
    def set_role_by_hand(self, name: str, role: str) -> None:
        if name not in self.people:
            return
        person = self.people[name]
        self.place.execute('UPDATE "user" SET role = ? WHERE id = ?', role, person.id)
        self.model.users[person.id].role = role

    @rule(target=keys, name=names, age=ages, end=ends)
    def give_key(self, name: str, age: int, end: int | None) -> str:
        """Give somebody a key that replaces the one they have."""
        self._delete_keys_of(name)
        return self._put_key(name, age, end)

    @rule(target=keys, name=names, age=ages, overlap=ends)
    def give_another_key(self, name: str, age: int, overlap: int | None) -> str:
        """Give somebody a key beside those they have, which end after an overlap."""
        if name in self.people:
            owner = self.people[name].id
            for text in self.model.keys_of(owner):
                self.set_end(text, overlap)
        return self._put_key(name, age, None)

    @rule(target=keys, name=names, via=servers)
    def make_own_key(self, name: str, via: str) -> str:
        """Have somebody who is signed in ask for a key."""
        if name not in self.people:
            return people.NOBODYS_KEY
        answer = self._manage_own_key(name, "POST", via)
        if answer is None:
            return people.NOBODYS_KEY
        text: str = answer.json()["api_key"]
        self.model.keys[text] = Key(self.people[name].id, int(time.time()))
        return text

    @rule(name=names, via=servers)
    def delete_own_keys(self, name: str, via: str) -> None:
        """Have somebody who is signed in delete their keys."""
        if name in self.people:
            self._manage_own_key(name, "DELETE", via)

    @rule(key=keys)
    def delete_key(self, key: str) -> None:
        self.place.execute("DELETE FROM api_key WHERE key = ?", key)
        self.model.keys.pop(key, None)

    @rule(key=keys, end=ends)
    def set_end(self, key: str, end: int | None) -> None:
        expires = None if end is None else int(time.time()) + end
        self.place.execute("UPDATE api_key SET expires_at = ? WHERE key = ?", expires, key)
        if key in self.model.keys:
            self.model.keys[key].expires_at = expires

    @rule(key=keys, age=ages)
    def set_age(self, key: str, age: int) -> None:
        created = int(time.time()) - age
        self.place.execute("UPDATE api_key SET created_at = ? WHERE key = ?", created, key)
        if key in self.model.keys:
            self.model.keys[key].created_at = created

    @rule(enabled=st.booleans(), endpoints=lists)
    def set_rules(self, enabled: bool, endpoints: tuple[str, ...] | None) -> None:
        listed = None if endpoints is None else ", ".join(endpoints)
        with self.place.client("accounts") as client:
            people.set_rules(client, self.admin, enabled=enabled, endpoints=listed)
        self.model.keys_on, self.model.endpoints = enabled, endpoints

    @rule(allowed=st.booleans())
    def let_everybody_have_keys(self, allowed: bool) -> None:
        with self.place.client("open") as client:
            people.let_everybody_make_keys(client, self.admin, allowed=allowed)
        self.model.everybody_may = allowed

    @rule(name=names, sent=requests)
    def send(self, name: str, sent: list[Unsigned]) -> None:
        """Send requests with somebody's key to every server."""
        owner = self.people[name].id if name in self.people else None
        for text in self.model.keys_of(owner) or [people.NOBODYS_KEY]:
            self.send_any(text, sent)

    @rule(key=keys, sent=requests)
    def send_any(self, key: str, sent: list[Unsigned]) -> None:
        """Send requests with any key there ever was to every server."""
        for server in self.place.servers:
            self._judge(server, [Asked(key, way, *route, client) for way, route, client in sent])

    @invariant()
    def every_key_is_worth_what_it_should_be(self) -> None:
        """Ask about every key there is, step by step all servers in all ways."""
        self.place.judged["steps"] += 1
        server, way, route, client = next(self.questions)
        self._judge(server, [Asked(key, way, *route, client) for key in self.model.keys])

    def _judge(self, server: str, sent: list[Asked]) -> None:
        with self.place.client(server) as client:
            for asked in sent:
                limits, now = self.place.limits[server], int(time.time())
                expected = self.model.answer(asked, limits, now)
                assert send(client, asked) == expected, (server, asked, self.model)
                self.place.judged["requests"] += 1
                self.place.judged[f"{expected.status} {expected.limit or ''}".strip()] += 1

    def teardown(self) -> None:
        self.place.judged["examples"] += 1

    def _put_key(self, name: str, age: int, end: int | None) -> str:
        text = f"sk-{next(self.numbers):032x}"
        if name not in self.people:
            return text
        owner, now = self.people[name].id, int(time.time())
        expires = None if end is None else now + end
        self.place.execute(
            "INSERT INTO api_key (id, user_id, key, expires_at, created_at, updated_at) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            *(f"of {text}", owner, text, expires, now - age, now),
        )
        self.model.keys[text] = Key(owner, now - age, expires)
        return text

    def _delete_keys_of(self, name: str) -> None:
        if name in self.people:
            for text in self.model.keys_of(self.people[name].id):
                self.delete_key(text)

    def _manage_own_key(self, name: str, method: str, via: str) -> Response | None:
        """Ask as somebody who is signed in, and return what is answered to whom that is allowed."""
        person = self.people[name]
        with self.place.client(via) as client:
            answer = client.request(method, OWN_KEY, bearer(person.session))
        user = self.model.users[person.id]
        may = self.model.may_make_key(user, self.place.limits[via])
        self.place.judged["own keys"] += 1
        assert answer.status == (200 if may else 403), (user, via)
        if not may:
            return None
        for text in self.model.keys_of(person.id):
            del self.model.keys[text]
        return answer


def send(client: Client, asked: Asked) -> Answer:
    headers = ALL_WAYS[asked.way](asked.key) | {"X-Forwarded-For": asked.client}
    body: object = {"ui": {}} if asked.method == "POST" else None
    found = client.request(asked.method, asked.path, headers, body)
    return Answer(found.status, named_limit(found))


def named_limit(response: Response) -> str | None:
    if response.status != 403:
        return None
    before, _, limit = str(response.json()["detail"]).partition("Refused by ")
    return None if before else limit.removesuffix(".")


def test_every_answer_is_the_models(place: Place) -> None:
    Machine.place = place
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=settings().max_examples // EXAMPLE_PARTS,
            stateful_step_count=STEPS,
        ),
    )
    print(dict(place.judged))  # noqa: T201
    assert all(place.judged[kind] for kind in EXPECTED)
