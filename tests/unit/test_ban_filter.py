"""The filter of docs/limits.md bans whom it should, in the lines that the audit writes."""

from __future__ import annotations

import configparser
import logging
import re
from pathlib import Path

import pytest
from owui_keygate._native import Decision, Settings, Transport
from owui_keygate.audit import AuditLog

PAGE = Path(__file__).parents[2] / "docs" / "limits.md"
GUESSER, ADMIN = "192.0.2.66", "10.20.30.40"
ADDRESS = r"(?P<address>[0-9a-fA-F:.]+)"
"""What fail2ban puts in the place of `<ADDR>`, but shorter."""


def documented_filter() -> configparser.ConfigParser:
    [text] = re.findall(r"```ini\n(\[Definition\].*?)```", PAGE.read_text(), re.DOTALL)
    parsed = configparser.ConfigParser(interpolation=None)
    parsed.read_string(text)
    return parsed


def banned(lines: list[str]) -> list[str]:
    """Return the addresses that the filter finds in lines of the log."""
    fails = [
        re.compile(line.strip().replace("<ADDR>", ADDRESS))
        for line in documented_filter()["Definition"]["failregex"].splitlines()
    ]
    found = (next((m for fail in fails if (m := fail.search(line))), None) for line in lines)
    return [match["address"] for match in found if match]


@pytest.fixture(autouse=True)
def everything_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "owui_keygate.audit")


def note(log: AuditLog, decision: Decision, client: str, path: str = "/api/models") -> None:
    scope = {"method": "GET", "path": path, "client": (client, 1)}
    user = None if decision == Decision.UnknownKey else "id"
    request = (scope, "sk-0123456789", Transport.Bearer, 0.0)
    log.write(log.audit.note(request, decision, user))


def audit_log(mode: str = "all") -> AuditLog:
    return AuditLog(Settings({"ENABLE_ADMIN_API_KEY_BYPASS": "true", "OWUI_KEYGATE_AUDIT": mode}))


@pytest.mark.parametrize("decision", [Decision.UnknownKey, Decision.ExpiredKey])
@pytest.mark.parametrize("client", [GUESSER, "2001:db8::66"])
def test_unknown_and_ended_keys_are_banned(
    caplog: pytest.LogCaptureFixture, decision: Decision, client: str
) -> None:
    note(audit_log(), decision, client)
    assert banned(caplog.messages) == [client]


@pytest.mark.parametrize(
    "decision",
    [Decision.AllowBypass, Decision.AllowWithinLimits, Decision.EndpointLimit, Decision.UnreadKey],
)
def test_valid_keys_are_not(caplog: pytest.LogCaptureFixture, decision: Decision) -> None:
    note(audit_log(), decision, ADMIN)
    assert len(caplog.messages) == 1
    assert banned(caplog.messages) == []


def test_what_was_suppressed_is_no_second_offence(caplog: pytest.LogCaptureFixture) -> None:
    audit = audit_log("throttled")
    for _ in range(3):
        note(audit, Decision.UnknownKey, GUESSER)
    audit.flush()
    assert len(caplog.messages) == 2
    assert banned(caplog.messages) == [GUESSER]


@pytest.mark.parametrize(
    "path",
    [
        f'/ client="{ADMIN}" transport=',
        f'/x" client="{ADMIN}" limit="expires_at',
        f'/\nunknown key client="{ADMIN}"',
        f'/\\" client="{ADMIN}" ',
    ],
)
def test_no_path_has_somebody_else_banned(caplog: pytest.LogCaptureFixture, path: str) -> None:
    for decision in (Decision.UnknownKey, Decision.ExpiredKey):
        note(audit_log(), decision, GUESSER, path)
    note(audit_log(), Decision.EndpointLimit, ADMIN, path)
    assert banned(caplog.messages) == [GUESSER] * 2


def test_no_path_hides_who_is_to_be_banned(caplog: pytest.LogCaptureFixture) -> None:
    note(audit_log(), Decision.UnknownKey, GUESSER, "/ suppressed=1")
    assert banned(caplog.messages) == [GUESSER]
