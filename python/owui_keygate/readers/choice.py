"""The choice of the reader, by the database the host is configured for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from owui_keygate.readers.fallback import FallbackReader
from owui_keygate.readers.host import HostReader
from owui_keygate.readers.statement import Statement

if TYPE_CHECKING:
    from types import ModuleType

    from sqlalchemy import URL
    from sqlalchemy.ext.asyncio import AsyncEngine

    from owui_keygate.readers import Reader


class Choice(NamedTuple):
    """A reader, by name, and why it is this one."""

    name: str
    reason: str

    def __str__(self) -> str:
        """Return both in one phrase."""
        return f"reader {self.name} ({self.reason})"


def open_reader(choice: Choice, users: ModuleType, config: type, engine: AsyncEngine) -> Reader:
    """Return the reader that was chosen; a fast one with the host's own models behind it.

    Args:
        choice: What `choose` has returned for the engine.
        users: The host's module `open_webui.models.users`.
        config: The host's class `Config`.
        engine: The host's engine.
    """
    host = HostReader(users, config)
    if choice.name == "host":
        return host
    statement = Statement(users, config, engine.dialect)
    fast: Reader
    if choice.name == "sqlite":
        from owui_keygate.readers.sqlite import SqliteReader

        [[file], _] = engine.dialect.create_connect_args(engine.url)
        fast = SqliteReader(statement, engine.dialect, Path(file))
    else:
        from owui_keygate.readers.postgres import PostgresReader

        fast = PostgresReader(statement, engine)
    return FallbackReader(fast, host)


def choose(url: URL) -> Choice:
    """Return the reader for the database that the host's engine is made for.

    Args:
        url: The URL of the engine, with the driver that the host has chosen.
    """
    match url.drivername:
        case "sqlite+aiosqlite":
            return _choose_sqlite(url)
        case "postgresql+psycopg":
            return _choose_postgres()
    return Choice("host", f"there is no faster one for {url.drivername}")


def _choose_sqlite(url: URL) -> Choice:
    if not url.database or url.database == ":memory:":
        return Choice("host", "the SQLite database is not a file")
    if url.query:
        return Choice("host", f"DATABASE_URL gives SQLite the options {', '.join(url.query)}")
    return Choice("sqlite", "the database is a SQLite file")


def _choose_postgres() -> Choice:
    from psycopg import Pipeline

    if not Pipeline.is_supported():
        return Choice("host", "the libpq here has no pipeline mode, which came with version 14")
    return Choice("postgres", "the database is PostgreSQL")
