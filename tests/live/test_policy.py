"""The policy file on the real host: accounts with limits of their own, and what is said of them."""

from __future__ import annotations

import json
import os
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from harness import people
from harness.client import WAYS, bearer, cookie
from harness.environments import HOST_DATABASE
from harness.server import BYPASS_ON, STRICT
from tests.support.generations import RELEASE
from tests.support.policy_file import write
from tests.support.proxied import INSIDE, serve
from tests.support.startup import refusal_to_start

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.client import Client, Response
    from harness.environments import Environment
    from harness.server import Server
    from tests.support.world import World

SETTINGS = "/api/v1/users/user/settings"
CONFIG = "/api/v1/auths/admin/config"
GROUPS = "/api/v1/groups/"
MODELS = "/api/models"
OUTSIDE = "192.0.2.1"
CEILING = {"ADMIN_API_KEY_ALLOWED_ENDPOINTS": "GET /api, POST /api/v1/groups, GET /health"}
"""The limits of the environment, which leave out what an account may do as well."""

ACCOUNTS = """\
default = "{default}"

[account.prometheus]
user = "{admin.id}"
endpoints = ["@status", "GET {models}$"]
networks = ["10.20.0.0/16"]

[account.terraform]
user = "{email}"
endpoints = ["@users", "GET|POST /api/v1/groups"]
"""


def policy_file(world: World, folder: Path, default: str = "deny") -> Path:
    """Write a file with two accounts, named by id and by e-mail address."""
    email = world.first.email.title()
    text = ACCOUNTS.format(default=default, admin=world.admin, models=MODELS, email=email)
    return write(folder, text)


def settings_of(file: Path) -> dict[str, str]:
    """Return the environment variables of a server with a policy file."""
    return BYPASS_ON | {"ADMIN_API_KEY_POLICY_FILE": str(file), "OWUI_KEYGATE_AUDIT": "all"}


class Question(NamedTuple):
    """A request, and what is expected of it while keys are off.

    Attributes:
        who: Whose key it is.
        way: How the key travels.
        source: Where the request comes from.
        request: The method and the path.
        account: The account whose limits hold.
        limit: The limit that refuses; None if none does.
        by_host: Whether the host's own rules decide, and refuse.
    """

    who: str
    way: str
    source: str
    request: str
    account: str | None
    limit: str | None = None
    by_host: bool = False


FILE_LIMIT = "ADMIN_API_KEY_POLICY_FILE: "
QUESTIONS = [
    Question("admin", "bearer", INSIDE, f"GET {MODELS}", "prometheus"),
    Question("admin", "bearer", INSIDE, "GET /api/v1/keygate", "prometheus"),
    Question("admin", "bearer", OUTSIDE, f"GET {MODELS}", "prometheus", f"{FILE_LIMIT}networks"),
    Question("admin", "bearer", INSIDE, f"GET {SETTINGS}", "prometheus", f"{FILE_LIMIT}endpoints"),
    Question("admin", "bearer", INSIDE, f"GET {GROUPS}", "prometheus", f"{FILE_LIMIT}endpoints"),
    Question(
        "admin", "bearer", INSIDE, f"GET {MODELS}/base", "prometheus", f"{FILE_LIMIT}endpoints"
    ),
    Question("admin", "cookie", INSIDE, f"GET {MODELS}", "prometheus", by_host=True),
    Question("first", "bearer", OUTSIDE, f"GET {GROUPS}", "terraform"),
    Question("first", "bearer", OUTSIDE, "GET /api/v1/users/", "terraform"),
    Question("first", "bearer", INSIDE, f"GET {CONFIG}", "terraform", f"{FILE_LIMIT}endpoints"),
    Question(
        "first",
        "bearer",
        INSIDE,
        "POST /api/v1/auths/add",
        "terraform",
        "ADMIN_API_KEY_ALLOWED_ENDPOINTS",
    ),
    Question("permitted", "bearer", INSIDE, f"GET {MODELS}", None, by_host=True),
]
if RELEASE >= (0, 9):
    QUESTIONS += [
        question._replace(way="x-api-key") for question in QUESTIONS if question.way == "bearer"
    ]


