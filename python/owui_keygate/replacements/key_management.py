"""The replacements of what guards a user's own key: administrators manage theirs, signed in."""

from __future__ import annotations

import functools
import inspect
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

from fastapi import HTTPException
from starlette.requests import Request

from owui_keygate._native import OwnKey
from owui_keygate.replacements.credentials import is_human_session
from owui_keygate.unsure import unsure

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from sqlalchemy.ext.asyncio import AsyncSession

    from owui_keygate._native import Policy
    from owui_keygate.readers import User
    from owui_keygate.replacements.credentials import Decode

_CHECK = unsure("API-key management check")

SIGN_IN = "Sign in to manage your API key: a key cannot create, read or delete one."
"""The answer to an administrator's key that the bypass rules."""


class Credentials(NamedTuple):
    """What tells a person's session from other credentials.

    Attributes:
        api_key_header: The name of the host's API-key header.
        decode: The host's `decode_token`.
    """

    api_key_header: str
    decode: Decode


def replace_permission_check(
    original: Callable[..., Awaitable[Any]], policy: Policy, credentials: Credentials
) -> Callable[..., Coroutine[Any, Any, None]]:
    """Return a check that judges whom the bypass rules, and asks `original` about everybody else.

    The original is `_check_api_key_permission`, which the host has from 0.10.0 on. It is asked
    before a key is made, read or deleted.
    """

    @functools.wraps(original)
    async def _check_api_key_permission(request: Request, user: User, db: AsyncSession) -> None:
        if not _may_manage(request, user, policy, credentials):
            await original(request, user, db)

    return _check_api_key_permission


def replace_creation(
    original: Callable[..., Awaitable[Any]], policy: Policy, credentials: Credentials
) -> Callable[..., Coroutine[Any, Any, Any]]:
    """Return an endpoint that sees keys enabled if a signed-in administrator calls it.

    The original is `generate_api_key`, which looks at the host's rules itself before 0.10.0.
    """

    @functools.wraps(original)
    async def generate_api_key(request: Request, user: User, **more: Any) -> Any:  # noqa: ANN401
        if _may_manage(request, user, policy, credentials):
            request = _with_keys_enabled(request)
        return await original(request, user, **more)

    return generate_api_key


def with_request(original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Return an endpoint that takes a request besides, and ignores it.

    FastAPI hands an endpoint what its signature names. The originals are `get_api_key` and
    `delete_api_key` of hosts before 0.10.0, which take no request.
    """
    signature = inspect.signature(original)
    request = inspect.Parameter("request", inspect.Parameter.KEYWORD_ONLY, annotation=Request)
    parameters = [p.replace(kind=p.KEYWORD_ONLY) for p in signature.parameters.values()]

    @functools.wraps(original)
    async def endpoint(*, request: Request, **more: Any) -> Any:  # noqa: ANN401, ARG001
        return await original(**more)

    endpoint.__signature__ = signature.replace(parameters=[request, *parameters])  # type: ignore[attr-defined]
    return endpoint


def guard_endpoint(
    original: Callable[..., Awaitable[Any]], policy: Policy, credentials: Credentials
) -> Callable[..., Coroutine[Any, Any, Any]]:
    """Return an endpoint that refuses a key which the bypass rules.

    The original is what `with_request` makes of an endpoint that asks nobody.
    """

    @functools.wraps(original)
    async def endpoint(*, request: Request, user: User, **more: Any) -> Any:  # noqa: ANN401
        _may_manage(request, user, policy, credentials)
        return await original(request=request, user=user, **more)

    return endpoint


def _may_manage(request: Request, user: User, policy: Policy, credentials: Credentials) -> bool:
    """Whether the bypass lets a user manage their own key; where it is False, the host decides.

    Raises:
        HTTPException: It refuses: the bypass rules the user, and they are not signed in. So it does
            where it cannot be told who decides, unless they are signed in.
    """
    session, own_key = False, None
    with _CHECK:
        session = is_human_session(request, *credentials)
        own_key = policy.own_key(user, session=session)
    if own_key is None:
        own_key = OwnKey.ByHost if session else OwnKey.Refused
    if own_key == OwnKey.Refused:
        raise HTTPException(403, SIGN_IN)
    return own_key == OwnKey.Allowed


class _KeysEnabled:
    """The host's configuration, with keys switched on and permitted to everybody.

    The switch is `ENABLE_API_KEY` up to 0.6.36. The permission is asked for from 0.6.37 on, of
    administrators too up to 0.8.10.
    """

    ENABLE_API_KEY = True
    ENABLE_API_KEYS = True
    USER_PERMISSIONS = {"features": {"api_keys": True}}  # noqa: RUF012

    def __init__(self, config: object) -> None:
        self._config = config

    def __getattr__(self, name: str) -> object:
        return getattr(self._config, name)


def _with_keys_enabled(request: Request) -> Request:
    config = _KeysEnabled(request.app.state.config)
    app = SimpleNamespace(state=SimpleNamespace(config=config))
    return Request({**request.scope, "app": app}, request.receive)
