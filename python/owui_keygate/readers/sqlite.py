"""Reads a SQLite file with the interpreter's own `sqlite3`, in the calling thread.

The host uses the same SQLite library. A second copy of it in one process would undo the locks of
the first one, because POSIX drops all locks on a file when any descriptor of it is closed
(https://www.sqlite.org/howtocorrupt.html, section 2.2).
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from stat import ST_DEV, ST_INO
from typing import TYPE_CHECKING

from sqlalchemy.dialects import sqlite

from owui_keygate.readers import rules_bind

if TYPE_CHECKING:
    from pathlib import Path

    from owui_keygate.readers import Reading
    from owui_keygate.readers.statement import Statement


class FileReplacedError(Exception):
    """The database file has been replaced, and the host may still read the old one."""


class SqliteReader:
    """A `Reader` of a SQLite file; it never waits for a lock.

    Each thread of each process has its own connection, which is read-only and begins no
    transaction.

    Args:
        statement: What is read.
        file: The database file.
    """

    def __init__(self, statement: Statement, file: Path) -> None:
        self._statement = statement
        dialect = sqlite.dialect(paramstyle="named")
        self._with_rules = statement.query(dialect).text
        self._without_rules = statement.query(dialect, rules=False).text
        self._name = os.fsencode(file)
        self._uri = f"{file.as_uri()}?mode=ro"
        self._identity: tuple[float, ...] | None = None
        self._thread = threading.local()
        # The host may have opened this file by now. On a new server, it is still to come.
        with contextlib.suppress(OSError):
            self._check_file()

    async def read(self, api_key: str, *, rules_bind_admins: bool) -> Reading | None:
        """Return what the database contains about a key now, in two statements at most.

        A statement that can read rules takes half as long again, even if it leaves them unread.

        Raises:
            sqlite3.Error: The database is locked, or cannot be read.
            OSError: The file does not exist.
            FileReplacedError: The file has been replaced by another one.
        """
        self._check_file()
        if not rules_bind_admins:
            reading = self._read(self._without_rules, api_key, rules_bind_admins=False)
            if reading is None or not rules_bind(reading.user, rules_bind_admins=False):
                return reading
        return self._read(self._with_rules, api_key, rules_bind_admins=rules_bind_admins)

    def _read(self, text: str, api_key: str, *, rules_bind_admins: bool) -> Reading | None:
        # All rows are fetched: an unfinished statement keeps its lock on the file.
        parameters = {"api_key": api_key, "rules_bind_admins": rules_bind_admins}
        rows = self._connection().execute(text, parameters).fetchall()
        return self._statement.reading(rows, api_key, rules_bind_admins=rules_bind_admins)

    def _check_file(self) -> None:
        # Inode and device. `Path.stat` takes three times as long.
        identity = os.stat(self._name)[ST_INO : ST_DEV + 1]  # noqa: PTH116
        if identity != self._identity:
            if self._identity is not None:
                raise FileReplacedError
            self._identity = identity

    def _connection(self) -> sqlite3.Connection:
        opened: tuple[int, sqlite3.Connection] | None = getattr(self._thread, "opened", None)
        if opened is not None and opened[0] == os.getpid():
            return opened[1]
        if opened is not None:
            _inherited.append(opened[1])
        connection = sqlite3.connect(self._uri, uri=True, timeout=0, isolation_level=None)
        # Another file may have come between the last look and the opening.
        self._check_file()
        self._thread.opened = (os.getpid(), connection)
        return connection


_inherited: list[sqlite3.Connection] = []
"""SQLite forbids a process to close the connections of its parent, so they stay open."""
