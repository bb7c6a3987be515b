"""Chooses the reader for the database that the host is configured for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from owui_keygate.readers.fallback import FallbackReader
from owui_keygate.readers.host import BlockingHostReader, HostReader
from owui_keygate.readers.paced import PacedReader
from owui_keygate.readers.statement import Statement

if TYPE_CHECKING:
    from types import ModuleType

    from sqlalchemy import URL, Engine
    from sqlalchemy.ext.asyncio import AsyncEngine

    from owui_keygate.readers import Config, Reader


_FAST = {"sqlite", "postgres"}


class ReaderChoice(NamedTuple):
    """The name of a reader, and why it was chosen."""

    name: str
    reason: str

    def __str__(self) -> str:
        """Return both in one phrase."""
        return f"reader {self.name} ({self.reason})"


def open_reader(
    choice: ReaderChoice,
    users: ModuleType,
    config: Config | None,
    engine: AsyncEngine,
) -> Reader:
    """Return the chosen reader, for a host with asynchronous sessions.

    A fast reader falls back to the host's own models.

    Args:
        choice: The reader that `choose` returned for the engine.
        users: The host's module `open_webui.models.users`.
        config: The host's class `Config`, or None if the rules are not in the database.
        engine: The host's engine.
    """
    host = HostReader(users, config)
    if choice.name not in _FAST:
        return host
    statement = Statement(users, config, engine.dialect)
    if choice.name == "sqlite":
        return FallbackReader(PacedReader(_open_sqlite(statement, engine.sync_engine)), host)
    from owui_keygate.readers.postgres import PostgresReader

    return FallbackReader(PostgresReader(statement, engine), host)


def open_blocking_reader(choice: ReaderChoice, users: ModuleType, engine: Engine) -> Reader:
    """Return the chosen reader, for a host with blocking sessions.

    Args:
        choice: The reader that `choose` returned for the engine.
        users: The host's module `open_webui.models.users`.
        engine: The host's engine.
    """
    host = BlockingHostReader(users)
    if choice.name not in _FAST:
        return host
    return FallbackReader(_open_sqlite(Statement(users, None, engine.dialect), engine), host)


def _open_sqlite(statement: Statement, engine: Engine) -> Reader:
    from owui_keygate.readers.sqlite import SqliteReader

    [[file], _] = engine.dialect.create_connect_args(engine.url)
    return SqliteReader(statement, Path(file))


def choose(url: URL) -> ReaderChoice:
    """Choose the reader for the database of the host's engine.

    Args:
        url: The URL of the engine, with the host's choice of a driver.
    """
    match url.drivername:
        case "sqlite" | "sqlite+aiosqlite":
            return _choose_sqlite(url)
        case "postgresql+psycopg":
            return _choose_postgres()
    return ReaderChoice("host", f"there is no faster reader for {url.drivername}")


def _choose_sqlite(url: URL) -> ReaderChoice:
    if not url.database or url.database == ":memory:":
        return ReaderChoice("host", "the SQLite database is not a file")
    if url.query:
        return ReaderChoice("host", f"DATABASE_URL sets the SQLite options {', '.join(url.query)}")
    return ReaderChoice("sqlite", "the database is a SQLite file")


def _choose_postgres() -> ReaderChoice:
    from psycopg import Pipeline

    if not Pipeline.is_supported():
        return ReaderChoice("host", "libpq is older than version 14 and has no pipeline mode")
    return ReaderChoice("postgres", "the database is PostgreSQL")
