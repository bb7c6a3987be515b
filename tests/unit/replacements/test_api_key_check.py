"""Unsure means the host decides: what the live tests cannot make the real host do."""

from __future__ import annotations

import asyncio
import inspect
import logging
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import HTTPException
from owui_keygate._native import Decision, PanicException, Policy, Settings, Way
from owui_keygate.readers import Reading, Rules
from owui_keygate.recording.audit import Trail
from owui_keygate.replacements import api_key_check, key_management
from starlette.requests import Request

KEY = "sk-0123456789"


@dataclass
class Admin:
    id: str = "id"
    email: str = "admin@example.org"
    role: str = "admin"


BY_HOST = Admin(role="user")
"""Whom the host's own check lets in."""


ON_SETTINGS = Settings({"ENABLE_ADMIN_API_KEY_BYPASS": "true"})
POLICY = Policy(ON_SETTINGS)
OFF_POLICY = Policy(Settings({}))
TRAIL = Trail(ON_SETTINGS)

NAMED_POLICY = Policy(
    Settings(
        {
            "ENABLE_ADMIN_API_KEY_BYPASS": "true",
            "ADMIN_API_KEY_BYPASS_USERS": "admin@example.org",
        }
    )
)
REFUSAL = api_key_check.Refusal(403, "Refused.")

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


def by_host(found: Any = BY_HOST) -> Any:  # noqa: ANN401
    """Return a check of the host's that lets somebody in, or raises what it is given."""

    async def original(_request: Request, _api_key: str) -> object:
        return await give(found)

    return original


HOST = api_key_check.Host(
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
    original: Any = None,  # noqa: ANN401
    header: bytes = b"Bearer",
    **facts: Any,  # noqa: ANN401
) -> object:
    host = HOST._replace(reader=reader, is_permitted=reader.is_permitted, **facts)
    function = api_key_check.replacement(original or by_host(), policy or POLICY, TRAIL, host)
    headers = [(b"authorization", header + f" {KEY}".encode())]
    request = Request({"type": "http", "headers": headers, "path": "/"})
    return asyncio.run(function(request, KEY))


def refused(reader: Any, **facts: Any) -> tuple[int, str]:  # noqa: ANN401
    with pytest.raises(HTTPException) as refusal:
        check(reader, **facts)
    return refusal.value.status_code, refusal.value.detail


UNCHECKED = (403, api_key_check.UNCHECKED)


def test_the_replacement_names_what_it_replaces() -> None:
    original = by_host()
    function: Any = api_key_check.replacement(original, POLICY, TRAIL, HOST)
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


class Panicking:
    """A policy of a native module that panics while the bypass is on."""

    bypass = True
    must_ask_server = False
    rules_every_admin = True

    def may_bypass(self, _way: Way) -> bool:
        return True

    def decide(self, *_facts: object) -> Decision:
        raise PanicException(KEY)

    decide_let_in: Any = decide


class PanickingOnce(Panicking):
    """One that panics at the decision and not at the limits."""

    decide_let_in = POLICY.decide_let_in


@pytest.mark.parametrize("fault", [RuntimeError(KEY), PanicException(KEY)])
def test_an_administrator_whose_key_cannot_be_read_is_not_let_in(fault: BaseException) -> None:
    let_in = by_host(Admin())
    assert refused(Reader(fault), original=let_in) == UNCHECKED
    assert (
        check(Reader(fault, rules_bind_admins=True), original=let_in, policy=OFF_POLICY) == Admin()
    )
    other = Admin(email="other@example.org")
    named = Reader(fault, rules_bind_admins=True)
    assert check(named, original=by_host(other), policy=NAMED_POLICY) is other


def test_where_the_host_keeps_no_times_there_is_no_end_to_be_read() -> None:
    let_in = {"original": by_host(Admin()), "keeps_times": False}
    reader = Reader(RuntimeError())
    assert check(reader, **let_in) == Admin()
    for limit, value in (("MAX_AGE", "1d"), ("ALLOWED_ENDPOINTS", "/a")):
        policy = limited(**{f"ADMIN_API_KEY_{limit}": value})
        refusals = {
            decision: api_key_check.Refusal(403, str(decision.limit))
            for decision in (Decision.AgeLimit, Decision.EndpointLimit)
        }
        found = refused(reader, policy=policy, refusals=refusals, **let_in)
        assert found == (403, f"ADMIN_API_KEY_{limit}")


