"""Keys are watched: who has one, what each account does, and what ends soon."""

from __future__ import annotations

import json
import re
import time
from contextlib import ExitStack, closing
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from owui_keygate._native import fingerprint
from owui_keygate.replacements.keys_route import SIGN_IN

from harness import people
from harness.client import WAYS, bearer
from harness.postgres import Postgres
from harness.server import BYPASS_ON, Server
from tests.support.generations import needs_telemetry
from tests.support.keys import DATABASE, KEEPS_TIMES, KEY, Place

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.client import Client, Response
    from harness.environments import Environment

STATUS = "/api/v1/keygate"
KEYS = "/api/v1/keygate/keys"
SETTINGS = "/api/v1/users/user/settings"
DAY = 86_400
POLICY = """
default = "bypass"

[account.prometheus]
user = "bot@example.org"
max_age = "13d"
"""
WARNING = re.compile(r"An API key ends soon, and its requests are refused then; replace it: (.*)")
IN_MEMORY = """
import json, os, time
from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

reader = InMemoryMetricReader()
metrics.set_meter_provider(MeterProvider([reader]))

from types import SimpleNamespace
from owui_keygate._native import Policy, Settings, Transport
from owui_keygate.audit import AuditLog
from owui_keygate.recording import telemetry

settings = Settings(os.environ)
assert not settings.problems, settings.problems
policy, audit = Policy(settings), AuditLog(settings)
telemetry.export_metrics(audit)
now = time.time()
for name, days in (("bot", 3), ("bot", 2), ("other", 4)):
    user = SimpleNamespace(id=name, email=f"{name}@example.org", role="admin")
    request = ({"path": "/"}, f"sk-{days}", Transport.Bearer, now)
    policy.judge(request, (user, int(now) + days * 86_400, int(now), None), audit=audit.audit)
found = {}
for resource in reader.get_metrics_data().resource_metrics:
    for scope in resource.scope_metrics:
        if scope.scope.name == "owui_keygate":
            for metric in scope.metrics:
                points = [(dict(p.attributes), p.value) for p in metric.data.data_points]
                found[metric.name] = [metric.unit, points]
print(json.dumps(found))
"""
"""Prints the metrics that the host's meter would export."""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def place(
    request: pytest.FixtureRequest, keygate: Environment, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    """A server with a policy file and without an audit."""
    folder = tmp_path_factory.mktemp("watch")
    settings = BYPASS_ON | {"OWUI_KEYGATE_AUDIT": "off"} | policy(folder)
    with ExitStack() as stack:
        postgres = None
        if request.param == "postgresql":
            postgres = stack.enter_context(Postgres())
            settings["DATABASE_URL"] = postgres.create(DATABASE)
        server = stack.enter_context(Server(keygate, folder / "server", settings))
        place = Place.of(keygate, server, postgres)
        stack.enter_context(place.forked)
        yield place


def policy(folder: Path) -> dict[str, str]:
    """Write the policy file, and return the setting that names it."""
    file = folder / "policy.toml"
    file.write_text(POLICY)
    return {"ADMIN_API_KEY_POLICY_FILE": str(file)}


@pytest.fixture(scope="module")
def keys(place: Place) -> dict[str, str]:
    """A key of the account in the policy file, and one of another administrator that ends."""
    expires = ("--expires", "5d") if KEEPS_TIMES else ()
    return {
        "bot": place.made("create", "bot@example.org"),
        "other": place.made("create", "other@example.org", *expires),
    }


@pytest.fixture
def client(place: Place) -> Iterator[Client]:
    with closing(place.server.client()) as made:
        yield made


def listed(client: Client, place: Place, query: str = "") -> Any:
    return client.call("GET", KEYS + query, place.first.session)


def without_use(holders: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what is known of keys, without the time that is written while nobody waits."""
    return [{k: v for k, v in holder.items() if k != "last_used_at"} for holder in holders]


def test_a_person_lists_what_the_command_lists(
    place: Place, keys: dict[str, str], client: Client
) -> None:
    answer = listed(client, place)
    printed = place.keys("list", "--json")
    assert without_use(answer["keys"]) == without_use(json.loads(printed.stdout))
    assert answer["truncated"] is False
    named = {holder["email"]: holder["fingerprint"] for holder in answer["keys"]}
    assert named == {f"{name}@example.org": fingerprint(key) for name, key in keys.items()}
    if KEEPS_TIMES:
        ends = {holder["email"]: holder["expires_at"] for holder in answer["keys"]}
        assert ends["bot@example.org"] is None
        assert 0 < ends["other@example.org"] - time.time() <= 5 * DAY
    assert not KEY.search(json.dumps(answer))


@pytest.mark.usefixtures("keys")
def test_a_list_that_is_cut_says_so(place: Place, client: Client) -> None:
    cut = listed(client, place, "?limit=1")
    assert [holder["email"] for holder in cut["keys"]] == ["bot@example.org"]
    assert cut["truncated"] is True
    assert listed(client, place, "?limit=2")["truncated"] is False
    for limit in ("0", "-1", "10001", "all"):
        session = bearer(place.first.session)
        assert client.request("GET", f"{KEYS}?limit={limit}", session).status == 422


def test_the_list_is_for_people_alone(place: Place, keys: dict[str, str], client: Client) -> None:
    for name, way in WAYS.items():
        for key in (keys["bot"], keys["other"], people.NOBODYS_KEY):
            answer = client.request("GET", KEYS, way(key))
            assert answer.status in (401, 403), name
            assert b"fingerprint" not in answer.body
    bypassing = client.request("GET", KEYS, bearer(keys["other"]))
    assert (bypassing.status, bypassing.json()["detail"]) == (403, SIGN_IN)
    user = people.add_person(client, place.first, f"user-{place.server.port}", "user")
    for headers in ({}, bearer(user.session), bearer(place.first.session + "x")):
        answer = client.request("GET", KEYS, headers)
        assert answer.status in (401, 403)
        assert b"fingerprint" not in answer.body


def test_a_key_that_ends_soon_is_warned_of_once_a_day(
    place: Place, keys: dict[str, str], client: Client
) -> None:
    answers = [use(client, key) for _ in range(3) for key in keys.values()]
    status = client.call("GET", STATUS, place.first.session)
    told = WARNING.findall(place.server.log)
    if not KEEPS_TIMES:
        # The host does not keep the age that the account limits.
        assert [answer.status for answer in answers] == [403, 200] * 3
        assert (told, status["ending_keys"]) == ([], [])
        return
    assert {answer.status for answer in answers} == {200}
    ends = {each["email"]: each for each in listed(client, place)["keys"]}
    bot, other = (ends[f"{name}@example.org"] for name in keys)
    expected = {
        (fingerprint(keys["bot"]), "prometheus"): bot["created_at"] + 13 * DAY,
        (fingerprint(keys["other"]), None): other["expires_at"],
    }
    found = {
        (each["fingerprint"], each["account"]): datetime.fromisoformat(each["ends_at"]).timestamp()
        for each in status["ending_keys"]
    }
    assert found == expected
    assert [each["account"] for each in status["ending_keys"]] == [None, "prometheus"]
    # A test that runs at midnight sees two days.
    assert {facts.split(" end=")[0].split()[-1] for facts in told} == {
        f'key="{key}"' for key, _ in expected
    }
    assert len(told) in (2, 4)
    assert not KEY.search(place.server.log)
    assert " bypass user=" not in place.server.log, "the audit is off"


def use(client: Client, key: str) -> Response:
    return client.request("GET", SETTINGS, bearer(key))


def test_decisions_are_counted_by_account(
    place: Place, keys: dict[str, str], client: Client
) -> None:
    statuses = [client.call("GET", STATUS, place.first.session)]
    for key in keys.values():
        use(client, key)
        use(client, key)
        statuses.append(client.call("GET", STATUS, place.first.session))
    before, of_bot, of_other = (status["accounts"] for status in statuses)
    assert list(before) == ["prometheus"]
    decision = "allow_bypass" if KEEPS_TIMES else "account_age_limit"
    assert of_bot["prometheus"][decision] - before["prometheus"][decision] == 2
    assert of_bot == of_other, "the other has no account"
    totals = [status["decisions"]["allow_bypass"] for status in statuses]
    assert totals[2] - totals[1] == 2
    assert totals[1] - totals[0] == (2 if KEEPS_TIMES else 0)


@pytest.mark.skipif(not KEEPS_TIMES, reason="the host does not keep times")
def test_a_new_key_is_warned_of_by_its_own_name(
    place: Place, keys: dict[str, str], client: Client
) -> None:
    new = place.made("rotate", "bot@example.org", "--yes")
    assert use(client, new).status == 200
    keys["bot"] = new
    assert f'key="{fingerprint(new)}"' in WARNING.findall(place.server.log)[-1]


@needs_telemetry
def test_the_metrics_tell_of_accounts_and_ends(keygate: Environment, tmp_path: Path) -> None:
    settings = BYPASS_ON | policy(tmp_path) | {"ENABLE_OTEL": "true", "ENABLE_OTEL_METRICS": "true"}
    settings |= {"DATA_DIR": str(tmp_path / "data"), "WEBUI_SECRET_KEY": "x", "PATH": "/usr/bin"}
    ran = keygate.run("python", "-c", IN_MEMORY, env=settings, cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr[-2000:]
    found = json.loads(ran.stdout.splitlines()[-1])
    unit, counts = found["owui_keygate.decisions"]
    assert unit == "{decision}"
    allowed = [point for point in counts if point[0]["decision"] == "allow_bypass"]
    assert allowed == [
        [{"decision": "allow_bypass"}, 1],
        [{"decision": "allow_bypass", "account": "prometheus"}, 2],
    ]
    assert {tuple(sorted(attributes)) for attributes, _ in counts} == {
        ("decision",),
        ("account", "decision"),
    }
    unit, ends = found["owui_keygate.key.time_to_end"]
    assert unit == "s"
    left = {attributes.get("account"): seconds / DAY for attributes, seconds in ends}
    assert left.keys() == {None, "prometheus"}
    assert 3 < left[None] <= 4
    assert 1 < left["prometheus"] <= 2
