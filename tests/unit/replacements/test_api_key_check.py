"""Unsure means the host decides: what the live tests cannot make the real host do."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import HTTPException
from owui_keygate import readers
from owui_keygate._native import Decision, Judgement, PanicException, Settings
from owui_keygate.audit import AuditLog
from owui_keygate.readers import Reading, Rules
from owui_keygate.replacements import api_key_check
from starlette.requests import Request

from tests.support.account import Admin
from tests.support.extension import extension_of

if TYPE_CHECKING:
    from owui_keygate.extension import Extension

KEY = "sk-0123456789"


BY_HOST = Admin(role="user")
"""Whom the host's own check lets in."""


def limited(**settings: str) -> Extension:
    return extension_of(Settings({"ENABLE_ADMIN_API_KEY_BYPASS": "true"} | settings))


ACTIVE = limited()
OFF_EXTENSION = extension_of(Settings({}))
NAMED = limited(ADMIN_API_KEY_BYPASS_USERS="admin@example.org")
REFUSAL = api_key_check.Refusal(403, "Refused.")

OFF = Rules(keys_enabled=False, allowed_endpoints=None, permissions={})
ON = Rules(keys_enabled=True, allowed_endpoints=None, permissions={})


@dataclass
class Reader(readers.Reader):
    """Reads what it is given, or raises it; at once only where it is unchanged."""

    found: Any = field(default_factory=lambda: Reading(Admin(), None, None, OFF))
    permitted: Any = True
    rules_bind_admins: bool = False
    is_unchanged: bool = False

    def unchanged(self, api_key: str) -> Reading | None:
        assert api_key == KEY
        return self.found._replace(rules=None) if self.is_unchanged else None

    async def read(self, api_key: str, *, rules_bind_admins: bool) -> Reading | None:
        assert (api_key, rules_bind_admins) == (KEY, self.rules_bind_admins)
        found: Reading | None = await give(self.found)
        return found

    async def is_permitted(self, _user: object, _rules: Rules) -> bool:
        permitted: bool = await give(self.permitted)
        return permitted


async def give(found: Any) -> Any:
    await asyncio.sleep(0)
    if isinstance(found, BaseException):
        raise found
    return found


def by_host(found: Any = BY_HOST) -> Any:
    """Return a check of the host's that lets somebody in, or raises what it is given."""

    async def original(_request: Request, _api_key: str) -> object:
        return await give(found)

    return original


ADAPTER = api_key_check.HostAdapter(
    reader=Reader(),
    is_permitted=Reader().is_permitted,
    api_key_header="X-API-Key",
    refusals={},
    on_allowed=lambda _user, _decision: None,
    on_used=lambda _key: None,
)


def request_of(scheme: bytes = b"Bearer") -> Request:
    headers = [(b"authorization", scheme + f" {KEY}".encode())]
    return Request({"type": "http", "headers": headers, "path": "/"})


def check(
    reader: Reader,
    *,
    extension: Extension = ACTIVE,
    original: Any = None,
    header: bytes = b"Bearer",
    **facts: Any,
) -> object:
    adapter = ADAPTER._replace(reader=reader, is_permitted=reader.is_permitted, **facts)
    function = api_key_check.replace_check(original or by_host(), extension, adapter)
    return asyncio.run(function(request_of(header), KEY))


def refused(reader: Any, **facts: Any) -> tuple[int, str]:
    with pytest.raises(HTTPException) as refusal:
        check(reader, **facts)
    return refusal.value.status_code, refusal.value.detail


UNCHECKED = (403, api_key_check.UNCHECKED)


def test_the_replacement_names_what_it_replaces() -> None:
    original = by_host()
    function: Any = api_key_check.replace_check(original, ACTIVE, ADAPTER)
    assert function.__wrapped__ is original


def test_an_administrator_gets_in_as_their_own_user_object() -> None:
    reader = Reader()
    assert check(reader) is reader.found.user


@pytest.mark.parametrize(
    ("extension", "decision"),
    [(ACTIVE, Decision.AllowBypass), (OFF_EXTENSION, Decision.Allow)],
)
def test_the_host_is_told_who_got_in_and_whether_past_its_rules(
    extension: Extension, decision: Decision
) -> None:
    told: list[object] = []
    reader = Reader(Reading(Admin(), None, None, ON), rules_bind_admins=decision == Decision.Allow)
    check(
        reader, extension=extension, on_allowed=lambda *who: told.append(who), on_used=told.append
    )
    assert told == [(reader.found.user, decision), KEY]


