"""One transaction around calls of the host's own functions."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Sequence
    from types import ModuleType
    from typing import Any

    from sqlalchemy import Connection, CursorResult, Executable
    from sqlalchemy.ext.asyncio import AsyncConnection, async_sessionmaker
    from sqlalchemy.orm import sessionmaker

    from owui_keygate.readers.holders import Executor

_LOCKS = {
    # This also begins the transaction. The driver would begin it only with the first change, and
    # end it with the first savepoint.
    "sqlite": ["BEGIN IMMEDIATE"],
    # Of two commands for the same account, the second one must find what the first one has created.
    # Otherwise it would fail, or create it twice where the schema of a release allows that.
    "postgresql": [
        "SET LOCAL lock_timeout = '10s'",
        "SELECT pg_advisory_xact_lock(hashtext('owui-keygate keys'))",
    ],
}
"""Statements that make other such commands wait for the end of a transaction, by dialect."""


BATCH = 1000
"""How many rows of a long result are held at once: few, and as fast as more."""


@asynccontextmanager
async def transaction(database: ModuleType, *, changes: bool) -> AsyncIterator[Executor]:
    """Begin a transaction, make the host's functions part of it, and commit it at the end.

    Each of the host's functions opens a session and commits it, some more than once. Here the
    sessions share one connection, on which such a commit only ends a savepoint ("Joining a Session
    into an External Transaction" in the documentation of SQLAlchemy).

    Args:
        database: The host's module `open_webui.internal.db`.
        changes: Whether the transaction changes anything.

    Raises:
        Exception: What the body raises, after everything was undone.
    """
    if hasattr(database, "async_engine"):
        engine = database.async_engine
        try:
            async with engine.begin() as connection:
                _share(database.AsyncSessionLocal, connection)
                for lock in _LOCKS.get(engine.dialect.name, []) if changes else []:
                    await connection.exec_driver_sql(lock)
                yield _Asynchronous(connection)
        finally:
            # Its connections belong to this event loop, and their threads keep the process alive.
            await engine.dispose()
    else:
        with database.engine.begin() as connection:
            _share(database.SessionLocal, connection)
            for lock in _LOCKS.get(database.engine.dialect.name, []) if changes else []:
                connection.exec_driver_sql(lock)
            yield _Blocking(connection)


def _share(
    sessions: sessionmaker[Any] | async_sessionmaker[Any], connection: Connection | AsyncConnection
) -> None:
    sessions.configure(bind=connection, join_transaction_mode="create_savepoint")


class _Asynchronous:
    """An `Executor` on a connection that is awaited."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def __call__(self, statement: Executable) -> CursorResult[Any]:
        return await self._connection.execute(statement)

    async def batches(self, statement: Executable) -> AsyncGenerator[Sequence[Any], None]:
        options = {"yield_per": BATCH}
        async with self._connection.stream(statement, execution_options=options) as result:
            async for rows in result.partitions():
                yield rows


class _Blocking:
    """An `Executor` on a connection that is not."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def __call__(self, statement: Executable) -> CursorResult[Any]:
        return self._connection.execute(statement)

    async def batches(self, statement: Executable) -> AsyncGenerator[Sequence[Any], None]:
        options = {"yield_per": BATCH}
        with self._connection.execute(statement, execution_options=options) as result:
            for rows in result.partitions():
                yield rows
