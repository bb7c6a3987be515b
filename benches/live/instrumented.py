"""Runs in the host's environment instead of `open-webui serve`, equal for both sides.

It serves the host and two more routes. `/benchmark/record` begins to record: with `what=times` how
long each call of the check takes, with `what=statements` how many statements SQLite executes in
this process. `/benchmark/recorded` ends that and answers with what was recorded.
"""

from __future__ import annotations

import sqlite3
import sys
import time
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse
from starlette.routing import Route

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request


class Check:
    """Stands in for the check that is in place, the host's or the replacement, and times it."""

    def __init__(self, auth: Any) -> None:  # noqa: ANN401
        self._auth = auth
        self._check: Callable[[Request, str], Awaitable[object]] = auth.get_current_user_by_api_key
        self.times: list[float] = []

    async def __call__(self, request: Request, api_key: str) -> object:
        """Do what the check does."""
        begin = time.perf_counter()
        try:
            return await self._check(request, api_key)
        finally:
            self.times.append(time.perf_counter() - begin)

    def record(self) -> None:
        """Begin: the host looks the function up by this name for each request."""
        self.times.clear()
        self._auth.get_current_user_by_api_key = self

    def end(self) -> None:
        """Put the check back."""
        self._auth.get_current_user_by_api_key = self._check


class Statements:
    """Counts what SQLite executes in this process, whoever opened the connection."""

    def __init__(self) -> None:
        self._connect: Callable[..., sqlite3.Connection] = sqlite3.connect
        self._connections: list[sqlite3.Connection] = []
        self._callback: Callable[[str], None] | None = None
        self.executed: list[str] = []
        for module in (sqlite3, sqlite3.dbapi2):
            setattr(module, "connect", self.connect)  # noqa: B010

    def connect(self, *args: Any, **kwargs: Any) -> sqlite3.Connection:  # noqa: ANN401
        """Open a connection, and remember it."""
        connection = self._connect(*args, **kwargs)
        connection.set_trace_callback(self._callback)
        self._connections.append(connection)
        return connection

    def record(self) -> None:
        """Begin."""
        self.executed.clear()
        self._trace(self.executed.append)

    def end(self) -> None:
        """Count no more: what is not counted must not pay for it."""
        self._trace(None)

    def _trace(self, callback: Callable[[str], None] | None) -> None:
        self._callback = callback
        for connection in self._connections:
            try:
                connection.set_trace_callback(callback)
            except sqlite3.ProgrammingError as error:
                # One that was closed executes nothing.
                if "closed" not in str(error):
                    raise


def main(port: int) -> None:
    """Serve the host, with the routes of the benchmark before its own."""
    statements = Statements()  # Before anything of the host can open a connection.
    import open_webui
    from open_webui.main import app
    from open_webui.utils import auth

    check = Check(auth)

    async def record(request: Request) -> JSONResponse:
        (check if request.query_params["what"] == "times" else statements).record()
        return JSONResponse({})

    async def recorded(_: Request) -> JSONResponse:
        check.end()
        statements.end()
        return JSONResponse({"times": check.times, "statements": len(statements.executed)})

    app.router.routes[:0] = [
        Route("/benchmark/record", record),
        Route("/benchmark/recorded", recorded),
    ]
    open_webui.serve(host="127.0.0.1", port=port)


if __name__ == "__main__":
    main(int(sys.argv[1]))
