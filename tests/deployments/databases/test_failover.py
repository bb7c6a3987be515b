"""A key that is revoked on the new primary is refused as soon as stock asks the new primary.

The name of the server leads elsewhere without a sign: it is the name of the folder with the socket
of PostgreSQL, a link that is swapped. As with an address in DNS, connections that are open stay
where they are, and new ones go to the new server.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from harness.oracle import PERMISSION, Comparison, Oracle, person
from harness.postgres import Postgres, Replica
from harness.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.environments import Environment
    from tests.support.tried import Tried

KEY, USERS_KEY = "sk-admin", "sk-user"
DATABASE = "failover"
VERSION = "SELECT split_part(version(), ' ', 2)"
RECYCLE = 3
POOLS = {
    "no pool": {"DATABASE_POOL_SIZE": "0"},
    "a pool": {"DATABASE_POOL_SIZE": "5", "DATABASE_POOL_RECYCLE": str(RECYCLE)},
    "Open WebUI's own pool": {},
}


@contextmanager
def failed_over(
    keygate: Environment, folder: Path, pool: str
) -> Iterator[tuple[Oracle, Postgres, Replica]]:
    """Run the host on a server whose name leads to its replica now, which is a primary."""
    link = folder / "primary"
    with Postgres() as old:
        old.create(DATABASE)
        link.symlink_to(old.folder)
        url = {"DATABASE_URL": f"postgresql://postgres:@/{DATABASE}?host={link}"}
        with Oracle(keygate, folder, url | POOLS[pool]) as oracle:
            oracle.store([person(), person("user")], {"user.permissions": PERMISSION})
            oracle.wait_until_fast(KEY)
            with Replica(old) as new:
                new.promote()
                swapped = folder / "swapped"
                swapped.symlink_to(new.folder)
                swapped.rename(link)
                new.execute("DELETE FROM api_key WHERE key = 'sk-admin'", database=DATABASE)
                yield oracle, old, new


def is_allowed(found: Comparison) -> bool:
    return "user" in found.ours


def assert_that_the_new_one_decides(oracle: Oracle) -> None:
    """Assert that the key that it has not is refused, and that it is soon asked the fast way."""
    for _ in range(3):
        found = oracle.compare(KEY)
        found.assert_equal()
        assert not is_allowed(found)
    oracle.wait_until_fast(USERS_KEY)
    oracle.compare(KEY).assert_equal()


@pytest.mark.parametrize("pool", POOLS)
def test_the_old_primary_has_stopped(
    keygate: Environment, tmp_path: Path, tried: Tried, pool: str
) -> None:
    with failed_over(keygate, tmp_path, pool) as (oracle, old, new):
        old.stop()
        assert_that_the_new_one_decides(oracle)
        [(version,)] = new.execute(VERSION)
    what = f"PostgreSQL, failover, the old primary has stopped, {pool}"
    tried(what, "the new primary decides at once; then fast again", PostgreSQL=version)


@pytest.mark.parametrize("pool", ["no pool", "a pool"])
def test_the_old_primary_goes_on(
    keygate: Environment, tmp_path: Path, tried: Tried, pool: str
) -> None:
    """Nothing tells anybody of the new one but the age of a connection."""
    with failed_over(keygate, tmp_path, pool) as (oracle, old, _):
        age = 1 if pool == "no pool" else RECYCLE
        time.sleep(age + 0.1)  # The age is what is tested.
        assert_that_the_new_one_decides(oracle)
        [(version,)] = old.execute(VERSION)
    age_of = "a second" if pool == "no pool" else "`DATABASE_POOL_RECYCLE`"
    what = f"PostgreSQL, the name leads to another primary while the old one goes on, {pool}"
    tried(what, f"the new primary decides after {age_of}, and fast", PostgreSQL=version)


def test_the_old_primary_goes_on_and_open_webui_keeps_its_connections(
    keygate: Environment, tmp_path: Path, tried: Tried
) -> None:
    """As on stock the old one decides, until it is fenced."""
    with failed_over(keygate, tmp_path, "Open WebUI's own pool") as (oracle, old, _):
        oracle.compare(KEY).assert_equal_and_fast()
        old.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        old.execute("SELECT pg_reload_conf()")
        oracle.compare(KEY).assert_equal_and_fast()
        old.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (DATABASE,)
        )

        def is_refused() -> bool:
            found = oracle.compare(KEY)
            assert is_allowed(found) <= ("user" in found.stock)
            return not is_allowed(found) and found.ours == found.stock

        wait_until(is_refused, oracle.end_of_log)
        oracle.wait_until_fast(USERS_KEY)
        oracle.compare(KEY).assert_equal()
        [(version,)] = old.execute(VERSION)
    tried(
        "PostgreSQL, the name leads to another primary while the old one goes on, "
        "Open WebUI's own pool",
        "as on stock the old primary decides until its connections are ended, "
        "for an hour at most with the extension",
        PostgreSQL=version,
    )