def test_where_the_decision_panics_the_host_decides_about_users_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert check(Reader(), policy=PanickingOnce()) is BY_HOST
    assert "PanicException" in caplog.text
    assert refused(Reader(), policy=Panicking()) == UNCHECKED, "the limits panic as well"
    administrator = by_host(Admin())
    assert check(Reader(), policy=PanickingOnce(), original=administrator) == Admin()
    ended = Reader(Reading(Admin(), 1, None, ON))
    found = refused(ended, policy=PanickingOnce(), original=administrator)
    assert found == UNCHECKED, "the key was read again"
    assert KEY not in caplog.text


@pytest.mark.parametrize("refusal", [HTTPException(418), RuntimeError("no database")])
def test_what_the_host_refuses_stays_refused(refusal: Exception) -> None:
    with pytest.raises(type(refusal)) as raised:
        check(Reader(RuntimeError()), original=by_host(refusal))
    assert raised.value is refusal


@pytest.mark.parametrize("user", [None, SimpleNamespace(id=1, email="x", role="admin")])
def test_a_user_of_the_hosts_of_an_unexpected_shape_is_not_let_in(user: object) -> None:
    assert refused(Reader(RuntimeError()), original=by_host(user)) == UNCHECKED


def limited(**settings: str) -> Policy:
    return Policy(Settings({"ENABLE_ADMIN_API_KEY_BYPASS": "true"} | settings))


ELSEWHERE = limited(ADMIN_API_KEY_ALLOWED_ENDPOINTS="/a")


@pytest.mark.parametrize("judges_others", [True, False])
def test_a_key_in_no_header_needs_the_hosts_rules_and_the_limits(
    judges_others: bool,  # noqa: FBT001
) -> None:
    reader = Reader(Reading(Admin(), None, None, ON), rules_bind_admins=True)
    facts: Any = {"judges_others": judges_others, "header": b"Token", "original": by_host(Admin())}
    assert check(reader, **facts) == Admin()
    assert refused(reader, policy=ELSEWHERE, **facts) == UNCHECKED
    ended = Reader(Reading(Admin(), 1, None, ON), rules_bind_admins=True)
    assert refused(ended, **facts) == UNCHECKED
    off = Reader(Reading(Admin(), None, None, OFF), rules_bind_admins=True)
    host_refuses = facts | {"original": by_host(HTTPException(418))}
    with pytest.raises(HTTPException) as refusal:
        check(off, **host_refuses)
    assert refusal.value.status_code == 418


def test_a_limit_refuses_although_no_answer_is_known() -> None:
    assert refused(Reader(), policy=ELSEWHERE) == UNCHECKED


@pytest.mark.parametrize("role", [1, b"admin"])
def test_a_user_of_an_unexpected_shape_is_the_hosts(role: object) -> None:
    user = Admin()
    user.role = role  # type: ignore[assignment]
    assert check(Reader(Reading(user, None, None, ON))) is BY_HOST


def test_a_refusal_the_adapter_does_not_know_is_the_hosts() -> None:
    assert check(Reader(None)) is BY_HOST


def test_a_refusal_is_the_hosts_answer() -> None:
    unknown = {Decision.UnknownKey: api_key_check.Refusal(401, "who?")}
    with pytest.raises(HTTPException) as refused:
        check(Reader(None), refusals=unknown)
    assert (refused.value.status_code, refused.value.detail) == (401, "who?")


def test_a_request_that_is_given_up_is_not_answered_by_the_host() -> None:
    with pytest.raises(asyncio.CancelledError):
        check(Reader(asyncio.CancelledError()))


def request_with(credential: str) -> Request:
    headers = [(b"authorization", f"Bearer {credential}".encode())]
    return Request({"type": "http", "headers": headers})


SESSION = "a.session.token"
CREDENTIALS = key_management.Credentials("X-API-Key", {SESSION: {"id": "id"}}.get)


def managing(policy: Policy, user: object, request: Any) -> int:  # noqa: ANN401
    """Return how often the host is asked about a request for somebody's own key."""
    asked = []

    async def host_own(*arguments: object) -> None:
        await asyncio.sleep(0)
        asked.append(arguments)

    function = key_management.check_replacement(host_own, policy, CREDENTIALS)
    asyncio.run(function(request, user, None))
    return len(asked)


SIGN_IN = (403, key_management.SIGN_IN)


def refused_own_key(policy: Policy, user: object, request: Any) -> tuple[int, str]:  # noqa: ANN401
    with pytest.raises(HTTPException) as refusal:
        managing(policy, user, request)
    return refusal.value.status_code, refusal.value.detail


