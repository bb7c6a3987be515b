"""The connections to a SQLite file, where the real host shows nothing of them."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from owui_keygate.readers.sqlite import FileReplacedError, SqliteReader
from owui_keygate.readers.statement import Query

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Statement:
    """Reads any row."""

    def query(self, _dialect: object) -> Query:
        return Query("SELECT name FROM who WHERE key = ?", [True])

    def reading(self, rows: list[Any], _api_key: str, *, rules_bind_admins: bool) -> Any:  # noqa: ANN401
        assert rules_bind_admins
        return rows


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[sqlite3.Connection]]:
    """Every connection that is opened meanwhile."""
    found: list[sqlite3.Connection] = []
    connect: Any = sqlite3.connect

    def remember(*args: Any, **kwargs: Any) -> sqlite3.Connection:  # noqa: ANN401
        found.append(connect(*args, check_same_thread=False, **kwargs))
        return found[-1]

    monkeypatch.setattr(sqlite3, "connect", remember)
    yield found
    for connection in found:
        connection.close()


@pytest.fixture
def reader(tmp_path: Path) -> SqliteReader:
    file = tmp_path / "webui.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript("CREATE TABLE who (key, name); INSERT INTO who VALUES ('k', 'n')")
    statement: Any = Statement()
    return SqliteReader(statement, None, file)  # type: ignore[arg-type]


def read(reader: SqliteReader) -> None:
    found: Any = asyncio.run(reader.read("k", rules_bind_admins=True))
    assert found == [("n",)]


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
