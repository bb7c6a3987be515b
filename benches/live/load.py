"""Sends requests to a server from a process of its own, and asserts each answer.

It runs beside a server that keeps one core busy, so it costs as little as it can: raw sockets that
stay open, requests that were made before, and one comparison of bytes for each answer.
"""

from __future__ import annotations

import json
import selectors
import socket
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field

from harness.environments import ROOT

OK = b"HTTP/1.1 200 "
END_OF_HEADERS = b"\r\n\r\n"
LENGTH = b"\r\ncontent-length: "
ANSWER_SECONDS = 30


class UnexpectedAnswerError(Exception):
    """A server did not answer with the status and the body it must."""


@dataclass(frozen=True)
class Load:
    """What to send.

    Attributes:
        port: Where the server listens on 127.0.0.1.
        credential: Goes out as a bearer token; it never stands on a command line.
        bodies: The body each target must answer with; each client asks for one after another.
        clients: How many connections have a request under way at any time.
        seconds: How long to send, or None to send a number of requests instead.
        requests: How many requests to send if there is no time to keep to.
        others: Further credentials, which are sent in turn with the first.
    """

    port: int
    credential: str = field(repr=False)
    bodies: dict[str, str] = field(repr=False)
    clients: int = 1
    seconds: float | None = None
    requests: int = 0
    others: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Answered:
    """What came back.

    Attributes:
        seconds: The time from the first request to the last answer.
        waits: For each target the time of each request until its answer was whole, in seconds.
    """

    seconds: float
    waits: dict[str, list[float]]

    @property
    def requests(self) -> int:
        """How many requests were answered."""
        return sum(len(waits) for waits in self.waits.values())

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds


def send(load: Load) -> Answered:
    """Send a load from a process of its own.

    Raises:
        UnexpectedAnswerError: An answer is not the expected one.
    """
    sender = subprocess.run(
        [sys.executable, "-m", __spec__.name],
        input=json.dumps(asdict(load)),
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    if sender.returncode:
        raise UnexpectedAnswerError(sender.stderr.strip())
    return Answered(**json.loads(sender.stdout))


class _Client:
    """One connection, with one request under way."""

    def __init__(self, load: Load, first: int) -> None:
        self._exchanges = [
            (target, _request(target, credential), body.encode())
            for credential in (load.credential, *load.others)
            for target, body in load.bodies.items()
        ]
        self._turn = first
        self._answer = b""
        self._begin = 0.0
        self.socket = socket.create_connection(("127.0.0.1", load.port), ANSWER_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self) -> None:
        """Send the next request."""
        self._turn = (self._turn + 1) % len(self._exchanges)
        self._answer = b""
        self._begin = time.perf_counter()
        self.socket.sendall(self._exchanges[self._turn][1])

    def hear(self) -> tuple[str, float] | None:
        """Read what has come; return target and wait once the answer is whole."""
        received = self.socket.recv(65536)
        now = time.perf_counter()
        self._answer += received
        head, end, body = self._answer.partition(END_OF_HEADERS)
        if end and len(body) >= _length(head):
            target, _, expected = self._exchanges[self._turn]
            if not head.startswith(OK) or body != expected:
                message = f"{target}: {head.splitlines()[0]!r} {body[:200]!r}"
                raise UnexpectedAnswerError(message)
            return target, now - self._begin
        if not received:
            message = f"{self._exchanges[self._turn][0]}: the connection was closed"
            raise UnexpectedAnswerError(message)
        return None


def _request(target: str, credential: str) -> bytes:
    return (
        f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {credential}\r\n\r\n"
    ).encode()


def _length(head: bytes) -> int:
    _, found, rest = head.lower().partition(LENGTH)
    if not found:
        message = f"an answer without a length: {head.splitlines()[0]!r}"
        raise UnexpectedAnswerError(message)
    return int(rest.partition(b"\r")[0])


def _send(load: Load) -> Answered:
    waits: dict[str, list[float]] = {target: [] for target in load.bodies}
    clients = [_Client(load, first) for first in range(load.clients)]
    left = load.requests
    with selectors.DefaultSelector() as selector:
        for client in clients:
            selector.register(client.socket, selectors.EVENT_READ, client)
        begin = now = time.perf_counter()
        until = begin + load.seconds if load.seconds is not None else None
        for client in clients:
            client.ask()
        under_way = len(clients)
        while under_way:
            ready = selector.select(ANSWER_SECONDS)
            if not ready:
                message = f"no answer within {ANSWER_SECONDS} s"
                raise UnexpectedAnswerError(message)
            for key, _ in ready:
                heard = key.data.hear()
                if heard is None:
                    continue
                target, wait = heard
                waits[target].append(wait)
                under_way -= 1
                left -= 1
                now = time.perf_counter()
                if now < until if until is not None else left >= load.clients:
                    key.data.ask()
                    under_way += 1
    for client in clients:
        client.socket.close()
    return Answered(now - begin, waits)


def main() -> int:
    """Send the load that standard input describes, and print what came back."""
    try:
        answered = _send(Load(**json.load(sys.stdin)))
    except (UnexpectedAnswerError, OSError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    json.dump(asdict(answered), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
