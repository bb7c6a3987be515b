"""An HTTP client that sends exactly the request line and headers it is given."""

from __future__ import annotations

import http.client
import json
import time
from dataclasses import dataclass, field
from typing import Any

SECONDS = 60
IDLE_SECONDS = 2
"""A connection that was idle for longer is made anew: Uvicorn hangs up on one after five."""


@dataclass(frozen=True)
class Response:
    """What a server answered."""

    status: int
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    def json(self) -> Any:  # noqa: ANN401
        """Return the body, read as JSON."""
        return json.loads(self.body)


class UnexpectedStatusError(Exception):
    """A request that must succeed did not."""


class Client:
    """A client of one server, with one connection that is kept open.

    Args:
        port: The port of the server, on 127.0.0.1.
        source: The address that the client has, one of 127.0.0.0/8.
    """

    def __init__(self, port: int, source: str = "") -> None:
        self._connection = http.client.HTTPConnection(
            "127.0.0.1", port, timeout=SECONDS, source_address=(source, 0)
        )
        self._last_answer = time.monotonic()

    def request(
        self,
        method: str,
        target: str,
        headers: dict[str, str] | None = None,
        body: object = None,
    ) -> Response:
        """Send a request; `target` goes out as it is, and `body` as JSON.

        A header `Host` takes the place of the right one.
        """
        data = None if body is None else json.dumps(body).encode()
        if time.monotonic() > self._last_answer + IDLE_SECONDS:
            self.close()
        self._connection.putrequest(
            method, target, skip_host="Host" in (headers or {}), skip_accept_encoding=True
        )
        for name, value in (headers or {}).items():
            self._connection.putheader(name, value)
        if data is not None:
            self._connection.putheader("Content-Type", "application/json")
            self._connection.putheader("Content-Length", str(len(data)))
        self._connection.endheaders(data)
        answer = self._connection.getresponse()
        names = {name.lower(): value for name, value in answer.getheaders()}
        body = answer.read()
        self._last_answer = time.monotonic()
        if answer.status == http.HTTPStatus.INTERNAL_SERVER_ERROR:
            # Uvicorn hangs up after an exception, and does not say so.
            self.close()
        return Response(answer.status, names, body)

    def call(self, method: str, target: str, credential: str, body: object = None) -> Any:  # noqa: ANN401
        """Send a request with a bearer credential that must succeed, and return its JSON.

        Raises:
            UnexpectedStatusError: The answer is not 200.
        """
        response = self.request(method, target, bearer(credential), body)
        if response.status != http.HTTPStatus.OK:
            message = f"{method} {target}: {response.status} {response.body[:200]!r}"
            raise UnexpectedStatusError(message)
        return response.json()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def bearer(credential: str) -> dict[str, str]:
    """Return the headers that carry a credential as a bearer token."""
    return {"Authorization": f"Bearer {credential}"}


def cookie(credential: str) -> dict[str, str]:
    """Return the headers that carry a credential as the host's cookie."""
    return {"Cookie": f"token={credential}"}


def api_key_header(credential: str) -> dict[str, str]:
    """Return the headers that carry a credential in the host's API-key header."""
    return {"X-API-Key": credential}


WAYS = {"bearer": bearer, "cookie": cookie, "x-api-key": api_key_header}
