"""Behind PgBouncer each answer is that of stock, whichever connection PgBouncer hands out."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, NamedTuple

import psycopg
import pytest

from harness.oracle import PERMISSION, Oracle, person
from harness.pgbouncer import PgBouncer, debian_12, debian_13, version_of
from harness.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.environments import Environment
    from harness.postgres import Postgres
    from tests.support.tried import Tried

KEY = "sk-admin"
KEYS = (KEY, "sk-user", "sk-nobody")
FAILED = "Fast database reader failed"
RESETS = ("DISCARD ALL", "DEALLOCATE ALL")
ROUNDS = 10
IS_PREPARED = "EXISTS (SELECT FROM pg_prepared_statements WHERE name LIKE 'owui_keygate_%')"


class Way(NamedTuple):
    """A PgBouncer and how it is configured."""

    newer: bool
    mode: str
    settings: dict[str, object]

    @property
    def command(self) -> list[str]:
        return debian_13() if self.newer else debian_12()

    def __str__(self) -> str:
        """Return it as in a row of the page."""
        settings = [f"`{name}={value}`" for name, value in self.settings.items()]
        return ", ".join([f"PgBouncer, {self.mode} mode", *settings])


WITHOUT: dict[str, object] = {"max_prepared_statements": 0}
WITH: dict[str, object] = {"max_prepared_statements": 200}
SESSION = {
    "1.18": Way(newer=False, mode="session", settings={"server_reset_query": "DISCARD ALL"}),
    "without": Way(newer=True, mode="session", settings=WITHOUT),
    "with": Way(newer=True, mode="session", settings=WITH),
}
TRANSACTION = {
    "1.18": Way(newer=False, mode="transaction", settings={}),
    "without": Way(newer=True, mode="transaction", settings=WITHOUT),
}
TRANSACTION_WITH = Way(newer=True, mode="transaction", settings=WITH)


@contextmanager
def behind(
    way: Way, postgres: Postgres, keygate: Environment, folder: Path, pool: int
) -> Iterator[tuple[Oracle, PgBouncer]]:
    """Run the host behind a PgBouncer with so many connections to PostgreSQL."""
    postgres.create(folder.name)
    settings = {"pool_mode": way.mode, "default_pool_size": pool} | way.settings
    with PgBouncer(way.command, postgres, **settings) as pgbouncer:
        url = {"DATABASE_URL": pgbouncer.url(folder.name)}
        with Oracle(keygate, folder, url) as oracle:
            oracle.store([person(), person("user")], {"user.permissions": PERMISSION})
            oracle.wait_until_fast(KEY)
            yield oracle, pgbouncer


def host_reads(oracle: Oracle) -> list[int]:
    """Put each key to both checks, which must say the same, and return who answered."""
    reads = []
    for key in KEYS:
        found = oracle.compare(key)
        found.assert_equal()
        assert ("user" in found.ours) == (key != KEYS[-1])
        reads.append(found.host_reads)
    return reads


@pytest.mark.parametrize("name", SESSION)
def test_session_mode(
    keygate: Environment, postgres: Postgres, tmp_path: Path, tried: Tried, name: str
) -> None:
    """A connection is a client's own, so prepared statements work in every version."""
    way = SESSION[name]
    with behind(way, postgres, keygate, tmp_path, pool=20) as (oracle, pgbouncer):
        for _ in range(ROUNDS):
            for reset in RESETS:
                pgbouncer.execute(reset, tmp_path.name)
            assert host_reads(oracle) == [0, 0, 0]
        assert FAILED not in oracle.log
    tried(str(way), "answers as stock, fast", PgBouncer=version_of(way.command))


def test_transaction_mode_with_prepared_statements(
    keygate: Environment, postgres: Postgres, tmp_path: Path, tried: Tried
) -> None:
    """Two connections to PostgreSQL for everybody, one of them in use or both free."""
    way = TRANSACTION_WITH
    with behind(way, postgres, keygate, tmp_path, pool=2) as (oracle, pgbouncer):
        for _ in range(ROUNDS):
            for reset in RESETS:
                pgbouncer.execute(reset, tmp_path.name)
                assert host_reads(oracle) == [0, 0, 0]
            with in_use(pgbouncer, tmp_path.name):
                assert host_reads(oracle) == [0, 0, 0]
        assert FAILED not in oracle.log
    version = version_of(way.command)
    tried(str(way), "answers as stock, fast", PgBouncer=version)
    what = f"{way}, `DISCARD ALL` and `DEALLOCATE ALL` by others on the same connection"
    tried(what, "answers as stock, fast", PgBouncer=version)


@pytest.mark.parametrize("name", TRANSACTION)
def test_transaction_mode_without_prepared_statements(
    keygate: Environment, postgres: Postgres, tmp_path: Path, tried: Tried, name: str
) -> None:
    """The statement is on one of two connections; a request that gets the other one is not lost."""
    way = TRANSACTION[name]
    seen: set[int] = set()
    with behind(way, postgres, keygate, tmp_path, pool=2) as (oracle, pgbouncer):
        for _ in range(ROUNDS):
            oracle.wait_until_fast(KEY)
            with in_use(pgbouncer, tmp_path.name, IS_PREPARED):
                seen.update(host_reads(oracle))
            for reset in RESETS:
                pgbouncer.execute(reset, tmp_path.name)
                seen.update(host_reads(oracle))
        assert 1 in seen
        oracle.wait_until_fast(KEY)
        assert oracle.log.count(FAILED) <= 2, "one line a minute"
        assert KEY not in oracle.log
    result = "answers as stock, through Open WebUI's models"
    tried(str(way), result, PgBouncer=version_of(way.command))


@contextmanager
def in_use(pgbouncer: PgBouncer, database: str, condition: str = "true") -> Iterator[None]:
    """Keep a connection to PostgreSQL of which a condition holds to a transaction that is open.

    There are two connections. PgBouncer hands out the one that was given back last, so whoever
    wants the other one has to keep the first one meanwhile.
    """
    statement = f"SELECT {condition}".encode()

    def connected() -> psycopg.Connection:
        # Psycopg would prepare what it is often asked, on one of the two connections.
        return psycopg.connect(pgbouncer.url(database), prepare_threshold=None)

    with closing(connected()) as first, closing(connected()) as second:

        def holds(client: psycopg.Connection) -> bool:
            return client.execute(statement).fetchone() == (True,)

        def found() -> bool:
            second.rollback()
            if holds(first):
                return True
            held = holds(second)
            first.rollback()
            return held

        wait_until(found, pgbouncer.log)
        yield