def test_with_the_bypass_off_the_rules_are_read_for_an_administrator_too() -> None:
    reader = Reader(Reading(Admin(), None, None, ON), rules_bind_admins=True)
    assert check(reader, extension=OFF_EXTENSION) is reader.found.user


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

    def may_bypass(self, _transport: object) -> bool:
        return True

    def judge(self, *_facts: object, **_more: object) -> Judgement:
        raise PanicException(KEY)

    decide_let_in: Any = judge


class PanickingOnce(Panicking):
    """One that panics at the judgement and not at the limits."""

    decide_let_in = ACTIVE.policy.decide_let_in


PANICKING = extension_of(ACTIVE.settings, policy=Panicking())
PANICKING_ONCE = extension_of(ACTIVE.settings, policy=PanickingOnce())


@pytest.mark.parametrize("fault", [RuntimeError(KEY), PanicException(KEY)])
def test_an_administrator_whose_key_cannot_be_read_is_not_let_in(fault: BaseException) -> None:
    let_in = by_host(Admin())
    assert refused(Reader(fault), original=let_in) == UNCHECKED
    assert (
        check(Reader(fault, rules_bind_admins=True), original=let_in, extension=OFF_EXTENSION)
        == Admin()
    )
    other = Admin(email="other@example.org")
    named = Reader(fault, rules_bind_admins=True)
    assert check(named, original=by_host(other), extension=NAMED) is other


def test_where_the_host_keeps_no_times_there_is_no_end_to_be_read() -> None:
    let_in = {"original": by_host(Admin()), "keeps_times": False}
    reader = Reader(RuntimeError())
    assert check(reader, **let_in) == Admin()
    for limit, value in (("MAX_AGE", "1d"), ("ALLOWED_ENDPOINTS", "/a")):
        extension = limited(**{f"ADMIN_API_KEY_{limit}": value})
        refusals = {
            decision: api_key_check.Refusal(403, str(decision.limit))
            for decision in (Decision.AgeLimit, Decision.EndpointLimit)
        }
        found = refused(reader, extension=extension, refusals=refusals, **let_in)
        assert found == (403, f"ADMIN_API_KEY_{limit}")


def test_where_the_decision_panics_the_host_decides_about_users_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert check(Reader(), extension=PANICKING_ONCE) is BY_HOST
    assert "PanicException" in caplog.text
    assert refused(Reader(), extension=PANICKING) == UNCHECKED, "the limits panic as well"
    administrator = by_host(Admin())
    assert check(Reader(), extension=PANICKING_ONCE, original=administrator) == Admin()
    ended = Reader(Reading(Admin(), 1, None, ON))
    found = refused(ended, extension=PANICKING_ONCE, original=administrator)
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


ELSEWHERE = limited(ADMIN_API_KEY_ALLOWED_ENDPOINTS="/a")


@pytest.mark.parametrize("rules", [ON, None], ids=["judged here", "judged by the host"])
def test_a_key_in_no_header_needs_the_hosts_rules_and_the_limits(rules: Rules | None) -> None:
    reader = Reader(Reading(Admin(), None, None, rules), rules_bind_admins=True)
    facts: Any = {"header": b"Token", "original": by_host(Admin())}
    assert check(reader, **facts) == Admin()
    assert refused(reader, extension=ELSEWHERE, **facts) == UNCHECKED
    ended = Reader(Reading(Admin(), 1, None, rules), rules_bind_admins=True)
    assert refused(ended, **facts) == UNCHECKED
    off = Reader(Reading(Admin(), None, None, rules and OFF), rules_bind_admins=True)
    host_refuses = facts | {"original": by_host(HTTPException(418))}
    with pytest.raises(HTTPException) as refusal:
        check(off, **host_refuses)
    assert refusal.value.status_code == 418


def test_a_limit_refuses_although_no_answer_is_known() -> None:
    assert refused(Reader(), extension=ELSEWHERE) == UNCHECKED


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


def judged_by_host(extension: Extension, reader: Any, **facts: Any) -> bool:
    """Return whether the host's check was asked, with all that ours was called with."""
    asked: list[object] = []

    async def original(_request: Request, _api_key: str, **more: object) -> object:
        asked.append(more)
        return await give(BY_HOST)

    adapter = ADAPTER._replace(reader=reader, **facts)
    function = api_key_check.replace_check(original, extension, adapter)
    return asyncio.run(function(request_of(), KEY, db="db")) is BY_HOST and asked == [{"db": "db"}]


