"""The replacement of the middleware by which hosts of generation B enforce their endpoint list.

That middleware refuses before anybody knows whose key it is. The replacement asks it first, and
judges only what it refuses.
"""

from __future__ import annotations

import copy
import functools
from typing import TYPE_CHECKING, Any

from starlette.requests import Request

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from starlette.types import ASGIApp, Message, Receive, Scope, Send


def replace_middleware(
    original: Callable[..., Awaitable[None]], lets_in: Callable[[Request], Awaitable[bool]]
) -> Callable[..., Coroutine[Any, Any, None]]:
    """Return what takes the place of the middleware's `__call__`.

    Args:
        original: It, as a function of the middleware and what ASGI hands to an application.
        lets_in: Whether a request that the middleware refuses may pass all the same.
    """

    @functools.wraps(original)
    async def call(middleware: Any, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ANN401
        if scope["type"] != "http":
            await original(middleware, scope, receive, send)
            return
        verdict = _Verdict(middleware.app, send)
        stand_in = copy.copy(middleware)
        stand_in.app = verdict.app
        await original(stand_in, scope, receive, verdict.send)
        if not verdict.passed and await lets_in(Request(scope)):
            await middleware.app(scope, receive, send)
        else:
            await verdict.tell()

    return call


class _Verdict:
    """Finds out whether a middleware passes a request on, and holds back its refusal until then."""

    def __init__(self, app: ASGIApp, send: Send) -> None:
        self.passed = False
        self._app = app
        self._send = send
        self._refusal: list[Message] = []

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.passed = True
        await self._app(scope, receive, send)

    async def send(self, message: Message) -> None:
        if self.passed:
            await self._send(message)
        else:
            self._refusal.append(message)

    async def tell(self) -> None:
        for message in self._refusal:
            await self._send(message)
