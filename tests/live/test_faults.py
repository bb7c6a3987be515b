"""Whatever breaks: a request ends as on stock, and the fast way comes back by itself."""

from __future__ import annotations

import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from typing import TYPE_CHECKING

import psycopg
import pytest

from harness.oracle import PERMISSION, Comparison, Oracle, person
from harness.postgres import Postgres
from harness.waiting import SECONDS, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.environments import Environment

KEY = "sk-admin"
OWN_CONNECTION = "query LIKE '%%api_key.expires_at%%' AND state = 'idle'"


def assert_by_the_host(oracle: Oracle, ends: str) -> None:
    """The host's own models were asked, and the request ended as the host's own check does."""
    found = oracle.compare(KEY)
    found.assert_equal()
    assert (found.host_reads, ends in found.ours) == (1, True)


@pytest.fixture(params=["WAL", "no WAL"])
def sqlite(
    request: pytest.FixtureRequest, keygate: Environment, tmp_path: Path
) -> Iterator[Oracle]:
    settings = {
        "DATABASE_ENABLE_SQLITE_WAL": str(request.param == "WAL"),
        "DATABASE_SQLITE_PRAGMA_BUSY_TIMEOUT": "50",
    }
    with Oracle(keygate, tmp_path, settings) as made:
        made.store([person()])
        made.wait_until_fast(KEY)
        yield made


def database(oracle: Oracle) -> Path:
    return oracle.folder / "data" / "webui.db"