def test_whom_the_bypass_rules_manages_a_key_only_as_a_person_who_is_signed_in() -> None:
    assert managing(POLICY, Admin(), request_with(SESSION)) == 0
    assert refused_own_key(POLICY, Admin(), request_with(KEY)) == SIGN_IN
    for policy, user in ((OFF_POLICY, Admin()), (POLICY, BY_HOST)):
        for credential in (KEY, SESSION):
            assert managing(policy, user, request_with(credential)) == 1


def test_where_key_management_fails_the_host_decides_about_people_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert managing(POLICY, object(), request_with(SESSION)) == 1
    assert refused_own_key(POLICY, object(), request_with(KEY)) == SIGN_IN
    assert refused_own_key(POLICY, Admin(), None) == SIGN_IN
    assert caplog.text.count("The host's own check decides: AttributeError") == 3


def test_reading_and_deleting_a_key_are_guarded_where_the_host_asks_nobody() -> None:
    async def get_api_key(user: Admin, db: object = None) -> list[object]:
        await asyncio.sleep(0)
        return [user, db]

    widened = key_management.with_request(get_api_key)
    function: Any = key_management.guarded(widened, POLICY, CREDENTIALS)
    assert [*inspect.signature(function).parameters] == ["request", "user", "db"]
    assert inspect.signature(function).parameters["request"].annotation is Request
    session, key = request_with(SESSION), request_with(KEY)
    found = asyncio.run(function(request=session, user=Admin(), db="db"))
    assert found == [Admin(), "db"]
    assert asyncio.run(function(request=key, user=BY_HOST)) == [BY_HOST, None]
    with pytest.raises(HTTPException) as refusal:
        asyncio.run(function(request=key, user=Admin()))
    assert (refusal.value.status_code, refusal.value.detail) == SIGN_IN


def judged_by_host(policy: Policy, reader: Any, **host: Any) -> bool:  # noqa: ANN401
    """Return whether the host's check was asked, with all that ours was called with."""
    asked: list[object] = []

    async def original(_request: Request, _api_key: str, **more: object) -> object:
        asked.append(more)
        return await give(BY_HOST)

    facts = HOST._replace(reader=reader, **host)
    headers = [(b"authorization", f"Bearer {KEY}".encode())]
    request = Request({"type": "http", "headers": headers, "path": "/"})
    function = api_key_check.replacement(original, policy, TRAIL, facts)
    return asyncio.run(function(request, KEY, db="db")) is BY_HOST and asked == [{"db": "db"}]


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
    function = key_management.creation_replacement(generate_api_key, POLICY, CREDENTIALS)
    user: Any = Admin(role=role)
    found = asyncio.run(function(request=request, user=user, db="db"))
    assert found == [role, "db", sees, sees, sees, 1]
    assert config.ENABLE_API_KEYS is False


def test_a_limit_that_refuses_is_named() -> None:
    refusals = {Decision.EndpointLimit: api_key_check.Refusal(403, "Refused by LIMIT.")}
    assert refused(Reader(), policy=ELSEWHERE, refusals=refusals) == (403, "Refused by LIMIT.")


def fail(*_: object) -> None:
    raise PanicException(KEY)


def test_a_bypass_that_cannot_be_noted_is_none(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Trail, "note", fail)
    assert check(Reader(rules_bind_admins=False)) is BY_HOST
    assert "API-key decision not logged (PanicException)" in caplog.text
    assert KEY not in caplog.text


def test_a_refusal_that_cannot_be_noted_stays_one(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Trail, "note", fail)
    assert refused(Reader(), policy=ELSEWHERE, original=by_host(Admin())) == UNCHECKED
    assert "API-key decision not logged (PanicException)" in caplog.text


@pytest.mark.parametrize(
    ("header", "rules_bind_admins", "decision"),
    [(b"Bearer", False, Decision.AllowBypass), (b"Token", True, Decision.AllowWithinLimits)],
)
def test_decisions_are_noted(
    monkeypatch: pytest.MonkeyPatch,
    header: bytes,
    rules_bind_admins: bool,  # noqa: FBT001
    decision: Decision,
) -> None:
    noted: list[object] = []
    monkeypatch.setattr(Trail, "note", lambda _trail, _request, *facts: noted.append(facts[:3]))
    reader = Reader(Reading(Admin(), None, None, ON), rules_bind_admins=rules_bind_admins)
    for judges_others in (True, False):
        check(reader, header=header, judges_others=judges_others, original=by_host(Admin()))
    assert noted == [(KEY, decision, "id")] * 2
