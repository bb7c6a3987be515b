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
    from collections.abc import Callable, Iterator
    from pathlib import Path


CONNECT: Any = sqlite3.connect
ROLES = {"k": "user", "a": "admin"}


class Statement:
    """Reads a role, and whether the rules were read with it."""

    def query(self, _dialect: object, *, rules: bool = True) -> Query:
        read = "'rules'" if rules else "NULL"
        return Query(f"SELECT role, {read} FROM who WHERE key = :api_key", [])

    def reading(self, rows: list[Any], _api_key: str, *, rules_bind_admins: bool) -> Reading | None:
        assert isinstance(rules_bind_admins, bool)
        users: Any = [(SimpleNamespace(role=role), rules) for role, rules in rows]
        return Reading(users[0][0], None, None, users[0][1]) if users else None

    def copies(self, rows: list[Any]) -> Callable[[], Reading]:
        [(role, _)] = rows
        return lambda: Reading(SimpleNamespace(id="", email="", role=role), None, None, None)


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
    """Read as the check does."""
    found: Any = None if rules_bind_admins else reader.unchanged(key)
    if found is None:
        found = asyncio.run(reader.read(key, rules_bind_admins=rules_bind_admins))
    assert (found and found.user.role) == ROLES.get(key)
    return found


@pytest.mark.parametrize(
    ("key", "rules_bind_admins", "statements"),
    [("k", True, 1), ("a", True, 1), ("x", True, 1), ("k", False, 3), ("a", False, 2)],
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
        rules_are_read = rules_bind_admins or found.user.role != "admin"
        assert found.rules == ("rules" if rules_are_read else None)


def test_rows_are_read_once_until_somebody_commits(
    reader: SqliteReader, opened: list[sqlite3.Connection], tmp_path: Path
) -> None:
    executed: list[str] = []

    def statements(key: str, *, rules_bind_admins: bool = False) -> int:
        read(reader, key, rules_bind_admins=rules_bind_admins)
        opened[0].set_trace_callback(executed.append)
        executed.clear()
        read(reader, key, rules_bind_admins=rules_bind_admins)
        return len(executed)

    assert statements("a") == 1, "whether anything was committed"
    assert statements("a", rules_bind_admins=True) == 1, "the rules are read each time"
    assert statements("k") == 3, "they bind this user"
    assert statements("x") == 2, "nothing is known of unknown keys"
    executed.clear()
    with closing(sqlite3.connect(tmp_path / "webui.db")) as other:
        other.execute("INSERT INTO who VALUES ('other', 'user')")
        other.commit()
    read(reader, "a", rules_bind_admins=False)
    assert len(executed) == 2


def test_each_reading_has_a_user_of_its_own(reader: SqliteReader) -> None:
    found = [read(reader, "a", rules_bind_admins=False).user for _ in range(3)]
    assert len(set(map(id, found))) == 3


def test_so_many_keys_are_known_at_most(
    reader: SqliteReader,
    opened: list[sqlite3.Connection],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read(reader)
    names = [f"admin {number}" for number in range(65)]
    with closing(sqlite3.connect(tmp_path / "webui.db")) as other:
        other.executemany("INSERT INTO who VALUES (?, 'admin')", [(name,) for name in names])
        other.commit()
    executed: list[str] = []
    opened[0].set_trace_callback(executed.append)
    for name in names:
        monkeypatch.setitem(ROLES, name, "admin")
        read(reader, name, rules_bind_admins=False)
    for name, statements in ((names[-1], 1), (names[0], 2)):
        executed.clear()
        read(reader, name, rules_bind_admins=False)
        assert len(executed) == statements


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