def test_a_user_is_the_hosts_where_the_rules_are_not_ours_to_apply(
    caplog: pytest.LogCaptureFixture,
) -> None:
    reader = Reader(Reading(Admin(role="user"), None, None, None))
    assert judged_by_host(ACTIVE, reader, refusals={Decision.KeysDisabled: REFUSAL})
    assert caplog.records == []


@pytest.mark.parametrize("rules", [None, OFF])
def test_a_named_administrator_is_ours_whatever_the_hosts_rules_are(rules: Rules | None) -> None:
    reader = Reader(Reading(Admin(), None, None, rules), rules_bind_admins=True)
    assert check(reader, extension=NAMED) is reader.found.user


def test_rules_that_are_not_in_the_database_come_from_the_host() -> None:
    reader = Reader(Reading(Admin(role="user"), None, None, None))
    assert not judged_by_host(ACTIVE, reader, rules_of=lambda _request, _user: ON)


def test_a_limit_that_refuses_is_named() -> None:
    refusals = {Decision.EndpointLimit: api_key_check.Refusal(403, "Refused by LIMIT.")}
    assert refused(Reader(), extension=ELSEWHERE, refusals=refusals) == (403, "Refused by LIMIT.")


def fail(*_: object) -> None:
    raise PanicException(KEY)


