"""A row that is not read again is the row that the database holds, whoever commits, and how.

SQLite says itself that nothing was committed since the row was read (`PRAGMA data_version`). Here
other connections, in this process and in another one, commit, fold their log into the file, change
the journal mode and replace the content between any two reads.
"""

from __future__ import annotations

import multiprocessing
import sqlite3
import tempfile
from contextlib import closing, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from owui_keygate.readers import Reading
from owui_keygate.readers.sqlite import SqliteReader
from owui_keygate.readers.statement import Query

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection

JOURNAL_MODES = ("delete", "truncate", "persist", "wal", "memory", "off")
KEYS = ("one", "two", "none")
LARGE = "x" * 50_000
"""A row that fills many pages, so that a transaction spills from the cache into the file."""


class Statement:
    """Reads when a key ends; everybody is an administrator."""

    def query(self, _dialect: object, **_rules: bool) -> Query:
        return Query("SELECT key, ends FROM keys WHERE key = :api_key", [])

    def reading(self, rows: list[Any], _api_key: str, **_rules: bool) -> Reading | None:
        return self.copies(rows)() if rows else None

    def copies(self, rows: list[Any]) -> Callable[[], Reading]:
        [(_, ends)] = rows
        return lambda: Reading(SimpleNamespace(id="", email="", role="admin"), ends, None, None)


def new_reader(file: Path) -> SqliteReader:
    statement: Any = Statement()
    return SqliteReader(statement, file)


def ends(reader: SqliteReader, key: str, *, unchanged: bool = True) -> int | None:
    """Return when a key ends, None if there is none; the reader waits for nothing.

    Args:
        reader: The reader.
        key: The key.
        unchanged: Whether to ask first for a reading that still holds, as the check does.
    """
    found = reader.unchanged(key) if unchanged else None
    if found is None:
        with pytest.raises(StopIteration) as end:
            reader.read(key, rules_bind_admins=False).send(None)
        found = end.value.value
    return None if found is None else found.expires_at


def connect(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, timeout=0, isolation_level=None)
    connection.execute("PRAGMA cache_size = 10")
    connection.execute("PRAGMA synchronous = OFF")  # Nobody pulls the plug here.
    return connection


def make_database(file: Path, journal_mode: str) -> None:
    with closing(connect(file)) as connection:
        connection.execute(f"PRAGMA journal_mode = {journal_mode}")
        connection.execute("CREATE TABLE keys (key PRIMARY KEY, ends)")
        connection.execute("CREATE TABLE other (text)")
        connection.execute("INSERT INTO keys VALUES ('one', 1), ('two', 1)")


def set_end(connection: sqlite3.Connection, number: int) -> None:
    key, other = (KEYS[:2], KEYS[1::-1])[number % 2]
    connection.execute("INSERT OR REPLACE INTO keys (key, ends) VALUES (?, ?)", (key, number))
    if number % 3 == 0:
        connection.execute("DELETE FROM keys WHERE key = ?", (other,))


def commit(connection: sqlite3.Connection, number: int) -> None:
    connection.execute("BEGIN IMMEDIATE")
    set_end(connection, number)
    connection.execute("COMMIT")


def commit_much(connection: sqlite3.Connection, number: int) -> None:
    connection.execute("BEGIN IMMEDIATE")
    set_end(connection, number)
    connection.executemany("INSERT INTO other VALUES (?)", [(LARGE,)] * 3)
    connection.execute("COMMIT")


def commit_elsewhere(connection: sqlite3.Connection, _number: int) -> None:
    connection.execute("INSERT INTO other VALUES ('x')")


def roll_back(connection: sqlite3.Connection, number: int) -> None:
    connection.execute("BEGIN IMMEDIATE")
    set_end(connection, number)
    if connection.execute("PRAGMA journal_mode").fetchone() != ("off",):  # It cannot roll back.
        connection.executemany("INSERT INTO other VALUES (?)", [(LARGE,)] * 3)
        connection.execute("ROLLBACK")
    else:
        connection.execute("COMMIT")


def change_mode(connection: sqlite3.Connection, number: int) -> None:
    mode = JOURNAL_MODES[number % len(JOURNAL_MODES)]
    connection.execute(f"PRAGMA journal_mode = {mode}").fetchall()