@pytest.fixture(scope="module")
def file(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return policy_file(world, tmp_path_factory.mktemp("policy"))


@pytest.fixture(scope="module")
def server(
    world: World, keygate: Environment, file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A server with two accounts and a ceiling, behind a proxy on this machine."""
    folder = tmp_path_factory.mktemp("policies") / "policy"
    with serve(world, keygate, folder, settings_of(file) | CEILING) as started:
        yield started


@pytest.fixture
def client(server: Server, world: World) -> Iterator[Client]:
    with closing(server.client()) as made:
        people.set_rules(made, world.first, enabled=False)
        yield made


def person_of(world: World, question: Question) -> people.Person:
    return world.first if question.who == "first" else world.subjects[question.who]


def ask(client: Client, world: World, question: Question) -> Response:
    """Send the request of a question."""
    method, path = question.request.split()
    credential = WAYS[question.way](person_of(world, question).keys["valid"])
    return client.request(method, path, credential | {"X-Forwarded-For": question.source})


def named(server: Server, since: int) -> str:
    """Return the lines of the audit since a length of the log."""
    return "\n".join(line for line in server.log[since:].splitlines() if "keygate.audit" in line)


@pytest.mark.parametrize("question", QUESTIONS)
def test_each_account_has_its_own_limits(
    client: Client, server: Server, world: World, question: Question
) -> None:
    since = len(server.log)
    answer = ask(client, world, question)
    if question.by_host:
        assert answer.status == 403
        assert answer.json()["detail"] == "Use of API key is not enabled in the environment."
        return
    if question.limit is None:
        assert answer.status == 200
    else:
        expected = (403, f"Refused by {question.limit}.")
        assert (answer.status, answer.json()["detail"]) == expected
    line = named(server, since)
    assert f'account="{question.account}"' in line
    assert "limit=null" in line if question.limit is None else f'limit="{question.limit}"' in line


def explain(
    environment: Environment, settings: dict[str, str], world: World, question: Question
) -> dict[str, Any]:
    """Return what `policy explain` answers to a question, with keys off."""
    person = person_of(world, question)
    role = "user" if question.who == "permitted" else "admin"
    done = environment.run(
        "owui-keygate",
        *("policy", "explain", "--json", "--keys-off"),
        *("--user", person.id, "--email", person.email, "--role", role),
        *("--transport", question.way, "--from", question.source, "--age", "1s"),
        *question.request.split(),
        env={"PATH": os.environ["PATH"]} | settings,
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == (0 if answer["allowed"] else 1)
    return answer


@pytest.mark.parametrize("question", QUESTIONS)
def test_explain_agrees_with_the_server(
    client: Client, keygate: Environment, world: World, file: Path, question: Question
) -> None:
    answer = explain(keygate, settings_of(file) | CEILING, world, question)
    assert answer["allowed"] is (ask(client, world, question).status == 200)
    assert (answer["account"], answer["limit"]) == (question.account, question.limit)
    assert (answer["decision"] == "keys_disabled") is question.by_host
    assert answer["host_refusal"] == "API keys are off"


def test_a_cookie_keeps_the_limits_of_the_account(client: Client, world: World) -> None:
    people.set_rules(client, world.first, enabled=True)
    key = cookie(world.admin.keys["valid"])

    def status(path: str, source: str) -> tuple[int, str]:
        answer = client.request("GET", path, key | {"X-Forwarded-For": source})
        return answer.status, "" if answer.status == 200 else answer.json()["detail"]

    assert status(MODELS, INSIDE) == (200, "")
    assert status(MODELS, OUTSIDE) == (403, f"Refused by {FILE_LIMIT}networks.")
    assert status(SETTINGS, INSIDE) == (403, f"Refused by {FILE_LIMIT}endpoints.")
    people.set_rules(client, world.first, enabled=True, endpoints="/none")
    assert status(MODELS, INSIDE)[0] == 403, "the host's list holds, too"


@pytest.mark.parametrize("default", ["deny", "bypass"])
def test_the_default_rules_administrators_without_an_account(
    world: World, keygate: Environment, tmp_path: Path, default: str
) -> None:
    settings = settings_of(policy_file(world, tmp_path, default))
    with (
        serve(world, keygate, tmp_path / f"default_{default}", settings) as server,
        closing(server.client()) as client,
    ):
        people.set_role(client, world.first, world.permitted, "admin")
        people.set_rules(client, world.first, enabled=False)
        since = len(server.log)
        answer = client.request("GET", SETTINGS, bearer(world.permitted.keys["valid"]))
        assert answer.status == (200 if default == "bypass" else 403)
        assert "account=" not in named(server, since)
        features = client.request("GET", "/api/config", bearer(world.permitted.session)).json()
        shown = {"enable_api_keys", "enable_api_key"} & {
            name for name, is_on in features["features"].items() if is_on
        }
        assert bool(shown) is (default == "bypass")


FAULTY = {
    "line": ('[account.x]\nuser = "a@b"\nusr = 1\n', "line 3, column 1: expected `user`"),
    "toml": ("[account.x\n", "line 1, column 11: is not TOML"),
    "list": ('[account.x]\nuser = "a@b"\nendpoints = []\n', "line 3, column 13: expected at least"),
}


@pytest.mark.parametrize("name", FAULTY)
def test_an_invalid_file_keeps_the_bypass_off(
    world: World, keygate: Environment, tmp_path: Path, name: str
) -> None:
    text, place = FAULTY[name]
    file = write(tmp_path, text)
    with (
        world.server(keygate, tmp_path / f"faulty_{name}", settings_of(file)) as server,
        closing(server.client()) as client,
    ):
        people.set_rules(client, world.first, enabled=False)
        assert client.request("GET", MODELS, bearer(world.admin.keys["valid"])).status == 403
        [line] = [line for line in server.log.splitlines() if "bypass stays off" in line]
        assert f"ADMIN_API_KEY_POLICY_FILE is invalid: {file}: {place}" in line
        assert "usr" not in line
        assert client.request("GET", MODELS, bearer(world.admin.session)).status == 200


def test_a_file_that_others_can_write_keeps_the_bypass_off(
    world: World, keygate: Environment, tmp_path: Path
) -> None:
    file = policy_file(world, tmp_path)
    file.chmod(0o664)
    with (
        world.server(keygate, tmp_path / "writable", settings_of(file)) as server,
        closing(server.client()) as client,
    ):
        people.set_rules(client, world.first, enabled=False)
        assert client.request("GET", MODELS, bearer(world.admin.keys["valid"])).status == 403
        [line] = [line for line in server.log.splitlines() if "bypass stays off" in line]
        assert "ADMIN_API_KEY_POLICY_FILE can be written by others than its owner" in line


@pytest.mark.skipif(HOST_DATABASE != "sqlite", reason="it does not depend on the database")
def test_in_strict_mode_an_invalid_file_stops_the_start(
    keygate: Environment, tmp_path: Path
) -> None:
    text, place = FAULTY["line"]
    settings = settings_of(write(tmp_path, text)) | STRICT
    assert place in refusal_to_start(keygate, tmp_path, settings)
