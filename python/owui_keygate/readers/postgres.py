"""Reads PostgreSQL in one round trip, on a connection of its own for each worker."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import NullPool
from sqlalchemy.dialects import postgresql
from sqlalchemy.util import greenlet_spawn

from owui_keygate.readers import NotReadyError, Reader
from owui_keygate.readers.pipeline import Pipeline

if TYPE_CHECKING:
    from psycopg import AsyncConnection
    from sqlalchemy import Pool
    from sqlalchemy.ext.asyncio import AsyncEngine

    from owui_keygate.readers import Reading
    from owui_keygate.readers.statement import Statement

CONNECT_SECONDS = 10.0
RETRY_SECONDS = 1.0

LONGEST_SECONDS = 3600.0
"""The maximum age of a connection: one to the old primary may survive a failover."""

SHORTEST_SECONDS = 1.0
"""The maximum age where the host makes a connection for each session, and has none to keep."""


class NotConnectedError(Exception):
    """There is no connection at the moment; the message says why."""


class PostgresReader(Reader):
    """A `Reader` of PostgreSQL; a request never waits for a connection to be made.

    The connection is made as the host's engine makes its own, with all arguments and events, and
    belongs to no pool. It is given up at the age at which the engine recycles its own, and after an
    hour at the latest: the host might find another server under the same name by then.

    Args:
        statement: What is read.
        engine: The host's engine.
    """

    def __init__(self, statement: Statement, engine: AsyncEngine) -> None:
        self._statement = statement
        # The driver's own dialect writes parameters as Python does, and libpq wants $1.
        libpq = postgresql.base.PGDialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]
        self._query = statement.query(libpq)
        self._pool = engine.pool
        self._longest = _longest_age(engine.pool)
        self._pipeline: Pipeline | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._next_attempt = 0.0
        self._expiry = 0.0
        self._failure: str | None = None

    async def read(self, api_key: str, *, rules_bind_admins: bool) -> Reading | None:
        """Return what the database contains about a key now, in one statement.

        Raises:
            NotReadyError: A connection is being made, the first one or the next.
            NotConnectedError: There is no connection at the moment.
            PipelineError: The server refused, or the connection is lost.
            TimeoutError: The server did not answer in time.
        """
        pipeline = self._pipeline
        if pipeline is not None and time.monotonic() >= self._expiry:
            pipeline.retire()
            self._pipeline = pipeline = None
        if pipeline is None or not pipeline.is_usable():
            self._connect_behind()
            raise NotConnectedError(self._failure) if self._failure else NotReadyError
        flag = b"true" if rules_bind_admins else b"false"
        values = {"api_key": api_key.encode(), "rules_bind_admins": flag}
        rows = await pipeline.execute([values[name] for name in self._query.places])
        return self._statement.reading(rows, api_key, rules_bind_admins=rules_bind_admins)

    def _connect_behind(self) -> None:
        now = time.monotonic()
        if now >= self._next_attempt:
            self._next_attempt = now + CONNECT_SECONDS + RETRY_SECONDS
            self._connecting = asyncio.create_task(self._connect())

    async def _connect(self) -> None:
        old = self._pipeline
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                self._pipeline = await _open(self._pool, self._query.text)
            self._failure = None
            if old is not None:
                old.retire()
        except Exception as error:  # noqa: BLE001 (the next request logs it and tries again)
            self._failure = type(error).__name__
        finally:
            now = time.monotonic()
            self._next_attempt, self._expiry = now + RETRY_SECONDS, now + self._longest


def _longest_age(pool: Pool) -> float:
    """Return the age at which a pool recycles its connections, at least a second, at most an hour.

    With a second, a server that checks many keys still reads most of them fast.
    """
    if isinstance(pool, NullPool):
        return SHORTEST_SECONDS
    # SQLAlchemy has no public name for this; a negative value means never.
    recycle = float(pool._recycle)  # noqa: SLF001
    return min(max(recycle, SHORTEST_SECONDS), LONGEST_SECONDS) if recycle >= 0 else LONGEST_SECONDS


async def _open(pool: Pool, statement: str) -> Pipeline:
    """Return a pipeline on a new connection.

    A connection of the host's pool may be just as old, and a request may be waiting for it.
    """
    pooled = await greenlet_spawn(pool.recreate().connect)
    connection = cast("AsyncConnection[Any]", pooled.driver_connection)
    pipeline = None
    try:
        pooled.detach()
        await connection.rollback()
        await connection.set_autocommit(True)
        pipeline = Pipeline(connection, statement)
        await pipeline.prepare()
    except BaseException as error:
        # The event loop must forget the socket before another one gets its number.
        if pipeline is not None:
            pipeline.close(type(error).__name__)
        connection.pgconn.finish()
        raise
    return pipeline
