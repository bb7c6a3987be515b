"""The connections to a SQLite file, where the real host shows nothing of them."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import threading
from contextlib import closing
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from owui_keygate.readers import Reading
from owui_keygate.readers.sqlite import FileReplacedError, SqliteReader
from owui_keygate.readers.statement import Query

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


CONNECT: Any = sqlite3.connect
ROLES = {"k": "user", "a": "admin"}


class Statement:
    """Reads a role, and whether the rules were read with it."""

    def query(self, _dialect: object, *, rules: bool = True) -> Query:
        return Query(f"SELECT role, {rules} FROM who WHERE key = :api_key", [])

    def reading(self, rows: list[Any], _api_key: str, *, rules_bind_admins: bool) -> Reading | None:
        assert isinstance(rules_bind_admins, bool)
        users: Any = [(SimpleNamespace(role=role), rules) for role, rules in rows]
        return Reading(users[0][0], None, None, users[0][1]) if users else None


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[sqlite3.Connection]]:
    """Every connection that is opened meanwhile."""
    found: list[sqlite3.Connection] = []

    def remember(*args: object, **kwargs: object) -> sqlite3.Connection:
        found.append(CONNECT(*args, check_same_thread=False, **kwargs))
        return found[-1]

    monkeypatch.setattr(sqlite3, "connect", remember)
    yield found
    for connection in found:
        connection.close()


def fill(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE who (key, role)")
        connection.executemany("INSERT INTO who VALUES (?, ?)", ROLES.items())


@pytest.fixture
def reader(tmp_path: Path) -> SqliteReader:
    file = tmp_path / "webui.db"
    fill(file)
    statement: Any = Statement()
    return SqliteReader(statement, file)


def replace(file: Path) -> None:
    """Put a copy in the place of a file."""
    copy = file.with_name("copy.db")
    shutil.copy(file, copy)
    copy.rename(file)


def read(reader: SqliteReader, key: str = "k", *, rules_bind_admins: bool = True) -> Any:
    found: Any = asyncio.run(reader.read(key, rules_bind_admins=rules_bind_admins))
    assert (found and found.user.role) == ROLES.get(key)
    return found


@pytest.mark.parametrize(
    ("key", "rules_bind_admins", "statements"),
    [("k", True, 1), ("a", True, 1), ("x", True, 1), ("k", False, 2), ("a", False, 1)],
)
def test_the_rules_are_read_of_whom_they_bind(
    reader: SqliteReader,
    opened: list[sqlite3.Connection],
    key: str,
    statements: int,
    *,
    rules_bind_admins: bool,
) -> None:
    read(reader)
    executed: list[str] = []
    opened[0].set_trace_callback(executed.append)
    found = read(reader, key, rules_bind_admins=rules_bind_admins)
    assert len(executed) == statements
    if found is not None:
        assert found.rules == (rules_bind_admins or found.user.role != "admin")


def test_one_connection_that_cannot_write_and_does_not_wait(
    reader: SqliteReader, opened: list[sqlite3.Connection]
) -> None:
    for _ in range(3):
        read(reader)
    [connection] = opened
    assert connection.execute("PRAGMA busy_timeout").fetchall() == [(0,)]
    assert connection.isolation_level is None
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        connection.execute("DELETE FROM who")


def test_each_thread_has_its_own(reader: SqliteReader, opened: list[sqlite3.Connection]) -> None:
    for _ in range(2):
        thread = threading.Thread(target=read, args=(reader,))
        thread.start()
        thread.join()
    read(reader)
    read(reader)
    assert len(opened) == 3


def test_a_child_process_leaves_its_parents_connection_alone(
    reader: SqliteReader, opened: list[sqlite3.Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    read(reader)
    monkeypatch.setattr(os, "getpid", lambda: -1)
    for _ in range(2):
        read(reader)
    parents, _childs = opened
    assert parents.execute("SELECT 1").fetchall() == [(1,)], "not closed"


def test_another_file_is_not_read_instead(
    reader: SqliteReader, opened: list[sqlite3.Connection], tmp_path: Path
) -> None:
    read(reader)
    (tmp_path / "webui.db").unlink()
    with pytest.raises(FileNotFoundError):
        read(reader)
    (tmp_path / "webui.db").touch()
    with pytest.raises(FileReplacedError):
        read(reader)
    assert len(opened) == 1


def test_another_file_is_not_read_for_the_first_request(
    reader: SqliteReader, opened: list[sqlite3.Connection], tmp_path: Path
) -> None:
    """The host has opened the old file when it started."""
    replace(tmp_path / "webui.db")
    with pytest.raises(FileReplacedError):
        read(reader)
    assert opened == []


def test_a_file_that_comes_while_a_connection_is_opened_is_not_read(
    reader: SqliteReader, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Neither now nor later, when the old file is back."""
    file, aside = tmp_path / "webui.db", tmp_path / "aside.db"
    shutil.copy(file, tmp_path / "copy.db")

    def replacing(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        file.rename(aside)
        (tmp_path / "copy.db").rename(file)
        made: sqlite3.Connection = CONNECT(*args, **kwargs)
        return made

    with monkeypatch.context() as patched:
        patched.setattr(sqlite3, "connect", replacing)
        with pytest.raises(FileReplacedError):
            read(reader)
    with closing(CONNECT(file)) as connection, connection:
        connection.execute("DELETE FROM who")
    aside.rename(file)
    read(reader)


def test_a_file_that_is_made_after_the_reader_is_read(tmp_path: Path) -> None:
    statement: Any = Statement()
    file = tmp_path / "webui.db"
    reader = SqliteReader(statement, file)
    fill(file)
    read(reader)
