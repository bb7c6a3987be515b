"""Reads PostgreSQL on one connection of its own for each worker, in one round trip."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy.dialects import postgresql

from owui_keygate.readers import NotReadyError
from owui_keygate.readers.pipeline import Pipeline

if TYPE_CHECKING:
    from psycopg import AsyncConnection
    from sqlalchemy.ext.asyncio import AsyncEngine

    from owui_keygate.readers import Reading
    from owui_keygate.readers.statement import Statement

CONNECT_SECONDS = 10.0
RETRY_SECONDS = 1.0


class NotConnectedError(Exception):
    """There is no connection at the moment; the message says why."""


class PostgresReader:
    """A `Reader` of PostgreSQL; a request never waits until there is a connection.

    The connection is made by the host's engine, so that it has every argument and event of the
    host's own, and taken out of the engine's pool.

    Args:
        statement: What is read.
        engine: The host's engine.
    """

    def __init__(self, statement: Statement, engine: AsyncEngine) -> None:
        self._statement = statement
        # The driver's own dialect writes parameters as Python does, and libpq wants $1.
        libpq = postgresql.base.PGDialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]
        self._query = statement.query(libpq)
        self._engine = engine
        self._pipeline: Pipeline | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._next_attempt = 0.0
        self._failure: str | None = None

    async def read(self, api_key: str, *, rules_bind_admins: bool) -> Reading | None:
        """Return what is known about a key now, in one statement.

        Raises:
            NotReadyError: The first connection is being made.
            NotConnectedError: There is no connection at the moment.
            PipelineError: The server has refused, or the connection is lost.
            TimeoutError: It did not answer in time.
        """
        pipeline = self._pipeline
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
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                self._pipeline = await _open(self._engine, self._query.text)
        except Exception as error:  # noqa: BLE001 (the next request says so and tries again)
            self._failure = type(error).__name__
        self._next_attempt = time.monotonic() + RETRY_SECONDS


async def _open(engine: AsyncEngine, statement: str) -> Pipeline:
    pooled = await engine.raw_connection()
    connection = cast("AsyncConnection[Any]", pooled.driver_connection)
    pooled.detach()
    try:
        await connection.rollback()
        await connection.set_autocommit(True)
        pipeline = Pipeline(connection, statement)
        await pipeline.prepare()
    except BaseException:
        connection.pgconn.finish()
        raise
    return pipeline
