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
from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects import sqlite

from owui_keygate.readers import Reader, rules_bind

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from owui_keygate.readers import Reading
    from owui_keygate.readers.statement import Statement


class FileReplacedError(Exception):
    """The database file has been replaced, and the host may still read the old one."""


class SqliteReader(Reader):
    """A `Reader` of a SQLite file; it never waits for a lock.

    Each thread of each process has its own connection.

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

    def unchanged(self, api_key: str) -> Reading | None:
        """Return a reading of which SQLite says now that it still holds, None without one.

        Raises:
            sqlite3.Error: The database is locked, or cannot be read.
            OSError: The file does not exist.
            FileReplacedError: The file has been replaced by another one.
        """
        self._check_file()
        copy = self._connection().unchanged(api_key)
        return None if copy is None else copy()

    async def read(self, api_key: str, *, rules_bind_admins: bool) -> Reading | None:
        """Return what the database contains about a key now, in two statements at most.

        A statement that can read rules takes half as long again, even if it leaves them unread.

        Raises:
            sqlite3.Error: The database is locked, or cannot be read.
            OSError: The file does not exist.
            FileReplacedError: The file has been replaced by another one.
        """
        self._check_file()
        connection = self._connection()
        if rules_bind_admins:
            return self._read(connection, api_key)
        rows = connection.execute(self._without_rules, {"api_key": api_key})
        reading = self._statement.reading(rows, api_key, rules_bind_admins=False)
        if reading is None:
            return None
        if rules_bind(reading.user, rules_bind_admins=False):
            return self._read(connection, api_key, rules_bind_admins=False)
        connection.keep(api_key, self._statement.copies(rows))
        return reading

    def _read(
        self, connection: _Connection, api_key: str, *, rules_bind_admins: bool = True
    ) -> Reading | None:
        parameters = {"api_key": api_key, "rules_bind_admins": rules_bind_admins}
        rows = connection.execute(self._with_rules, parameters)
        return self._statement.reading(rows, api_key, rules_bind_admins=rules_bind_admins)

    def _check_file(self) -> None:
        # Inode and device. `Path.stat` takes three times as long.
        identity = os.stat(self._name)[ST_INO : ST_DEV + 1]  # noqa: PTH116
        if identity != self._identity:
            if self._identity is not None:
                raise FileReplacedError
            self._identity = identity

    def _connection(self) -> _Connection:
        opened: _Connection | None = getattr(self._thread, "opened", None)
        if opened is not None and opened.process == os.getpid():
            return opened
        if opened is not None:
            _inherited.append(opened)
        opened = _Connection(self._uri)
        # Another file may have come between the last look and the opening.
        self._check_file()
        self._thread.opened = opened
        return opened


class _Connection:
    """A connection of one thread, which is read-only and begins no transaction.

    Attributes:
        process: The id of the process that has opened it.
    """

    def __init__(self, uri: str) -> None:
        self.process = os.getpid()
        connection = sqlite3.connect(uri, uri=True, timeout=0, isolation_level=None)
        self._execute = connection.execute
        self._version: int | None = None
        self._kept: dict[str, Callable[[], Reading]] = {}

    def execute(self, text: str, parameters: dict[str, object]) -> list[Any]:
        """Run a statement to its end: an unfinished one keeps its lock on the file."""
        return self._execute(text, parameters).fetchall()

    def keep(self, api_key: str, copy: Callable[[], Reading]) -> None:
        """Keep what makes readings of a key.

        It was read after `unchanged` has last asked for the version. If anything was committed in
        between, the version has changed by the time that `unchanged` asks again.
        """
        if len(self._kept) >= _MOST_KEYS:
            self._kept.clear()
        self._kept[api_key] = copy

    def unchanged(self, api_key: str) -> Callable[[], Reading] | None:
        """Return what makes readings of a key, if SQLite says now that they still hold.

        `PRAGMA data_version` begins a read transaction as any other statement does, and differs
        once another connection has committed a change (https://sqlite.org/pragma.html). SQLite
        decides by the same comparison whether a connection may use the pages that it has read.
        """
        [(version,)] = self._execute("PRAGMA data_version").fetchall()
        if version != self._version:
            self._kept.clear()
            self._version = version
        return self._kept.get(api_key)


_MOST_KEYS = 64
"""How many keys a connection has readings of. Beyond it all are read again."""

_inherited: list[_Connection] = []
"""SQLite forbids a process to close the connections of its parent, so they stay open."""