def checkpoint(connection: sqlite3.Connection, number: int) -> None:
    kind = ("PASSIVE", "FULL", "RESTART", "TRUNCATE")[number % 4]
    connection.execute(f"PRAGMA wal_checkpoint({kind})").fetchall()


def vacuum(connection: sqlite3.Connection, number: int) -> None:
    commit(connection, number)
    connection.execute("DELETE FROM other")
    connection.execute("VACUUM")


def alter(connection: sqlite3.Connection, number: int) -> None:
    connection.execute(f"ALTER TABLE keys ADD COLUMN more_{number}_{connection.total_changes}")
    commit(connection, number)


def restore(connection: sqlite3.Connection, number: int) -> None:
    """Write a backup over all that the database holds, as `sqlite3 .restore` does."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as backup:
        connection.backup(backup)
        set_end(backup, number)
        backup.backup(connection)


ACTIONS = {
    each.__name__: each
    for each in (
        commit,
        commit_much,
        commit_elsewhere,
        roll_back,
        change_mode,
        checkpoint,
        vacuum,
        alter,
        restore,
    )
}
IN_THE_WAY = ("database is locked", "database table is locked", "duplicate column name")
"""What keeps an action from being done; then it is left out."""


def do(file: Path, action: str, number: int) -> None:
    with closing(connect(file)) as connection:
        try:
            ACTIONS[action](connection, number)
        except sqlite3.OperationalError as error:
            if not str(error).startswith(IN_THE_WAY):
                raise


def act_for_others(orders: Connection) -> None:
    """Do what is asked for, in a process of its own, until None is asked for."""
    while (order := orders.recv()) is not None:
        do(*order)
        orders.send(None)


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Callable[[Path, str, int], None]]:
    """Does an action in another process."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=act_for_others, args=(theirs,))
    process.start()
    theirs.close()  # If that process ends, we hear of it.

    def order(file: Path, action: str, number: int) -> None:
        ours.send((file, action, number))
        ours.recv()

    yield order
    ours.send(None)
    process.join()


STEPS = st.lists(
    st.tuples(st.sampled_from(sorted(ACTIONS)), st.integers(0, 11), st.booleans()),
    min_size=1,
    max_size=8,
)


@settings(max_examples=settings().max_examples // 3)
@given(st.sampled_from(JOURNAL_MODES), STEPS)
def test_whoever_commits_between_two_reads(
    elsewhere: Callable[[Path, str, int], None],
    mode: str,
    steps: list[tuple[str, int, bool]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "webui.db"
        make_database(file, mode)
        reader = new_reader(file)
        for action, number, here in [("commit", 0, True), *steps]:
            (do if here else elsewhere)(file, action, number)
            with closing(connect(file)) as connection:
                stored = dict(connection.execute("SELECT key, ends FROM keys").fetchall())
            for unchanged in (number % 2 == 0, False, True):
                for key in KEYS:
                    assert ends(reader, key, unchanged=unchanged) == stored.get(key), (action, key)


READS = 300


def count_up(file: Path, committed: Any) -> None:
    """Commit one number after the other, and say after each that it was committed."""
    with closing(connect(file)) as connection:
        while True:
            number = committed.value + 1
            try:
                connection.execute("UPDATE keys SET ends = ? WHERE key = 'one'", (number,))
            except sqlite3.OperationalError as error:
                if str(error) != "database is locked":
                    raise
            else:
                committed.value = number


@pytest.mark.parametrize("mode", JOURNAL_MODES)
def test_a_read_never_misses_what_was_committed_before_it(tmp_path: Path, mode: str) -> None:
    file = tmp_path / "webui.db"
    make_database(file, mode)
    reader = new_reader(file)
    spawn = multiprocessing.get_context("spawn")
    committed = spawn.Value("q", 1)
    process = spawn.Process(target=count_up, args=(file, committed), daemon=True)
    process.start()
    seen = set[int]()
    try:
        while len(seen) < READS:
            before = committed.value
            with suppress(sqlite3.OperationalError):  # It is locked while somebody commits.
                found = ends(reader, "one")
                assert found is not None
                assert before <= found <= committed.value + 1
                seen.add(found)
    finally:
        process.terminate()
        process.join()
