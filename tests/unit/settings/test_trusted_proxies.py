"""Networks refuse where the server cannot be asked; the live tests ask real ones."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from owui_keygate._native import Decision, PanicException, Policy, Settings, Transport
from owui_keygate.settings import trusted_proxies

ADMIN = SimpleNamespace(id="id", email="admin@example.org", role="admin")
SCOPE = {"method": "GET", "path": "/", "client": ("10.1.1.1", 1)}
ON = {
    "ENABLE_ADMIN_API_KEY_BYPASS": "true",
    "ADMIN_API_KEY_ALLOWED_NETWORKS": "10.0.0.0/8",
    "FORWARDED_ALLOW_IPS": "127.0.0.1",
}


def panic() -> str | None:
    raise PanicException


def fail() -> str | None:
    raise RuntimeError


def find_nothing() -> str | None:
    return None


@pytest.mark.parametrize(
    ("doubt", "decision"),
    [
        (find_nothing, Decision.AllowBypass),
        (panic, Decision.NetworkLimit),
        (fail, Decision.NetworkLimit),
        (lambda: "a reason", Decision.NetworkLimit),
    ],
    ids=["none", "panic", "exception", "doubt"],
)
def test_networks_hold_only_where_there_is_no_doubt(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    doubt: object,
    decision: Decision,
) -> None:
    monkeypatch.setattr(trusted_proxies, "_doubt", doubt)
    policy = Policy(Settings(ON))
    for _ in range(3):
        trusted_proxies.ask_server(policy)
        request = (SCOPE, "sk-1", Transport.Bearer, 0.0)
        assert policy.judge(request, (ADMIN, None, None, None)).decision == decision
    refuses = decision == Decision.NetworkLimit
    assert len(caplog.records) == refuses
    assert len(trusted_proxies.warnings(policy)) == refuses


def test_nobody_asks_without_networks(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(trusted_proxies, "_doubt", panic)
    for settings in (ON | {"ENABLE_ADMIN_API_KEY_BYPASS": "false"}, dict(list(ON.items())[:1])):
        policy = Policy(Settings(settings))
        trusted_proxies.ask_server(policy)
        assert trusted_proxies.warnings(policy) == []
    assert caplog.records == []
