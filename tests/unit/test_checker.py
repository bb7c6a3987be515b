"""Unsure means the host decides: what the live tests cannot make the real host do."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import HTTPException
from owui_keygate import checker, key_management
from owui_keygate._native import Decision, PanicException, Policy, Settings, Way
from owui_keygate.audit import Trail
from owui_keygate.readers import Reading, Rules
from starlette.requests import Request

KEY = "sk-0123456789"
BY_HOST = object()


@dataclass
class Admin:
    id: str = "id"
    email: str = "admin@example.org"
    role: str = "admin"


ON_SETTINGS = Settings({"ENABLE_ADMIN_API_KEY_BYPASS": "true"})
POLICY = Policy(ON_SETTINGS)
OFF_POLICY = Policy(Settings({}))
TRAIL = Trail(Settings({"OWUI_KEYGATE_AUDIT": "off"}), POLICY)

NAMED_POLICY = Policy(
    Settings(
        {
            "ENABLE_ADMIN_API_KEY_BYPASS": "true",
            "ADMIN_API_KEY_BYPASS_USERS": "admin@example.org",
        }
    )
)
REFUSAL = checker.Refusal(403, "Refused.")

OFF = Rules(keys_enabled=False, allowed_endpoints=None, permissions={})
ON = Rules(keys_enabled=True, allowed_endpoints=None, permissions={})


@dataclass
class Reader:
    """Reads what it is given, or raises it."""

    found: Any = field(default_factory=lambda: Reading(Admin(), None, None, OFF))
    permitted: Any = True
    rules_bind_admins: bool = False

    async def read(self, api_key: str, *, rules_bind_admins: bool) -> Reading | None:
        assert (api_key, rules_bind_admins) == (KEY, self.rules_bind_admins)
        found: Reading | None = await give(self.found)
        return found

    async def is_permitted(self, _user: object, _rules: Rules) -> bool:
        permitted: bool = await give(self.permitted)
        return permitted


async def give(found: Any) -> Any:  # noqa: ANN401
    await asyncio.sleep(0)
    if isinstance(found, BaseException):
        raise found
    return found


async def original(_request: Request, _api_key: str) -> object:
    return await give(BY_HOST)


HOST = checker.Host(
    reader=Reader(),
    is_permitted=Reader().is_permitted,
    api_key_header="X-API-Key",
    refusals={},
    on_allowed=lambda _user, _bypass: None,
    on_used=lambda _key: None,
)


def check(
    reader: Reader,
    *,
    policy: Any = None,  # noqa: ANN401
    **facts: Any,  # noqa: ANN401
) -> object:
    host = HOST._replace(reader=reader, is_permitted=reader.is_permitted, **facts)
    function = checker.replacement(original, policy or POLICY, TRAIL, host)
    headers = [(b"authorization", f"Bearer {KEY}".encode())]
    request = Request({"type": "http", "headers": headers, "path": "/"})
    return asyncio.run(function(request, KEY))


def test_the_replacement_names_what_it_replaces() -> None:
    function: Any = checker.replacement(original, POLICY, TRAIL, HOST)
    assert function.__wrapped__ is original


def test_an_administrator_gets_in_as_their_own_user_object() -> None:
    reader = Reader()
    assert check(reader) is reader.found.user


@pytest.mark.parametrize(("policy", "bypass"), [(POLICY, True), (OFF_POLICY, False)])
def test_the_host_is_told_who_got_in_and_whether_past_its_rules(
    policy: Policy,
    bypass: bool,  # noqa: FBT001
) -> None:
    told: list[object] = []
    reader = Reader(Reading(Admin(), None, None, ON), rules_bind_admins=not bypass)
    check(reader, policy=policy, on_allowed=lambda *who: told.append(who), on_used=told.append)
    assert told == [(reader.found.user, bypass), KEY]


def test_with_the_bypass_off_the_rules_are_read_for_an_administrator_too() -> None:
    reader = Reader(Reading(Admin(), None, None, ON), rules_bind_admins=True)
    assert check(reader, policy=OFF_POLICY) is reader.found.user


def test_a_user_with_the_permission_gets_in_without_the_hosts_check() -> None:
    reader = Reader(Reading(Admin(role="user"), None, None, ON))
    assert check(reader) is reader.found.user


@pytest.mark.parametrize(
    "error",
    [RuntimeError(f"no connection for {KEY}"), HTTPException(500), PanicException(KEY)],
    ids=["exception", "HTTP exception", "panic"],
)
@pytest.mark.parametrize("fact", ["found", "permitted"])
def test_where_reading_fails_the_host_decides(
    fact: str, error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    reader = Reader(Reading(Admin(role="user"), None, None, ON))
    setattr(reader, fact, error)
    assert check(reader) is BY_HOST
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert type(error).__name__ in caplog.text
    assert KEY not in caplog.text


def test_where_the_decision_panics_the_host_decides(caplog: pytest.LogCaptureFixture) -> None:
    class Panicking:
        rules_every_admin = True

        def admin_regime(self, _way: Way) -> bool:
            return True

        def decide(self, *_facts: object) -> Decision:
            raise PanicException

    assert check(Reader(), policy=Panicking()) is BY_HOST
    assert "PanicException" in caplog.text


@pytest.mark.parametrize("role", [1, b"admin"])
def test_a_user_of_an_unexpected_shape_is_the_hosts(role: object) -> None:
    user = Admin()
    user.role = role  # type: ignore[assignment]
    assert check(Reader(Reading(user, None, None, ON))) is BY_HOST


def test_a_refusal_the_adapter_does_not_know_is_the_hosts() -> None:
    assert check(Reader(None)) is BY_HOST


def test_a_refusal_is_the_hosts_answer() -> None:
    unknown = {Decision.UnknownKey: checker.Refusal(401, "who?")}
    with pytest.raises(HTTPException) as refused:
        check(Reader(None), refusals=unknown)
    assert (refused.value.status_code, refused.value.detail) == (401, "who?")


def test_a_request_that_is_given_up_is_not_answered_by_the_host() -> None:
    with pytest.raises(asyncio.CancelledError):
        check(Reader(asyncio.CancelledError()))


def test_where_key_management_fails_the_host_decides(caplog: pytest.LogCaptureFixture) -> None:
    asked = []

    async def host_own(*arguments: object) -> None:
        await asyncio.sleep(0)
        asked.append(arguments)

    function = key_management.check_replacement(host_own, POLICY, "X-API-Key")
    for user, request in ((Admin(), None), (object(), Request({"type": "http", "headers": []}))):
        asyncio.run(function(request, user, None))
    assert len(asked) == 2
    assert caplog.text.count("The host's own check decides: AttributeError") == 2


@dataclass
class NeverAsked:
    """A reader that must not be asked."""

    async def read(self, _api_key: str, **_: bool) -> Reading | None:
        raise AssertionError


def judged_by_host(policy: Policy, reader: Any, **host: Any) -> bool:  # noqa: ANN401
    """Return whether the host's check was asked, with all that ours was called with."""

    async def original(_request: Request, _api_key: str, **more: object) -> object:
        return await give(more)

    facts = HOST._replace(reader=reader, **host)
    headers = [(b"authorization", f"Bearer {KEY}".encode())]
    request = Request({"type": "http", "headers": headers, "path": "/"})
    function = checker.replacement(original, policy, TRAIL, facts)
    return bool(asyncio.run(function(request, KEY, db="db")) == {"db": "db"})


