"""The replacement of the host's `get_app_config`, which shows administrators the key section."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any

from owui_keygate._native import OwnKey
from owui_keygate.replacements.credentials import are_of_a_person, credential_of
from owui_keygate.unsure import unsure

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from types import ModuleType

    from starlette.requests import Request

    from owui_keygate._native import Policy

_CHECK = unsure("Account page check", "showing Open WebUI's own page")


def replace_app_config(
    original: Callable[..., Awaitable[Any]], main: ModuleType, policy: Policy, flag: str
) -> Callable[..., Coroutine[Any, Any, Any]]:
    """Return what takes the place of the host's `get_app_config`.

    Args:
        original: The host's function. Everybody gets its answer; administrators whose keys work get
            it with one member changed.
        main: The host's module `open_webui.main`.
        policy: The decision.
        flag: The name of that member of `features`.
    """

    @functools.wraps(original)
    async def get_app_config(request: Request) -> Any:  # noqa: ANN401
        answer = await original(request)
        if not answer["features"].get(flag) and await _may_manage(request, main, policy):
            answer["features"][flag] = True
        return answer

    return get_app_config


async def _may_manage(request: Request, main: ModuleType, policy: Policy) -> bool:
    with _CHECK:
        credential = credential_of(request, "")
        if credential is None:
            return False
        # An API key is no token, and has no claims.
        claims = main.decode_token(credential.text) or {}
        # The host can revoke a token, and checks that in this very endpoint.
        if "id" not in claims or not await _is_valid(claims, request, main):
            return False
        user = main.Users.get_user_by_id(claims["id"])
        if inspect.isawaitable(user):
            user = await user
        session = are_of_a_person(claims)
        return user is not None and policy.own_key(user, session=session) == OwnKey.Allowed
    return False


async def _is_valid(claims: dict[str, Any], request: Request, main: ModuleType) -> bool:
    """Whether a token is not revoked; hosts without the function cannot revoke one."""
    check = getattr(main, "is_valid_token", None)
    return check is None or bool(await check(claims, request.app.state.redis))