def test_a_bypass_that_cannot_be_noted_is_none(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(AuditLog, "write", fail)
    assert check(Reader(rules_bind_admins=False), extension=limited()) is BY_HOST
    assert "API-key audit failed (PanicException)" in caplog.text
    assert KEY not in caplog.text


def test_a_refusal_that_cannot_be_noted_stays_one(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(AuditLog, "write", fail)
    elsewhere = limited(ADMIN_API_KEY_ALLOWED_ENDPOINTS="/a")
    assert refused(Reader(), extension=elsewhere, original=by_host(Admin())) == UNCHECKED
    assert "API-key audit failed (PanicException)" in caplog.text


@pytest.mark.parametrize(
    ("header", "rules", "event"),
    [(b"Bearer", None, "bypass"), (b"Token", ON, "allowed"), (b"Token", None, "allowed")],
    ids=["in a header", "in no header", "let in by the host"],
)
def test_decisions_are_written_down_once(
    caplog: pytest.LogCaptureFixture, header: bytes, rules: Rules | None, event: str
) -> None:
    caplog.set_level(logging.INFO, "owui_keygate.audit")
    reader = Reader(Reading(Admin(), None, None, rules), rules_bind_admins=header != b"Bearer")
    check(reader, extension=limited(), header=header, original=by_host(Admin()))
    [line] = caplog.messages
    assert line.startswith(f'{event} user="id" key="5c85b6dd" ')


def test_what_the_host_decided_is_counted_as_nobodys() -> None:
    extension = limited()
    assert check(Reader(RuntimeError()), extension=extension) is BY_HOST
    assert not any(extension.audit.counts().values())


WARNING = "An API key ends soon"
ENDING = Reading(Admin(), int(time.time()) + 86_400, None, ON)
"""A key that ends in a day."""


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


@pytest.mark.parametrize("audit", ["all", "off"])
@pytest.mark.parametrize(
    ("header", "rules"),
    [(b"Bearer", None), (b"Token", ON), (b"Token", None)],
    ids=["in a header", "in no header", "let in by the host"],
)
def test_a_key_that_ends_soon_is_warned_of_once(
    caplog: pytest.LogCaptureFixture, audit: str, header: bytes, rules: Rules | None
) -> None:
    extension = limited(OWUI_KEYGATE_AUDIT=audit)
    reader = Reader(ENDING._replace(rules=rules), rules_bind_admins=header != b"Bearer")
    for _ in range(2):
        check(reader, extension=extension, header=header, original=by_host(Admin()))
    [warning] = warnings(caplog)
    assert warning.startswith(WARNING)
    assert KEY not in caplog.text


def test_who_is_refused_or_not_ruled_is_not_warned(caplog: pytest.LogCaptureFixture) -> None:
    assert refused(Reader(ENDING), extension=ELSEWHERE) == UNCHECKED
    by_host_alone = Reader(ENDING._replace(rules=None), rules_bind_admins=True)
    let_in = by_host(Admin())
    found = refused(by_host_alone, extension=ELSEWHERE, header=b"Token", original=let_in)
    assert found == UNCHECKED
    for extension in (OFF_EXTENSION, limited(ADMIN_API_KEY_BYPASS_USERS="other@example.org")):
        reader = Reader(ENDING, rules_bind_admins=True)
        assert check(reader, extension=extension) is ENDING.user
        check(by_host_alone, extension=extension, original=let_in)
    later = Reader(ENDING._replace(expires_at=int(time.time()) + 15 * 86_400))
    assert check(later, extension=limited()) is ENDING.user
    assert warnings(caplog) == []


@pytest.mark.parametrize("fault", [RuntimeError(KEY), PanicException(KEY)])
@pytest.mark.parametrize("header", [b"Bearer", b"Token"])
def test_a_warning_that_fails_neither_refuses_nor_allows(
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    fault: BaseException,
    header: bytes,
) -> None:
    def warn(ending: object) -> None:
        if ending is not None:
            raise fault

    monkeypatch.setattr(api_key_check, "warn", warn)
    name = type(fault).__name__
    told = f"Warning of a key that ends soon failed ({name}); the request is answered as decided"
    reader = Reader(ENDING._replace(rules=None), rules_bind_admins=header != b"Bearer")
    let_in = Admin()
    found = check(reader, extension=limited(), header=header, original=by_host(let_in))
    assert found is (let_in if header == b"Token" else ENDING.user)
    assert caplog.messages == [told]
    beyond = limited(ADMIN_API_KEY_ALLOWED_ENDPOINTS="/a")
    assert refused(reader, extension=beyond, header=header, original=by_host(let_in)) == UNCHECKED


def test_a_request_takes_one_native_call(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    class Counting:
        """Names what is asked of a policy while a request is decided."""

        def __getattr__(self, name: str) -> object:
            calls.append(name)
            return getattr(ACTIVE.policy, name)

    extension = extension_of(ACTIVE.settings, policy=Counting())
    function = api_key_check.replace_check(by_host(), extension, ADAPTER)
    monkeypatch.setattr(AuditLog, "write", lambda *_: None)
    calls.clear()
    assert asyncio.run(function(request_of(), KEY)) is ADAPTER.reader.found.user  # type: ignore[attr-defined]
    assert calls == ["judge"]


class Unread(Reader):
    """Must not be read."""

    async def read(self, api_key: str, *, rules_bind_admins: bool) -> Reading | None:
        raise AssertionError(api_key, rules_bind_admins)


def test_a_key_that_is_unchanged_is_not_read() -> None:
    unchanged = Unread(Reading(Admin(), None, None, None), is_unchanged=True)
    assert check(unchanged) is unchanged.found.user
    assert refused(unchanged, extension=ELSEWHERE) == UNCHECKED, "the limits hold"


@pytest.mark.parametrize(
    ("header", "extension"),
    [
        (b"Token", ACTIVE),
        (b"Bearer", limited(ADMIN_API_KEY_BYPASS_USERS="other@example.org")),
        (b"Bearer", OFF_EXTENSION),
    ],
    ids=["in another way", "not everybody is ruled", "off"],
)
def test_a_key_is_read_with_the_rules_where_they_may_bind(
    header: bytes, extension: Extension
) -> None:
    reader = Reader(Reading(Admin(), None, None, OFF), rules_bind_admins=True, is_unchanged=True)
    disabled = {Decision.KeysDisabled: api_key_check.Refusal(403, "Disabled.")}
    facts: dict[str, Any] = {"header": header, "extension": extension, "refusals": disabled}
    assert refused(reader, **facts) == (403, "Disabled.")


def test_the_server_is_asked_once_whom_it_trusts(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(api_key_check, "ask_server", asked.append)
    extension = limited(FORWARDED_ALLOW_IPS="::1", ADMIN_API_KEY_ALLOWED_NETWORKS="10.0.0.0/8")
    judge = api_key_check.ApiKeyCheck(extension, ADAPTER).judge
    for _ in range(2):
        asyncio.run(judge(request_of(), KEY))
    assert asked == [extension.policy]


def test_the_server_is_asked_whom_it_trusts_before_any_key_is_judged() -> None:
    extension = limited(ADMIN_API_KEY_ALLOWED_NETWORKS="10.0.0.0/8", FORWARDED_ALLOW_IPS="::1")
    assert extension.policy.must_ask_server
    reader = Reader(Reading(Admin(), None, None, None), is_unchanged=True)
    assert refused(reader, extension=extension) == UNCHECKED
    assert not extension.policy.must_ask_server