def test_where_only_the_admin_regime_is_judged_others_are_not_even_read() -> None:
    assert judged_by_host(OFF_POLICY, NeverAsked(), judges_others=False)


@pytest.mark.parametrize(
    ("rules", "judges_others"), [(None, True), (None, False), (OFF, False), (ON, False)]
)
def test_a_user_is_the_hosts_where_the_rules_are_not_ours_to_apply(
    rules: Rules | None,
    judges_others: bool,  # noqa: FBT001
    caplog: pytest.LogCaptureFixture,
) -> None:
    reader = Reader(Reading(Admin(role="user"), None, None, rules))
    refusals = dict.fromkeys([Decision.KeysDisabled, Decision.AskPermission], REFUSAL)
    assert judged_by_host(POLICY, reader, refusals=refusals, judges_others=judges_others)
    assert caplog.records == []


@pytest.mark.parametrize("rules", [None, OFF])
def test_a_named_administrator_is_ours_whatever_the_hosts_rules_are(rules: Rules | None) -> None:
    reader = Reader(Reading(Admin(), None, None, rules), rules_bind_admins=True)
    assert check(reader, policy=NAMED_POLICY, judges_others=False) is reader.found.user


def test_rules_that_are_not_in_the_database_come_from_the_host() -> None:
    reader = Reader(Reading(Admin(role="user"), None, None, None))
    assert not judged_by_host(POLICY, reader, rules_of=lambda _request, _user: ON)


@pytest.mark.parametrize(
    ("role", "session", "sees"), [("admin", True, True), ("user", True, False)]
)
def test_an_administrator_sees_a_configuration_with_keys_enabled(
    role: str,
    session: bool,  # noqa: FBT001
    sees: bool,  # noqa: FBT001
) -> None:
    async def generate_api_key(request: Request, user: Admin, db: object) -> list[object]:
        config = request.app.state.config
        await asyncio.sleep(0)
        permitted = config.USER_PERMISSIONS.get("features", {}).get("api_keys", False)
        return [user.role, db, config.ENABLE_API_KEY, config.ENABLE_API_KEYS, permitted, config.X]

    config = SimpleNamespace(ENABLE_API_KEY=False, ENABLE_API_KEYS=False, USER_PERMISSIONS={}, X=1)
    headers = [(b"authorization", b"Bearer a.session.token" if session else b"")]
    app = SimpleNamespace(state=SimpleNamespace(config=config))
    request = Request({"type": "http", "headers": headers, "app": app})
    function = key_management.endpoint_replacement(generate_api_key, POLICY, "X-API-Key")
    user: Any = Admin(role=role)
    found = asyncio.run(function(request=request, user=user, db="db"))
    assert found == [role, "db", sees, sees, sees, 1]
    assert config.ENABLE_API_KEYS is False


def test_a_limit_that_refuses_is_named() -> None:
    limited = Policy(
        Settings({"ENABLE_ADMIN_API_KEY_BYPASS": "true", "ADMIN_API_KEY_ALLOWED_ENDPOINTS": "/a"})
    )
    refusals = {Decision.EndpointLimit: checker.Refusal(403, "Refused by LIMIT.")}
    with pytest.raises(HTTPException) as refused:
        check(Reader(), policy=limited, refusals=refusals)
    assert (refused.value.status_code, refused.value.detail) == (403, "Refused by LIMIT.")


def test_where_noting_fails_the_host_decides(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise PanicException(KEY)

    monkeypatch.setattr(Trail, "is_due", fail)
    assert check(Reader()) is BY_HOST
    assert "PanicException" in caplog.text
    assert KEY not in caplog.text


def test_what_is_due_is_written_down(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[object] = []

    async def write(_trail: Trail, _request: Request, *facts: object) -> None:
        await give(None)
        written.append(facts[:3])

    monkeypatch.setattr(Trail, "is_due", lambda *_: True)
    monkeypatch.setattr(Trail, "write", write)
    reader = Reader()
    assert check(reader) is reader.found.user
    assert written == [(KEY, Decision.AllowBypass, reader.found.user)]
