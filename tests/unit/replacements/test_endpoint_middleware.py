"""The endpoint list of generation B: the host's middleware is asked first, and can be overruled."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from owui_keygate.replacements import endpoint_middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from starlette.middleware.base import RequestResponseEndpoint
    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        body = await Request(scope, receive).body()
        await PlainTextResponse(b"passed " + body)(scope, receive, send)
    else:
        await send({"type": "websocket.close"})


class Dispatching(BaseHTTPMiddleware):
    """Of the form that the host has up to 0.8.8."""

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        if request.url.path == "/refused":
            return PlainTextResponse("refused", 403)
        if request.url.path == "/broken":
            raise KeyError
        return await call_next(request)


class Calling:
    """Of the form that the host has from 0.8.9 on."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            if scope["path"] == "/refused":
                await PlainTextResponse("refused", 403)(scope, receive, send)
                return
            if scope["path"] == "/broken":
                raise KeyError
        await self.app(scope, receive, send)


class Closing(Calling):
    """Refuses what is no request, too."""

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "closed"})


async def never(_request: Request) -> bool:
    raise AssertionError


async def no(_request: Request) -> bool:
    return False


async def yes(request: Request) -> bool:
    return request.headers["authorization"] == "Bearer sk-a"


@pytest.fixture(params=[Dispatching, Calling])
def middleware(request: pytest.FixtureRequest) -> Any:
    return request.param


def ask(middleware: Any, lets_in: Any, path: str, kind: str = "http") -> list[dict[str, Any]]:
    """Return what the middleware sends, replaced in a class of its own."""

    class Replaced(middleware):  # type: ignore[misc]
        __call__ = endpoint_middleware.replace_middleware(middleware.__call__, lets_in)

    sent = []
    scope = {"type": kind, "method": "POST", "path": path, "query_string": b"", "server": ("x", 1)}
    scope["headers"] = [(b"authorization", b"Bearer sk-a")]
    parts = [{"type": "http.request", "body": b"body", "more_body": False}]

    async def receive() -> dict[str, Any]:
        return parts.pop() if parts else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(Replaced(application)(scope, receive, send))
    return sent


def status_and_body(sent: list[dict[str, Any]]) -> tuple[int, bytes]:
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent)


def test_the_replacement_names_what_it_replaces() -> None:
    function: Any = endpoint_middleware.replace_middleware(Calling.__call__, no)
    assert function.__wrapped__ is Calling.__call__


def test_what_passes_is_looked_at_no_further(middleware: Any) -> None:
    assert status_and_body(ask(middleware, never, "/passes")) == (200, b"passed body")


def test_a_refusal_stands(middleware: Any) -> None:
    assert status_and_body(ask(middleware, no, "/refused")) == (403, b"refused")


def test_a_refusal_is_overruled_and_never_sent(middleware: Any) -> None:
    assert status_and_body(ask(middleware, yes, "/refused")) == (200, b"passed body")


def test_what_the_middleware_raises_is_raised(middleware: Any) -> None:
    with pytest.raises(KeyError):
        ask(middleware, never, "/broken")


def test_a_web_socket_is_the_middlewares(middleware: Any) -> None:
    assert ask(middleware, never, "/refused", "websocket") == [{"type": "websocket.close"}]


@pytest.mark.parametrize("kind", ["websocket", "another"])
def test_a_refusal_of_what_is_no_request_stands(kind: str) -> None:
    assert ask(Closing, never, "/refused", kind) == [{"type": "closed"}]
