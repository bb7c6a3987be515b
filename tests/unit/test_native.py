"""The native module, as Python sees it. Its rules are tested in Rust."""

from __future__ import annotations

import json
import os
import sys
import tomllib
from pathlib import Path
from typing import Any

import owui_keygate
import pytest
from hypothesis import given
from hypothesis import strategies as st
from owui_keygate import _native
from owui_keygate._native import Decision, Policy, Settings, Way

ROOT = Path(__file__).resolve().parents[2]


def test_the_native_module_is_the_built_one() -> None:
    assert _native.__file__.endswith(".abi3.so")
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


def test_bytes_that_are_no_text_are_not_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENABLE_ADMIN_API_KEY_BYPASS", os.fsdecode(b"true\xff"))
    settings = Settings(os.environ)
    assert not settings.bypass
    assert len(settings.problems) == 1


def test_what_is_no_mapping_is_no_environment() -> None:
    with pytest.raises(TypeError):
        Settings(["ENABLE_ADMIN_API_KEY_BYPASS"])  # type: ignore[arg-type]


def decide(policy: Policy, **facts: Any) -> Decision:  # noqa: ANN401
    """Decide about a bearer key of an administrator for `/a`, with other facts as given."""
    given: dict[str, Any] = {"way": Way.Bearer, "path": "/a", "now": 10, "role": "admin"}
    return policy.decide(**given | facts)


def covers(endpoints: str | None, path: str) -> bool:
    policy = Policy(bypass=False)
    decision = decide(policy, path=path, keys_enabled=True, allowed_endpoints=endpoints)
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
    policy = Policy(bypass=False)
    for _ in range(2):
        for endpoints, decision in (
            ("/a", Decision.Allow),
            ("/b", Decision.EndpointRefused),
            ("", Decision.EndpointRefused),
            (None, Decision.Allow),
        ):
            assert decide(policy, keys_enabled=True, allowed_endpoints=endpoints) == decision


def test_text_that_is_no_unicode_is_an_error_and_no_decision() -> None:
    with pytest.raises(UnicodeEncodeError):
        covers("\ud800", "/a")


def test_the_host_rules_default_to_closed() -> None:
    assert decide(Policy(bypass=False)) == Decision.KeysDisabled


def test_an_administrator_in_the_admin_regime() -> None:
    policy = Policy(bypass=True)
    assert decide(policy) == Decision.AllowBypass
    assert decide(policy, way=Way.ApiKeyHeader, expires_at=10) == Decision.ExpiredKey
    assert decide(policy, way=Way.Cookie) == Decision.KeysDisabled
    assert decide(policy, way=Way.Other) == Decision.KeysDisabled
    assert policy.may_manage_own_key(role="admin", session=True)
    assert not policy.may_manage_own_key(role="user", session=True)
    assert not policy.may_manage_own_key(role="admin", session=False)
