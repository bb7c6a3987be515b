"""The native module, as Python sees it. Its rules are tested in Rust."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import owui_keygate
import pytest
from hypothesis import given
from hypothesis import strategies as st
from owui_keygate import _native
from owui_keygate._native import (
    Audit,
    Decision,
    OwnKey,
    Policy,
    Settings,
    Transport,
    check_policy_file,
    fingerprint,
    hold_everyone,
    is_setting,
)
from owui_keygate.replacements.credentials import TRANSPORTS

ROOT = Path(__file__).resolve().parents[2]


def test_the_native_module_is_the_built_one() -> None:
    assert _native.__file__.endswith((".abi3.so", ".pyd"))
    assert ROOT / "python" not in Path(_native.__file__).parents


def test_the_version_is_that_of_cargo_toml() -> None:
    manifest = tomllib.loads((ROOT / "Cargo.toml").read_text())
    assert owui_keygate.__version__ == _native.__version__ == manifest["package"]["version"]


def test_other_attributes_do_not_exist() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = owui_keygate.nothing


def test_settings_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not Settings(os.environ).bypass
    monkeypatch.setenv("ENABLE_ADMIN_API_KEY_BYPASS", "true")
    settings = Settings(os.environ)
    assert (settings.enabled, settings.strict, settings.bypass) == (True, False, True)
    assert settings.problems == []
    assert json.loads(settings.to_json())["bypass"] is True


def test_settings_are_told_from_other_variables() -> None:
    for name in ("OWUI_KEYGATE", " admin_api_key_max_age", "FORWARDED_ALLOW_IPS"):
        assert is_setting(name), name
    for name in ("PATH", "ADMIN_API_KEY", "", "\udcff"):
        assert not is_setting(name), name


def test_bytes_that_are_no_text_are_not_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENABLE_ADMIN_API_KEY_BYPASS", os.fsdecode(b"true\xff"))
    settings = Settings(os.environ)
    assert not settings.bypass
    assert len(settings.problems) == 1


def test_a_name_of_such_bytes_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENABLE_ADMIN_API_KEY_BYPASS", "true")
    monkeypatch.setenv(os.fsdecode(b"ADMIN_API_KEY_MAX_AGE\xff"), "90d")
    settings = Settings(os.environ)
    assert not settings.bypass
    [problem] = settings.problems
    assert problem.startswith(r"ADMIN_API_KEY_MAX_AGE\u{fffd}")
    assert "is not a setting of this version" in problem


def test_what_is_no_mapping_is_no_environment() -> None:
    with pytest.raises(TypeError):
        Settings(["ENABLE_ADMIN_API_KEY_BYPASS"])  # type: ignore[arg-type]


CLIENT = ("10.1.2.3", 50000)
ADMIN = SimpleNamespace(id="id", email="admin@example.org", role="admin")
USER = SimpleNamespace(id="id", email="user@example.org", role="user")


def policy_of(**settings: str) -> Policy:
    """Return the decision with the bypass on and some settings more."""
    read = Settings({"ENABLE_ADMIN_API_KEY_BYPASS": "true", **settings})
    assert read.problems == []
    return Policy(read)


OFF = Policy(Settings({}))
ON = policy_of()


def judge(policy: Policy, **facts: Any) -> Decision | None:
    """Judge a bearer key of an administrator for `/a`, with other facts as given."""
    scope = {"type": "http", "method": "GET", "path": facts.pop("path", "/a"), "client": CLIENT}
    transport = facts.pop("transport", Transport.Bearer)
    request = (facts.pop("scope", scope), "sk-1", transport, facts.pop("now", 10.0))
    expires_at, created_at = facts.pop("expires_at", None), facts.pop("created_at", None)
    enabled, endpoints = facts.pop("keys_enabled", False), facts.pop("allowed_endpoints", None)
    rules: tuple[bool, str | None, object] = (enabled, endpoints, {})
    user = facts.pop("user", ADMIN)
    return policy.judge(request, (user, expires_at, created_at, rules), **facts).decision


def covers(endpoints: str | None, path: str) -> bool:
    policy = OFF
    decision = judge(policy, path=path, keys_enabled=True, allowed_endpoints=endpoints)
    assert decision in (Decision.Allow, Decision.EndpointRefused)
    return decision == Decision.Allow


def test_white_space_is_what_python_strips() -> None:
    for point in range(sys.maxunicode + 1):
        character = chr(point)
        if not "\ud800" <= character <= "\udfff" and character != ",":
            covered = covers(f"{character}/a{character}", "/a")
            assert covered is character.isspace(), hex(point)


@given(
    st.text(alphabet=st.sampled_from("/ab, \x1c\xa0")), st.text(alphabet=st.sampled_from("/ab "))
)
def test_a_list_is_read_as_python_reads_it(endpoints: str, path: str) -> None:
    rules = [rule.strip() for rule in endpoints.split(",")]
    covered = any(rule and f"{path}/".startswith(f"{rule}/") for rule in rules)
    assert covers(endpoints, path) is covered


def test_the_list_in_force_is_the_one_that_was_handed_over_last() -> None:
    policy = OFF
    for _ in range(2):
        for endpoints, decision in (
            ("/a", Decision.Allow),
            ("/b", Decision.EndpointRefused),
            ("", Decision.EndpointRefused),
            (None, Decision.Allow),
        ):
            assert judge(policy, keys_enabled=True, allowed_endpoints=endpoints) == decision


def test_text_that_is_no_unicode_is_an_error_and_no_decision() -> None:
    with pytest.raises(UnicodeEncodeError):
        covers("\ud800", "/a")


def test_the_host_rules_default_to_closed() -> None:
    assert judge(OFF) == Decision.KeysDisabled


def test_an_administrator_whom_the_bypass_rules() -> None:
    policy = ON
    assert judge(policy) == Decision.AllowBypass
    assert judge(policy, transport=Transport.ApiKeyHeader, expires_at=10) == Decision.ExpiredKey
    assert judge(policy, transport=Transport.Cookie) == Decision.KeysDisabled
    assert judge(policy, transport=Transport.Other) == Decision.KeysDisabled
    assert (
        judge(policy, transport=Transport.Cookie, keys_enabled=True) == Decision.AllowWithinLimits
    )
    assert policy.own_key(ADMIN, session=True) == OwnKey.Allowed
    assert policy.own_key(ADMIN, session=False) == OwnKey.Refused
    assert policy.own_key(USER, session=True) == OwnKey.ByHost


def test_whom_the_host_lets_in_is_held_against_what_is_known() -> None:
    def let_in(policy: Policy, times: tuple[int | None, int | None] | None) -> Decision:
        request = ({"path": "/"}, "sk-1", Transport.Other, 10.5)
        return policy.decide_let_in(request, ADMIN, times)

    assert let_in(ON, (None, None)) == Decision.AllowWithinLimits
    assert let_in(ON, (11, None)) == Decision.AllowWithinLimits
    assert let_in(ON, (10, None)) == Decision.ExpiredKey
    assert let_in(policy_of(ADMIN_API_KEY_MAX_AGE="1s"), (None, 8)) == Decision.AgeLimit
    assert let_in(ON, None) == Decision.UnreadKey
    assert let_in(OFF, None) == Decision.Allow


def test_a_decision_says_what_it_means() -> None:
    told = [
        (d.name, d.allows, d.is_of_bypass, d.limit)
        for d in (Decision.Allow, Decision.AllowBypass, Decision.UnknownKey, Decision.UnreadKey)
    ]
    assert told == [
        ("allow", True, False, None),
        ("allow_bypass", True, True, None),
        ("unknown_key", False, False, None),
        ("unread_key", False, True, "unread"),
    ]
    limits = (Decision.ExpiredKey, Decision.AgeLimit, Decision.NetworkLimit, Decision.EndpointLimit)
    assert all(d.is_of_bypass and d.limit and not d.allows for d in limits)
    rules = (Decision.KeysDisabled, Decision.NotPermitted, Decision.EndpointRefused)
    assert not any(d.is_of_bypass or d.limit or d.allows for d in rules)


def test_only_while_the_bypass_is_on_can_a_key_in_a_header_bypass() -> None:
    assert (ON.bypass, OFF.bypass) == (True, False)
    found = [ON.may_bypass(transport) for transport in TRANSPORTS]
    assert found == [True, True, False, False]
    assert not any(OFF.may_bypass(transport) for transport in TRANSPORTS)


def test_limits_are_asked_about_the_scope_the_user_and_the_key() -> None:
    limited = policy_of(
        ADMIN_API_KEY_ALLOWED_ENDPOINTS="GET /a",
        ADMIN_API_KEY_ALLOWED_NETWORKS="10.0.0.0/8",
        ADMIN_API_KEY_MAX_AGE="5s",
        FORWARDED_ALLOW_IPS="127.0.0.1",
    )
    assert limited.note_server(addresses_are_true=True)
    scope: dict[str, Any] = {"method": "HEAD", "path": "/a/b", "client": ["10.9.9.9", 1]}
    assert judge(limited, scope=scope, created_at=5) == Decision.AllowBypass
    assert judge(limited, scope=scope, created_at=4) == Decision.AgeLimit
    assert judge(limited, scope=scope) == Decision.AgeLimit
    for client in (("11.0.0.0", 1), None):
        refused = judge(limited, scope=scope | {"client": client}, created_at=5)
        assert refused == Decision.NetworkLimit
    del scope["method"]
    assert judge(limited, scope=scope, created_at=5) == Decision.EndpointLimit
    del scope["client"]
    assert judge(limited, scope=scope, created_at=5) == Decision.NetworkLimit


def test_networks_refuse_until_the_server_has_said_whom_it_believes() -> None:
    scope: dict[str, Any] = {"method": "GET", "path": "/", "client": ("10.9.9.9", 1)}

    def limited() -> Policy:
        return policy_of(ADMIN_API_KEY_ALLOWED_NETWORKS="10.0.0.0/8", FORWARDED_ALLOW_IPS="::1")

    unknown, true, forgeable = limited(), limited(), limited()
    assert unknown.must_ask_server
    assert true.note_server(addresses_are_true=True)
    assert forgeable.note_server(addresses_are_true=False)
    assert not forgeable.note_server(addresses_are_true=True), "the first note counts"
    assert not true.note_server(addresses_are_true=False)
    decisions = [judge(policy, scope=scope) for policy in (unknown, true, forgeable)]
    assert decisions == [Decision.NetworkLimit, Decision.AllowBypass, Decision.NetworkLimit]
    assert not true.must_ask_server
    assert not forgeable.must_ask_server
    distrusts = [policy.distrusts_addresses for policy in (unknown, true, forgeable)]
    assert distrusts == [False, False, True]
    # Without networks, or with the bypass off, nobody has to ask.
    assert not ON.must_ask_server
    assert not OFF.must_ask_server
    assert not Policy(Settings({"ADMIN_API_KEY_ALLOWED_NETWORKS": "10.0.0.0/8"})).must_ask_server


@pytest.mark.parametrize(
    ("proxies", "everyone"), [("*", True), ("0.0.0.0/1,128.0.0.0/1", True), ("127.0.0.1", False)]
)
def test_who_holds_everyone(proxies: str, everyone: bool) -> None:
    assert hold_everyone(proxies) is everyone


def test_only_named_administrators_are_in_the_admin_regime() -> None:
    named = policy_of(ADMIN_API_KEY_BYPASS_USERS="Admin@example.org")
    assert not named.rules_every_admin
    assert ON.rules_every_admin
    assert judge(named) == Decision.AllowBypass
    other = SimpleNamespace(id="other", email="other@example.org", role="admin")
    assert judge(named, user=other) == Decision.KeysDisabled
    assert judge(named, user=other, keys_enabled=True) == Decision.Allow
    assert named.own_key(ADMIN, session=True) == OwnKey.Allowed
    assert named.own_key(other, session=True) == OwnKey.ByHost


@pytest.mark.parametrize(
    "scope", [{}, {"path": None}, {"path": b"/a"}, {"path": "/a", "client": 1}]
)
def test_a_scope_of_another_shape_is_an_error_and_no_decision(scope: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError)):
        judge(ON, scope=scope)


def test_which_routes_a_key_reaches() -> None:
    limited = policy_of(ADMIN_API_KEY_ALLOWED_ENDPOINTS="GET /api/v1/users, PUT /api/v1/f/x")
    assert limited.reaches("GET", "/api/v1/users/{}")
    assert limited.reaches("PUT", "/api/v1/f/{}")
    assert limited.reaches(None, "/api/{:path}")
    assert not limited.reaches("POST", "/api/v1/users/{}")
    assert not limited.reaches(None, "/api/v2/{}")
    assert policy_of(ADMIN_API_KEY_ALLOWED_ENDPOINTS="POST *").reaches("POST", "/api")
    assert not ON.reaches("GET", "/api"), "no list, no warning"


def test_which_routes_an_account_reaches_and_by_which_entry(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(
        '[account.a]\nuser = "a@b"\nendpoints = ["@x", "PUT /b"]\n[account.b]\nuser = "b@b"\n'
    )
    file.chmod(0o600)
    settings = {
        "ENABLE_ADMIN_API_KEY_BYPASS": "true",
        "ADMIN_API_KEY_POLICY_FILE": str(file),
        "ADMIN_API_KEY_ALLOWED_ENDPOINTS": "/b,GET /a",
    }
    policy = Policy(Settings(settings, {"x": ["GET /a$"]}))
    assert policy.accounts == {"a": True, "b": False}
    assert policy.reaches("GET", "/a", account="a")
    assert not policy.reaches("GET", "/{}", account="a"), "a preset names routes"
    assert not policy.reaches("GET", "/a/{}", account="a")
    assert policy.reaches("GET", "/a/{}", account="b"), "what the environment allows"
    assert policy.covering("HEAD", "/a") == "GET /a"
    assert policy.covering("HEAD", "/a", account="a") == "@x (GET /a$)"
    assert policy.covering("GET", "/b", account="a") is None
    assert policy.covering("GET", "/b", account="b") is None
    for ask in (policy.reaches, policy.covering):
        with pytest.raises(KeyError, match="c"):
            ask("GET", "/a", account="c")


def test_a_policy_file_is_checked(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text('[account.a]\nuser = "a@b"\nendpoints = ["@x"]\n')
    file.chmod(0o600)
    assert check_policy_file(file, {"x": ["/a"]}) == []
    [(line, column, reason)] = check_policy_file(str(file), {})
    assert (line, column) == (3, 14)
    assert reason.startswith("expected a preset")
    file.unlink()
    assert check_policy_file(file, {}) == [
        (None, None, "names no file: expected the path of a TOML file")
    ]


def test_without_the_rules_or_the_permission_there_is_no_decision() -> None:
    request = ({"path": "/a"}, "sk-1", Transport.Bearer, 10.0)
    by_host = ON.judge(request, (USER, None, None, None))
    assert (by_host.decision, by_host.asks_permission, by_host.records) == (None, False, [])
    asking = ON.judge(request, (USER, None, None, (True, None, {})))
    assert (asking.decision, asking.asks_permission) == (None, True)
    for permitted, decision in ((True, Decision.Allow), (False, Decision.NotPermitted)):
        told = ON.judge(request, (USER, None, None, (True, None, {})), permitted=permitted)
        assert (told.decision, told.asks_permission) == (decision, False)
    assert ON.judge(request, None).decision == Decision.UnknownKey


@pytest.mark.parametrize(
    "reading",
    [
        (ADMIN, None, None),
        (ADMIN, "1", None, None),
        (ADMIN, None, None, (1, None, {})),
        (ADMIN, None, None, (True, b"/a", {})),
        (ADMIN, None, None, (True, None)),
        (SimpleNamespace(id="id", email="a@x"), None, None, None),
        (SimpleNamespace(id="id", email="a@x", role=b"admin"), None, None, None),
    ],
)
def test_a_reading_of_another_shape_is_an_error_and_no_decision(reading: Any) -> None:
    request = ({"path": "/a"}, "sk-1", Transport.Bearer, 10.0)
    with pytest.raises((AttributeError, TypeError, ValueError)):
        ON.judge(request, reading)


def asked(path: str, key: str, now: float) -> tuple[dict[str, Any], str, Transport, float]:
    scope = {"method": "GET", "path": path, "client": ("::1", 1)}
    return scope, key, Transport.ApiKeyHeader, now


def test_a_judgement_counts_and_says_what_to_write_down() -> None:
    audit = Audit(Settings({"ENABLE_ADMIN_API_KEY_BYPASS": "true"}))
    reading = (ADMIN, None, None, None)
    record = {
        "event": "bypass",
        "user": "id",
        "key": fingerprint("sk-1"),
        "method": "GET",
        "path": "/a",
        "client": "::1",
        "transport": "api_key_header",
        "limit": None,
    }
    judged = [ON.judge(asked("/a", "sk-1", now), reading, audit=audit) for now in (60.5, 61.0)]
    assert [judgement.records for judgement in judged] == [[record], []]
    assert list(judged[0].records[0]) == list(record)
    ON.judge(asked("/a", "sk-1", 61.0), reading)
    assert audit.counts()["allow_bypass"] == 2, "nothing is counted where that is not asked for"
    unknown = ON.judge(asked("/b", "sk-2", 120.0), None, audit=audit)
    suppressed = {**record, "suppressed": 1}
    del suppressed["transport"]
    assert unknown.records[0] == suppressed
    assert unknown.records[1]["event"] == "unknown key"
    assert "user" not in unknown.records[1]
    by_host = ON.judge(asked("/a", "sk-1", 121.0), (USER, None, None, None), audit=audit)
    assert by_host.records == []
    assert sum(audit.counts().values()) == 3, "what the host decides is not counted"


def test_the_audit_counts_and_throttles() -> None:
    audit = Audit(Settings({"ENABLE_ADMIN_API_KEY_BYPASS": "true"}))
    key = fingerprint("sk-1")
    [first] = audit.note(asked("/a", "sk-1", 60.5), Decision.AllowBypass, "id")
    assert (first["event"], first["key"]) == ("bypass", key)
    assert audit.note(asked("/a", "sk-1", 61.0), Decision.AllowBypass, "id") == []
    assert len(audit.note(asked("/a", "sk-2", 61.0), Decision.AllowBypass, "id")) == 1
    found = audit.note(asked("/b", "sk-1", 120.0), Decision.EndpointLimit, "id")
    suppressed, refused = found
    known = ("event", "user", "key", "method", "path", "client", "suppressed")
    assert [suppressed[name] for name in known] == ["bypass", "id", key, "GET", "/a", "::1", 1]
    assert (refused["event"], refused["limit"]) == ("refused", "ADMIN_API_KEY_ALLOWED_ENDPOINTS")
    assert audit.drain() == []
    for _ in range(2):
        audit.note(asked("/a", "sk-3", 120.0), Decision.UnknownKey, None)
    [strangers] = audit.drain()
    expected = {"event": "unknown key", "client": "::1", "suppressed": 1, "limit": None}
    assert strangers == expected
    assert audit.note(asked("/a", "sk-1", 120.0), Decision.KeysDisabled, "id") == []
    counts = audit.counts()
    assert [counts[n] for n in ("allow_bypass", "endpoint_limit", "unknown_key")] == [3, 1, 2]


def test_a_judgement_says_once_a_day_that_a_key_ends_soon() -> None:
    day = 86_400
    settings = Settings(
        {"ENABLE_ADMIN_API_KEY_BYPASS": "true", "ADMIN_API_KEY_MAX_AGE": "10d"}
        | {"ADMIN_API_KEY_EXPIRY_WARNING": "1d"}
    )
    policy, audit = Policy(settings), Audit(settings)

    def judge_at(now: float, key: str = "sk-1", **facts: Any) -> Any:
        created_at = facts.get("created_at", 1_000)
        reading: Any = (facts.get("user", ADMIN), None, created_at, (True, None, {}))
        return policy.judge(asked("/a", key, now), reading, audit=facts.get("audit", audit)).ending

    end = 1_000 + 10 * day
    assert judge_at(end - day - 1.0) is None
    ending = judge_at(end - day + 0.5)
    assert (ending.key, ending.user, ending.account) == (fingerprint("sk-1"), "id", None)
    assert ending.end == end
    assert judge_at(end - 1_001.0) is None
    assert judge_at(end - 999.0).end == end, "the next day"
    assert judge_at(end - 999.0, "sk-2").key == fingerprint("sk-2")
    assert judge_at(end - 999.0, "sk-3", audit=None) is None
    assert judge_at(end - 999.0, "sk-3", created_at=0) is None, "it has ended"
    assert judge_at(end - 999.0, "sk-3", user=USER) is None
    assert [each.key for each in audit.endings(end - 1.0)] == [
        fingerprint("sk-1"),
        fingerprint("sk-2"),
    ]
    assert audit.endings(end) == []


def test_counts_are_told_by_account(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text('default = "bypass"\n[account.bot]\nuser = "admin@example.org"\n')
    settings = {"ENABLE_ADMIN_API_KEY_BYPASS": "true", "ADMIN_API_KEY_POLICY_FILE": str(file)}
    read = Settings(settings)
    audit = Audit(read)
    other = SimpleNamespace(id="other", email="other@example.org", role="admin")
    for user in (ADMIN, ADMIN, other):
        Policy(read).judge(asked("/a", "sk-1", 0.0), (user, None, None, None), audit=audit)
    counts = {name: c["allow_bypass"] for name, c in audit.counts_by_account().items()}
    assert counts == {None: 1, "bot": 2}
    assert audit.counts()["allow_bypass"] == 3


def test_without_the_bypass_nothing_is_written_down() -> None:
    audit = Audit(Settings({"OWUI_KEYGATE_AUDIT": "all"}))
    assert audit.note(asked("/a", "sk-1", 0.0), Decision.UnknownKey, None) == []
    assert audit.counts()["unknown_key"] == 1


def test_a_key_is_named_by_the_start_of_its_sha_256() -> None:
    for key in ("", "sk-0123456789", "sk-é"):
        assert fingerprint(key) == hashlib.sha256(key.encode()).hexdigest()[:8]
