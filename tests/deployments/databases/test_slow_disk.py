"""SQLite on a disk whose reads are slow: nobody waits long, and nothing is remembered."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from harness.oracle import PERMISSION, Oracle, person
from harness.slow_disk import SlowDisk, lacking
from harness.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from harness.environments import Environment
    from tests.support.tried import Tried

KEY, USERS_KEY = "sk-admin", "sk-user"
SECONDS = 0.03
"""Longer than a read may take before the fast reader steps aside."""


@pytest.mark.parametrize("bypass", ["true", "false"])
def test_slow_reads_are_left_to_the_models_of_open_webui(
    keygate: Environment, tmp_path: Path, tried: Tried, bypass: str
) -> None:
    """With the bypass on, an administrator's unchanged row is only looked at."""
    assert lacking() == []
    with SlowDisk(tmp_path) as disk:
        settings = {
            "DATABASE_URL": f"sqlite:///{disk.folder / 'webui.db'}",
            "DATABASE_ENABLE_SQLITE_WAL": "false",
            "ENABLE_ADMIN_API_KEY_BYPASS": bypass,
        }
        with Oracle(keygate, tmp_path / "oracle", settings) as oracle:
            oracle.store([person(), person("user")], {"user.permissions": PERMISSION})
            wait_until(lambda: is_fast(oracle, KEY), oracle.end_of_log)
            disk.take(SECONDS)
            wait_until(lambda: not is_fast(oracle, KEY), oracle.end_of_log)
            assert "Fast database reader failed (SlowReadsError)" in oracle.log
            for key in (KEY, USERS_KEY):
                found = oracle.compare(key)
                # With the bypass on, the span says so as well.
                assert found.ours["user"] == found.stock["user"]
            revoke(disk.folder / "webui.db")
            refused = oracle.compare(KEY)
            refused.assert_equal()
            assert refused.ours["refused"][0] == 401
            disk.take(0)
            wait_until(lambda: is_fast(oracle, USERS_KEY), oracle.end_of_log)
    result = "answers as stock, through Open WebUI's own models until reads are fast again"
    mode = "bypass on" if bypass == "true" else "bypass off"
    tried(f"SQLite on a disk whose reads take 30 ms, {mode}", result)


def is_fast(oracle: Oracle, key: str) -> bool:
    """Whether the fast reader answers about a key."""
    return oracle.compare(key).host_reads == 0


def revoke(file: Path) -> None:
    """Delete the administrator's key, as another program does."""
    with closing(sqlite3.connect(file)) as database, database:
        database.execute(f"DELETE FROM api_key WHERE key = '{KEY}'")
