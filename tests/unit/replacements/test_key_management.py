"""Who manages their own key, on the functions that guard it."""

from __future__ import annotations

import asyncio
import inspect
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import HTTPException
from owui_keygate._native import Policy, Settings
from owui_keygate.replacements import key_management
from starlette.requests import Request

from tests.support.account import Admin

KEY = "sk-0123456789"


USER = Admin(role="user")
POLICY = Policy(Settings({"ENABLE_ADMIN_API_KEY_BYPASS": "true"}))
OFF_POLICY = Policy(Settings({}))


def request_with(credential: str) -> Request:
    headers = [(b"authorization", f"Bearer {credential}".encode())]
    return Request({"type": "http", "headers": headers})


SESSION = "a.session.token"
CREDENTIALS = key_management.Credentials("X-API-Key", {SESSION: {"id": "id"}}.get)


def managing(policy: Policy, user: object, request: Any) -> int:
    """Return how often the host is asked about a request for somebody's own key."""
    asked = []

    async def host_own(*arguments: object) -> None:
        await asyncio.sleep(0)
        asked.append(arguments)

    function = key_management.replace_permission_check(host_own, policy, CREDENTIALS)
    asyncio.run(function(request, user, None))
    return len(asked)


SIGN_IN = (403, key_management.SIGN_IN)


def refused_own_key(policy: Policy, user: object, request: Any) -> tuple[int, str]:
    with pytest.raises(HTTPException) as refusal:
        managing(policy, user, request)
    return refusal.value.status_code, refusal.value.detail


def test_whom_the_bypass_rules_manages_a_key_only_as_a_person_who_is_signed_in() -> None:
    assert managing(POLICY, Admin(), request_with(SESSION)) == 0
    assert refused_own_key(POLICY, Admin(), request_with(KEY)) == SIGN_IN
    for policy, user in ((OFF_POLICY, Admin()), (POLICY, USER)):
        for credential in (KEY, SESSION):
            assert managing(policy, user, request_with(credential)) == 1


def test_where_key_management_fails_the_host_decides_about_people_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert managing(POLICY, object(), request_with(SESSION)) == 1
    assert refused_own_key(POLICY, object(), request_with(KEY)) == SIGN_IN
    assert refused_own_key(POLICY, Admin(), None) == SIGN_IN
    assert caplog.text.count("API-key management check failed (AttributeError)") == 3


def test_reading_and_deleting_a_key_are_guarded_where_the_host_asks_nobody() -> None:
    async def get_api_key(user: Admin, db: object = None) -> list[object]:
        await asyncio.sleep(0)
        return [user, db]

    widened = key_management.with_request(get_api_key)
    function: Any = key_management.guard_endpoint(widened, POLICY, CREDENTIALS)
    assert [*inspect.signature(function).parameters] == ["request", "user", "db"]
    assert inspect.signature(function).parameters["request"].annotation is Request
    session, key = request_with(SESSION), request_with(KEY)
    found = asyncio.run(function(request=session, user=Admin(), db="db"))
    assert found == [Admin(), "db"]
    assert asyncio.run(function(request=key, user=USER)) == [USER, None]
    with pytest.raises(HTTPException) as refusal:
        asyncio.run(function(request=key, user=Admin()))
    assert (refusal.value.status_code, refusal.value.detail) == SIGN_IN


@pytest.mark.parametrize(
    ("role", "session", "sees"), [("admin", True, True), ("user", True, False)]
)
def test_an_administrator_sees_a_configuration_with_keys_enabled(
    role: str,
    session: bool,
    sees: bool,
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
    function = key_management.replace_creation(generate_api_key, POLICY, CREDENTIALS)
    user: Any = Admin(role=role)
    found = asyncio.run(function(request=request, user=user, db="db"))
    assert found == [role, "db", sees, sees, sees, 1]
    assert config.ENABLE_API_KEYS is False
