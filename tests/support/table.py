"""Every combination of rules, role, way, key and path, asked of a server."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

from harness import people
from harness.client import WAYS, Client, Response
from tests.support.generations import GENERATION, RELEASE

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.server import Server
    from tests.support.world import World

# From 0.6.1 to 0.6.36 an empty rule allows everything.
ENDPOINTS = " /api/models, /api/v1/users/user ,{},/api/v1/conf".format(
    "/none" if GENERATION == "A" else ""
)
"""The host's endpoint list while it is in force."""

PATHS = {
    "on the list": "/api/models",
    "below": "/api/v1/users/user/settings",
    "off the list": "/api/v1/auths/admin/config",
    "beside": "/api/v1/configs/banners",
    "beside, one letter more": "/api/v1/users/userx",
    "beside, no route": "/api/modelsx",
    "double slash": "//api/models",
    "dots": "/api/models/../v1/users/",
    "encoded slash": "/api/v1/users/user%2Fsettings",
    "encoded letter": "/api/model%73",
    "trailing slash": "/api/models/",
    "query": "/api/models?path=/api/v1/auths/admin/config",
}

ALL_WAYS: dict[str, Callable[[str], dict[str, str]]] = WAYS | {
    "bearer, small": lambda key: {"authorization": f"bearer {key}"},
    "bearer, two spaces": lambda key: {"Authorization": f"Bearer  {key}"},
    "another scheme": lambda key: {"Authorization": f"Token {key}"},
    "cookie and x-api-key": lambda key: WAYS["cookie"](key) | WAYS["x-api-key"](key),
    "another cookie and x-api-key": lambda key: WAYS["cookie"]("x") | WAYS["x-api-key"](key),
    "bearer of another and cookie": lambda key: WAYS["bearer"]("sk-x") | WAYS["cookie"](key),
}

NO_HEADER = ("cookie", "another scheme") if RELEASE >= (0, 8, 4) else ("cookie",)
"""The ways by which the host takes a key that is in no header of its own; none bypasses."""

CANNOT_SPLIT = (0, 6, 37) <= RELEASE < (0, 8, 0)
"""Whether a middleware of the host fails over two spaces in a header, and the host answers 500."""


def refusals(way: str) -> set[int]:
    """Return the statuses by which the host refuses a key that comes in a way."""
    return {401, 403, 500} if CANNOT_SPLIT and way == "bearer, two spaces" else {401, 403}


ODD_TOKENS = {
    "unknown": people.NOBODYS_KEY,
    "empty": "",
    "prefix only": "sk-",
    "two words": "sk- sk-",
    "no prefix": "0123456789abcdef",
    "not ASCII": "sk-\xe9\xff",
    "very long": "sk-" + "a" * 8000,
    "quoted": "sk-' OR '1'='1",
}


class Rules(NamedTuple):
    """The host's rules: the switch, and whether the endpoint list is in force."""

    enabled: bool
    restricted: bool


TIMES = {"date", "x-process-time"}
"""The headers that differ from request to request."""

ALL_RULES = [Rules(*pair) for pair in itertools.product((True, False), repeat=2)]


class Row(NamedTuple):
    """One question."""

    rules: Rules
    who: str
    key: str
    way: str
    path: str


class Answer(NamedTuple):
    """What a server answers, without what differs from request to request."""

    status: int
    headers: frozenset[tuple[str, str]]
    body: bytes

    def __repr__(self) -> str:
        """Leave out the headers, and all but the start of the body."""
        return f"{self.status} {self.body[:80]!r}"


def apply_rules(client: Client, world: World, rules: Rules) -> None:
    """Put rules into force on a server."""
    endpoints = ENDPOINTS if rules.restricted else None
    people.set_rules(client, world.first, enabled=rules.enabled, endpoints=endpoints)


def credentials(world: World) -> dict[tuple[str, str], str]:
    """Return every key and token that is tried, by whose it is and what became of it."""
    tried = {("nobody", name): token for name, token in ODD_TOKENS.items()}
    for who, person in world.subjects.items():
        tried |= {(who, kind): key for kind, key in person.keys.items()}
        tried[who, "in capitals"] = person.keys["valid"].upper()
    return tried


def ask(server: Server, world: World) -> dict[Row, Answer]:
    """Ask a server everything."""
    client = server.client()
    answers = {}
    for rules in ALL_RULES:
        apply_rules(client, world, rules)
        for (who, kind), key in credentials(world).items():
            for way, path in itertools.product(ALL_WAYS, PATHS):
                response = client.request("GET", PATHS[path], ALL_WAYS[way](key))
                answers[Row(rules, who, kind, way, path)] = without_times(response)
    client.close()
    return answers


def without_times(response: Response) -> Answer:
    """Return an answer that is the same whenever it is given."""
    headers = {name: value for name, value in response.headers.items() if name not in TIMES}
    return Answer(response.status, frozenset(headers.items()), response.body)
