"""Reads a SQLite file with the interpreter's own `sqlite3`, in the thread that asks.

It is the very SQLite library the host uses. A second copy of it in one process would undo the
first one's locks, as POSIX drops all locks on a file when any descriptor of it is closed
(https://www.sqlite.org/howtocorrupt.html, section 2.2).
"""

from __future__ import annotations

import os
import sqlite3
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Dialect

    from owui_keygate.readers import Reading
    from owui_keygate.readers.statement import Statement


class SqliteReader:
    """A `Reader` of a SQLite file; it never waits for a lock.

    Each thread of each process has a connection of its own, which is read-only, begins no
    transaction and is opened again when the file is another one.

    Args:
        statement: What is read.
        dialect: The dialect of the host's engine.
        file: The database file.
    """

    def __init__(self, statement: Statement, dialect: Dialect, file: Path) -> None:
        self._statement = statement
        self._text = statement.text(dialect)
        self._file = file
        self._thread = threading.local()

    async def read(self, api_key: str) -> Reading | None:
        """Return what is known about a key now, in one statement.

        Raises:
            sqlite3.OperationalError: The database is locked, or cannot be read.
            OSError: The file is not there.
        """
        # All rows are fetched: a statement that is not at its end keeps its lock on the file.
        rows = self._connection().execute(self._text, (api_key,)).fetchall()
        return self._statement.reading(rows)

    def _connection(self) -> sqlite3.Connection:
        file = self._file.stat()
        identity = (os.getpid(), file.st_dev, file.st_ino)
        known: _Opened | None = getattr(self._thread, "opened", None)
        if known is None or known.identity != identity:
            if known is not None:
                known.give_up()
            known = self._thread.opened = _Opened(self._file, identity)
        return known.connection


class _Opened:
    """A connection, and the process and file it belongs to."""

    _INHERITED: Final[list[sqlite3.Connection]] = []

    def __init__(self, file: Path, identity: tuple[int, int, int]) -> None:
        self.identity = identity
        self.connection = sqlite3.connect(
            f"{file.as_uri()}?mode=ro", uri=True, timeout=0, isolation_level=None
        )

    def give_up(self) -> None:
        """Close it, unless it came over a fork: SQLite forbids that, so it is kept for ever."""
        if self.identity[0] == os.getpid():
            self.connection.close()
        else:
            self._INHERITED.append(self.connection)
