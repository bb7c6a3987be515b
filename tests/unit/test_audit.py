"""What the audit writes, and how."""

from __future__ import annotations

import json
import logging
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
from owui_keygate._native import Decision, PanicException, Settings, Transport
from owui_keygate.audit import AuditLog

KEY = "sk-0123456789"


def audit_log(mode: str, **facts: bool) -> AuditLog:
    settings = Settings({"ENABLE_ADMIN_API_KEY_BYPASS": "true", "OWUI_KEYGATE_AUDIT": mode})
    return AuditLog(settings, **facts)


def note(  # noqa: PLR0913 (the facts of a request)
    log: AuditLog,
    decision: Decision = Decision.AllowBypass,
    path: str = "/a",
    *,
    user: str | None = "id",
    client: tuple[str, int] | None = None,
    now: float = 0.0,
) -> None:
    scope: dict[str, Any] = {"method": "GET", "path": path, "client": client}
    log.write(log.audit.note((scope, KEY, Transport.Bearer, now), decision, user))


@pytest.fixture(autouse=True)
def everything_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "owui_keygate.audit")


def test_a_record_is_a_line_of_names_and_values(caplog: pytest.LogCaptureFixture) -> None:
    note(audit_log("all"))
    assert caplog.messages == [
        'bypass user="id" key="5c85b6dd" method="GET" path="/a" client=null transport="bearer" '
        "limit=null"
    ]


def test_where_the_host_logs_json_a_record_is_json(caplog: pytest.LogCaptureFixture) -> None:
    note(audit_log("all", as_json=True), Decision.NetworkLimit)
    [message] = caplog.messages
    record = json.loads(message)
    assert (record["event"], record["limit"]) == ("refused", "ADMIN_API_KEY_ALLOWED_NETWORKS")
    assert record["key"] == "5c85b6dd"


def test_no_path_ends_the_line_or_colours_it(caplog: pytest.LogCaptureFixture) -> None:
    for as_json in (False, True):
        note(audit_log("all", as_json=as_json), path='/\r\n\x1b[31m\u2028\x00\x85" x')
    for message in caplog.messages:
        assert message.isprintable()


def test_a_long_path_is_cut(caplog: pytest.LogCaptureFixture) -> None:
    note(audit_log("all"), path="/" + "x" * 100_000)
    assert f' path="/{"x" * 511}" ' in caplog.messages[0]


def test_throttled_writes_the_first_and_how_many_more(caplog: pytest.LogCaptureFixture) -> None:
    audit = audit_log("throttled")
    for now in (60.0, 61.0, 62.0, 120.0):
        note(audit, client=("192.0.2.1", 1), now=now)
    assert [line.split()[0] for line in caplog.messages] == ["bypass", "bypass", "bypass"]
    assert caplog.messages[1] == (
        'bypass user="id" key="5c85b6dd" method="GET" path="/a" client="192.0.2.1" suppressed=2 '
        "limit=null"
    )


def test_what_is_suppressed_is_written_at_the_end(caplog: pytest.LogCaptureFixture) -> None:
    audit = audit_log("throttled")
    note(audit)
    note(audit)
    audit.flush()
    audit.flush()
    assert [line.split()[-2] for line in caplog.messages] == ['transport="bearer"', "suppressed=1"]


def test_a_second_client_in_the_same_minute_is_written(caplog: pytest.LogCaptureFixture) -> None:
    audit = audit_log("throttled")
    for client in ("192.0.2.1", "192.0.2.66", "192.0.2.1"):
        note(audit, client=(client, 1))
    assert [line.split()[5] for line in caplog.messages] == [
        'client="192.0.2.1"',
        'client="192.0.2.66"',
    ]


def test_a_key_that_names_nobody_has_a_line_of_its_own(caplog: pytest.LogCaptureFixture) -> None:
    audit = audit_log("throttled")
    for path in ("/a", "/b"):
        note(audit, Decision.UnknownKey, path, user=None, client=("192.0.2.66", 1))
    audit.flush()
    assert caplog.messages == [
        'unknown key key="5c85b6dd" method="GET" path="/a" client="192.0.2.66" transport="bearer" '
        "limit=null",
        'unknown key client="192.0.2.66" suppressed=1 limit=null',
    ]
    assert KEY not in caplog.text


def test_what_the_host_lets_in_within_the_limits_is_no_bypass(
    caplog: pytest.LogCaptureFixture,
) -> None:
    note(audit_log("all"), Decision.AllowWithinLimits)
    assert caplog.messages[0].startswith('allowed user="id" key="5c85b6dd" ')


def test_a_long_client_is_cut(caplog: pytest.LogCaptureFixture) -> None:
    note(audit_log("all"), client=("1" * 100_000, 1))
    assert f' client="{"1" * 64}" ' in caplog.messages[0]


def test_off_writes_nothing_and_counts(caplog: pytest.LogCaptureFixture) -> None:
    audit = audit_log("off")
    note(audit)
    note(audit, Decision.EndpointLimit)
    assert caplog.messages == []
    counts = audit.counts()
    assert (counts["allow_bypass"], counts["endpoint_limit"], counts["allow"]) == (1, 1, 0)


def test_what_the_hosts_rules_decide_is_counted_and_not_written(
    caplog: pytest.LogCaptureFixture,
) -> None:
    audit = audit_log("all")
    note(audit, Decision.KeysDisabled)
    assert caplog.messages == []
    assert audit.counts()["keys_disabled"] == 1


@pytest.mark.parametrize("fault", [RuntimeError(KEY), PanicException(KEY)])
def test_what_cannot_be_told_at_the_end_is_an_error(
    fault: BaseException, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def drain() -> NoReturn:
        raise fault

    audit = audit_log("throttled")
    monkeypatch.setattr(audit, "audit", SimpleNamespace(drain=drain))
    audit.flush()
    assert caplog.messages == [f"Could not log the suppressed audit events: {type(fault).__name__}"]
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
