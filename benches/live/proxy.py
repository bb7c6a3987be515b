"""A PostgreSQL farther away: a proxy that adds a millisecond to each round trip and nothing else.

Only what the server sends is held back, so a round trip waits once, however many parts an answer
has.
"""

from __future__ import annotations

import asyncio
import selectors
import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Self

import psycopg

from harness.environments import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from harness.postgres import Postgres

ADDED_MS = 1.0
TRIPS = 300
SOCKET = ".s.PGSQL.5432"
STOP_SECONDS = 10


class Proxy:
    """The proxy in a process of its own; a context manager.

    Args:
        folder: Where it listens; a client names this folder as the host.
        server: The folder of the socket of the server.
        delay_ms: How long an answer is held back.
    """

    def __init__(self, folder: Path, server: Path, delay_ms: float) -> None:
        self.folder = folder
        self._server = server
        self._delay_ms = delay_ms
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        """Start it and wait until it listens."""
        self.folder.mkdir(parents=True)
        places = [str(folder / SOCKET) for folder in (self.folder, self._server)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", __spec__.name, *places, str(self._delay_ms)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        if self._process.stdout is None or not self._process.stdout.readline():
            message = "the proxy did not start"
            raise RuntimeError(message)
        return self

    def __exit__(self, *_: object) -> None:
        """End it, and break every connection through it."""
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            process.wait(STOP_SECONDS)
            if process.stdout is not None:
                process.stdout.close()

    def url(self, database: str) -> str:
        """Return the address of a database behind the proxy, as the host takes it."""
        return f"postgresql://postgres:@/{database}?host={self.folder}"


def one_millisecond_away(folder: Path, postgres: Postgres) -> Proxy:
    """Return a proxy to a PostgreSQL that adds a millisecond in total, its own work included."""
    with Proxy(folder / "trial", postgres.folder, ADDED_MS) as trial:
        added = round_trip_ms(trial.url("postgres")) - round_trip_ms(postgres.url())
    return Proxy(folder / "proxy", postgres.folder, max(0.0, 2 * ADDED_MS - added))


def round_trip_ms(url: str) -> float:
    """Return the median time of the smallest statement there is, in milliseconds."""
    times = []
    with psycopg.connect(url, autocommit=True) as connection:
        for _ in range(TRIPS):
            begin = time.perf_counter()
            connection.execute("SELECT 1").fetchone()
            times.append((time.perf_counter() - begin) * 1000)
    return statistics.median(times)


class _End(asyncio.Protocol):
    """One end of a connection through the proxy: what it receives is written to the other end."""

    def __init__(self, delay: float) -> None:
        self._delay = delay
        self.transport: asyncio.Transport | None = None
        self.other: _End | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self.transport = transport

    def data_received(self, data: bytes) -> None:
        other = self.other.transport if self.other else None
        if other is None:
            return
        if self._delay:
            asyncio.get_running_loop().call_later(self._delay, other.write, data)
        else:
            other.write(data)

    def connection_lost(self, _: Exception | None) -> None:
        other = self.other.transport if self.other else None
        if other is not None:
            asyncio.get_running_loop().call_later(self._delay, other.close)


class _ClientEnd(_End):
    """The end of a client: it opens the other one first, and reads nothing until that is done."""

    def __init__(self, forward_to: str, answers_delay: float) -> None:
        super().__init__(delay=0)
        self._forward_to = forward_to
        self._answers_delay = answers_delay

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if self.transport is not None:
            self.transport.pause_reading()
            self._opening = asyncio.get_running_loop().create_task(self._open(self.transport))

    async def _open(self, transport: asyncio.Transport) -> None:
        self.other = server_end = _End(self._answers_delay)
        server_end.other = self
        loop = asyncio.get_running_loop()
        await loop.create_unix_connection(lambda: server_end, self._forward_to)
        transport.resume_reading()


async def _serve(listen_on: str, forward_to: str, delay: float) -> None:
    loop = asyncio.get_running_loop()
    listener = await loop.create_unix_server(lambda: _ClientEnd(forward_to, delay), listen_on)
    print("listening", flush=True)
    await listener.serve_forever()


def main() -> None:
    """Serve until terminated."""
    listen_on, forward_to, milliseconds = sys.argv[1:]
    # The usual selector rounds what it waits for up to whole milliseconds; this one does not.
    loop = asyncio.SelectorEventLoop(selectors.SelectSelector())
    loop.run_until_complete(_serve(listen_on, forward_to, float(milliseconds) / 1000))


if __name__ == "__main__":
    main()
