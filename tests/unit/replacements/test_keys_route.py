"""The list of keys where it has nothing to say: what the live tests cannot make it do."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from fastapi import HTTPException
from owui_keygate._native import PanicException, Settings
from owui_keygate.extension import Standing
from owui_keygate.replacements import keys_route
from owui_keygate.replacements.key_management import Credentials
from starlette.requests import Request

from tests.support.extension import extension_of

if TYPE_CHECKING:
    from collections.abc import Callable

SETTINGS = Settings({"ENABLE_ADMIN_API_KEY_BYPASS": "true"})
KEY = "sk-0123456789"


def fail(*_: object) -> NoReturn:
    raise RuntimeError(KEY)


def panic(*_: object) -> NoReturn:
    raise PanicException(KEY)


def answer(
    credential: str = "a session",
    *,
    decode: Callable[[str], dict[str, Any] | None] = lambda _token: {"id": "id"},
    in_force: bool = True,
) -> HTTPException:
    """Ask for the list where reading fails, and return the answer."""
    auth: Any = SimpleNamespace(get_admin_user=lambda: None)
    users: Any = SimpleNamespace(get_async_db_context=fail)
    standing = Standing()
    standing.in_force = in_force
    extension = extension_of(SETTINGS, standing=standing)
    credentials = Credentials("x-api-key", decode)
    endpoint = keys_route.make_endpoint(auth, users, extension, credentials)
    headers = [(b"authorization", f"Bearer {credential}".encode())]
    request = Request({"type": "http", "headers": headers, "path": keys_route.PATH})
    with pytest.raises(HTTPException) as answered:
        asyncio.run(endpoint(request, 10))
    return answered.value


def test_after_standing_down_the_route_is_gone() -> None:
    assert answer(in_force=False).status_code == 404


@pytest.mark.parametrize(
    ("credential", "claims"),
    [
        (KEY, {"id": "id"}),
        ("not a session", None),
        ("of an automation", {"id": "id", "typ": "automation"}),
    ],
)
def test_only_a_person_gets_further(
    credential: str, claims: dict[str, Any] | None, caplog: pytest.LogCaptureFixture
) -> None:
    refused = answer(credential, decode=lambda _token: claims)
    assert (refused.status_code, refused.detail) == (403, keys_route.SIGN_IN)
    assert caplog.messages == []


def test_a_failure_is_an_error_of_the_server(caplog: pytest.LogCaptureFixture) -> None:
    assert answer().status_code == 500
    assert caplog.messages == ["Key list failed (RuntimeError); answering 500"]


@pytest.mark.parametrize("decode", [fail, panic])
def test_who_may_be_no_person_gets_nothing(
    decode: Callable[[str], dict[str, Any] | None], caplog: pytest.LogCaptureFixture
) -> None:
    assert answer(decode=decode).status_code == 500
    assert KEY not in caplog.text