@contextmanager
def locked(oracle: Oracle) -> Iterator[None]:
    """Hold the strongest lock on the database, to be had at once: between checks none is held."""
    with closing(sqlite3.connect(database(oracle), timeout=0, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        other.execute("UPDATE user SET bio = 'x'")
        yield


def test_sqlite_faults(sqlite: Oracle) -> None:
    """One after the other in one process, as the fast way has to come back after each."""
    found = Comparison(sqlite.ask("fill_disk", key=KEY, path="/"))
    assert "user" in found.ours
    found.assert_equal_and_fast()

    forked = sqlite.ask("fork", key=KEY, path="/")
    assert forked["child"] == forked["parent"]["ours"]
    Comparison(forked["parent"]).assert_equal_and_fast()

    aside = database(sqlite).with_name("aside.db")
    database(sqlite).rename(aside)
    assert_by_the_host(sqlite, "user")
    database(sqlite).write_bytes(b"not a database")
    assert_by_the_host(sqlite, "user")
    aside.rename(database(sqlite))
    sqlite.wait_until_fast(KEY)

    sqlite.ask("execute", statements=["ALTER TABLE api_key RENAME TO elsewhere"])
    assert_by_the_host(sqlite, "raised")
    sqlite.ask("execute", statements=["ALTER TABLE elsewhere RENAME TO api_key"])
    sqlite.wait_until_fast(KEY)
    assert sqlite.log.count("Fast database reader failed") == 1, "one line a minute"
    assert KEY not in sqlite.log


def test_another_file_in_the_place_of_the_database_is_not_read(sqlite: Oracle) -> None:
    """The host goes on with the file it has open, and so nobody knows which one holds."""
    copy = database(sqlite).with_name("copy.db")
    shutil.copy(database(sqlite), copy)
    copy.rename(database(sqlite))
    assert sqlite.compare(KEY).host_reads == 1
    assert "FileReplacedError" in sqlite.log


def test_a_sqlite_database_that_is_locked(keygate: Environment, tmp_path: Path) -> None:
    settings = {
        "DATABASE_ENABLE_SQLITE_WAL": "false",
        "DATABASE_SQLITE_PRAGMA_BUSY_TIMEOUT": "50",
    }
    with Oracle(keygate, tmp_path, settings) as oracle:
        oracle.store([person()])
        for _ in range(3):
            oracle.wait_until_fast(KEY)
            with locked(oracle):
                assert_by_the_host(oracle, "raised")


LIMITED = {
    "ENABLE_ADMIN_API_KEY_BYPASS": "true",
    "ADMIN_API_KEY_ALLOWED_ENDPOINTS": "/api/models",
    "DATABASE_SQLITE_PRAGMA_BUSY_TIMEOUT": "50",
}
BEYOND = "/api/v1/users/"
USERS_KEY = "sk-user"
"""Users alone are compared with stock: the span of an administrator tells of the bypass."""
BY_LIMIT = [403, "Refused by ADMIN_API_KEY_ALLOWED_ENDPOINTS.", None]
UNCHECKED = [403, "Refused: the limits of this API key could not be checked.", None]


def assert_limited(oracle: Oracle, refusal: list[object], *, reads: int) -> None:
    """Beyond a limit an administrator is refused, although the host's own check lets them in."""
    found = oracle.compare(KEY, BEYOND)
    assert "user" in found.stock
    assert (found.ours["refused"], found.host_reads) == (refusal, reads)


def limits_survive(oracle: Oracle) -> None:
    """Break what our own statement reads, and the host's own does not, while keys are on."""
    oracle.store([person(), person("user")], {"user.permissions": PERMISSION})
    oracle.wait_until_fast(USERS_KEY)
    assert_limited(oracle, BY_LIMIT, reads=0)
    for column in ("expires_at", "created_at"):
        oracle.ask("execute", statements=[f"ALTER TABLE api_key RENAME {column} TO elsewhere"])
        assert_limited(oracle, UNCHECKED, reads=2)
        within = oracle.compare(KEY)
        assert (within.ours["refused"], "user" in within.stock) == (UNCHECKED, True)
        user = oracle.compare(USERS_KEY, BEYOND)
        user.assert_equal()
        assert "user" in user.ours
        oracle.ask("execute", statements=[f"ALTER TABLE api_key RENAME elsewhere TO {column}"])
        oracle.wait_until_fast(USERS_KEY)
    assert KEY not in oracle.log


def test_no_fault_of_sqlite_leads_past_a_limit(keygate: Environment, tmp_path: Path) -> None:
    with Oracle(keygate, tmp_path, LIMITED | {"DATABASE_ENABLE_SQLITE_WAL": "false"}) as oracle:
        limits_survive(oracle)
        aside = database(oracle).with_name("aside.db")
        database(oracle).rename(aside)
        assert_limited(oracle, BY_LIMIT, reads=1)
        aside.rename(database(oracle))
        oracle.wait_until_fast(USERS_KEY)
        with locked(oracle):
            found = oracle.compare(KEY, BEYOND)
            assert ("raised" in found.ours, "raised" in found.stock) == (True, True)


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with Postgres() as made:
        yield made


@pytest.fixture
def oracle(keygate: Environment, postgres: Postgres, tmp_path: Path) -> Iterator[Oracle]:
    url = postgres.create(tmp_path.name)
    with Oracle(keygate, tmp_path, {"DATABASE_URL": url}) as made:
        made.store([person()])
        made.wait_until_fast(KEY)
        yield made


def test_postgres_faults(oracle: Oracle, postgres: Postgres) -> None:
    """One after the other in one process, as the fast way has to come back after each."""
    name = oracle.folder.name
    killed = postgres.execute(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {OWN_CONNECTION} "
        "AND datname = %s",
        (name,),
    )
    assert killed == [(True,)], "our one connection"
    oracle.wait_until_fast(KEY)

    forked = oracle.ask("fork", key=KEY, path="/")
    assert forked["child"] == forked["parent"]["ours"]
    Comparison(forked["parent"]).assert_equal_and_fast()

    postgres.execute('ALTER TABLE "user" ALTER COLUMN bio TYPE VARCHAR(100)', database=name)
    assert_by_the_host(oracle, "user")
    oracle.wait_until_fast(KEY)

    postgres.execute("ALTER TABLE api_key RENAME TO elsewhere", database=name)
    assert_by_the_host(oracle, "raised")
    postgres.execute("ALTER TABLE elsewhere RENAME TO api_key", database=name)
    oracle.wait_until_fast(KEY)

    postgres.stop()
    assert_by_the_host(oracle, "raised")
    postgres.start()
    oracle.wait_until_fast(KEY)
    assert KEY not in oracle.log


def test_no_fault_of_postgres_leads_past_a_limit(
    keygate: Environment, postgres: Postgres, tmp_path: Path
) -> None:
    name = tmp_path.name
    settings = LIMITED | {"DATABASE_URL": postgres.create(name)}
    with Oracle(keygate, tmp_path, settings) as oracle:
        limits_survive(oracle)
        postgres.execute(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {OWN_CONNECTION} "
            "AND datname = %s",
            (name,),
        )
        assert_limited(oracle, BY_LIMIT, reads=1)
        oracle.wait_until_fast(USERS_KEY)
        assert_limited(oracle, BY_LIMIT, reads=0)


def test_a_connection_is_renewed_behind_requests(
    keygate: Environment, postgres: Postgres, tmp_path: Path
) -> None:
    """The host recycles its own at any age here, and the reader after a second."""
    name = tmp_path.name
    pool = {"DATABASE_POOL_SIZE": "5", "DATABASE_POOL_RECYCLE": "0"}
    own = f"SELECT pid FROM pg_stat_activity WHERE {OWN_CONNECTION} AND datname = %s"
    seen: set[tuple[int]] = set()
    with Oracle(keygate, tmp_path, {"DATABASE_URL": postgres.create(name)} | pool) as oracle:
        oracle.store([person()])
        oracle.wait_until_fast(KEY)

        def is_renewed_twice() -> bool:
            oracle.compare(KEY).assert_equal()
            seen.update(found := postgres.execute(own, (name,)))
            assert len(found) <= 2
            return len(seen) > 2

        wait_until(is_renewed_twice, oracle.end_of_log)
        assert "Fast database reader failed" not in oracle.log


def test_a_statement_that_hangs_is_given_up(oracle: Oracle, postgres: Postgres) -> None:
    name = oracle.folder.name
    with (
        ThreadPoolExecutor(1) as pool,
        psycopg.connect(postgres.url(name)) as other,
    ):
        other.execute("LOCK TABLE api_key IN ACCESS EXCLUSIVE MODE")
        answer = pool.submit(oracle.compare, KEY)
        wait_for_waiting(postgres, name, statements=2)
        assert not answer.done(), "the host's own statement hangs as well"
        other.rollback()
        found = answer.result(SECONDS)
    found.assert_equal()
    assert ("user" in found.ours, found.host_reads) == (True, 1)
    assert "TimeoutError" in oracle.log
    oracle.wait_until_fast(KEY)


def wait_for_waiting(postgres: Postgres, name: str, statements: int) -> None:
    """Wait until as many statements wait for a lock: ours, and after it the host's own."""
    waiting = (
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = %s"
    )
    found = partial(postgres.execute, waiting, (name,))
    wait_until(lambda: found() == [(statements,)], found)
