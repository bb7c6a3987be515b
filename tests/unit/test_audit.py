"""What the audit writes, and how."""

from __future__ import annotations

import asyncio
import json
import logging
from types import SimpleNamespace
from typing import Any

import pytest
from owui_keygate._native import Decision, Policy, Settings
from owui_keygate.audit import Trail
from owui_keygate.readers import Reading, Rules
from starlette.requests import Request

KEY = "sk-0123456789"
USER: Any = SimpleNamespace(id="id", email="admin@example.org", role="admin")


class Reader:
    """Reads rules; how often is counted."""

    def __init__(self, rules: Rules | None) -> None:
        self.rules = rules
        self.reads = 0

    async def read(self, api_key: str, *, rules_bind_admins: bool) -> Reading:
        assert (api_key, rules_bind_admins) == (KEY, True)
        await asyncio.sleep(0)
        self.reads += 1
        return Reading(USER, None, None, self.rules)


def trail(mode: str) -> Trail:
    settings = Settings({"ENABLE_ADMIN_API_KEY_BYPASS": "true", "OWUI_KEYGATE_AUDIT": mode})
    return Trail(settings, Policy(settings))


def note(
    audit: Trail,
    decision: Decision = Decision.AllowBypass,
    path: str = "/a",
    reader: Reader | None = None,
) -> None:
    reader = reader or Reader(Rules(keys_enabled=False, allowed_endpoints=None, permissions=None))
    host: Any = SimpleNamespace(
        reader=reader, api_key_header="x-api-key", rules_of=lambda _request, _user: None
    )
    headers = [(b"authorization", f"Bearer {KEY}".encode())]
    scope = {"type": "http", "headers": headers, "method": "GET", "path": path, "client": None}
    request = Request(scope)
    if audit.is_due(request, decision, USER):
        asyncio.run(audit.write(request, KEY, decision, USER, host))


@pytest.fixture(autouse=True)
def everything_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "owui_keygate.audit")


def test_a_record_is_a_line_of_names_and_values(caplog: pytest.LogCaptureFixture) -> None:
    note(trail("all"))
    assert caplog.messages == [
        'bypass user="id" key="5c85b6dd" method="GET" path="/a" client=null way="bearer" '
        'host_rule="switch" limit=null'
    ]


def test_where_the_host_logs_json_a_record_is_json(caplog: pytest.LogCaptureFixture) -> None:
    audit = trail("all")
    audit.as_json = True
    note(audit, Decision.NetworkLimit)
    [message] = caplog.messages
    record = json.loads(message)
    assert (record["event"], record["limit"]) == ("refused", "ADMIN_API_KEY_ALLOWED_NETWORKS")
    assert record["key"] == "5c85b6dd"


def test_no_path_ends_the_line_or_colours_it(caplog: pytest.LogCaptureFixture) -> None:
    audit = trail("all")
    for audit.as_json in (False, True):
        note(audit, path='/\r\n\x1b[31m\u2028\x00\x85" x')
    for message in caplog.messages:
        assert message.isprintable()


def test_a_long_path_is_cut(caplog: pytest.LogCaptureFixture) -> None:
    note(trail("all"), path="/" + "x" * 100_000)
    assert f' path="/{"x" * 511}" ' in caplog.messages[0]


def test_throttled_writes_the_first_and_how_many_more(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    audit = trail("throttled")
    reader = Reader(None)
    for now in (60.0, 61.0, 62.0, 120.0):
        monkeypatch.setattr("owui_keygate.audit.time.monotonic", lambda now=now: now)
        note(audit, reader=reader)
    assert [line.split()[0] for line in caplog.messages] == ["bypass", "bypass", "bypass"]
    assert caplog.messages[1] == ('bypass user="id" method="GET" path="/a" left_out=2 limit=null')
    assert reader.reads == 2, "rules are read for what is written alone"


def test_what_is_left_out_is_written_at_the_end(caplog: pytest.LogCaptureFixture) -> None:
    audit = trail("throttled")
    note(audit)
    note(audit)
    audit.flush()
    audit.flush()
    assert [line.split()[-2] for line in caplog.messages] == ['host_rule="switch"', "left_out=1"]


def test_off_writes_nothing_and_counts(caplog: pytest.LogCaptureFixture) -> None:
    audit = trail("off")
    note(audit)
    note(audit, Decision.EndpointLimit)
    assert caplog.messages == []
    counts = audit.counts()
    assert (counts["allow_bypass"], counts["endpoint_limit"], counts["allow"]) == (1, 1, 0)


def test_what_the_hosts_rules_decide_is_counted_and_not_written(
    caplog: pytest.LogCaptureFixture,
) -> None:
    audit = trail("all")
    note(audit, Decision.KeysDisabled)
    assert caplog.messages == []
    assert audit.counts()["keys_disabled"] == 1


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (Rules(keys_enabled=False, allowed_endpoints="/b", permissions=None), '"switch"'),
        (Rules(keys_enabled=True, allowed_endpoints="/b", permissions=None), '"endpoints"'),
        (Rules(keys_enabled=True, allowed_endpoints="/a", permissions=None), "null"),
        (None, '"unknown"'),
    ],
)
def test_the_rule_of_the_host_that_would_have_refused_is_named(
    rules: Rules | None, expected: str, caplog: pytest.LogCaptureFixture
) -> None:
    note(trail("all"), reader=Reader(rules))
    assert f"host_rule={expected} " in caplog.messages[0]
