"""SQLite on a disk whose reads are slow: nobody waits long, and nothing is remembered."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from harness.oracle import PERMISSION, Oracle, person
from harness.slow_disk import SlowDisk, lacking

if TYPE_CHECKING:
    from pathlib import Path

    from harness.environments import Environment
    from tests.support.tried import Tried

KEY, USERS_KEY = "sk-admin", "sk-user"
SECONDS = 0.03
"""Longer than a read may take before the fast reader steps aside."""


def test_slow_reads_are_left_to_the_models_of_open_webui(
    keygate: Environment, tmp_path: Path, tried: Tried
) -> None:
    assert lacking() == []
    with SlowDisk(tmp_path) as disk:
        settings = {
            "DATABASE_URL": f"sqlite:///{disk.folder / 'webui.db'}",
            "DATABASE_ENABLE_SQLITE_WAL": "false",
        }
        with Oracle(keygate, tmp_path / "oracle", settings) as oracle:
            oracle.store([person(), person("user")], {"user.permissions": PERMISSION})
            oracle.wait_until_fast(KEY)
            disk.take(SECONDS)
            found = [oracle.compare(KEY) for _ in range(4)]
            # A row that was committed since costs a request a second read.
            assert [each.host_reads for each in found] in ([0, 0, 0, 1], [0, 0, 1, 1])
            assert oracle.log.count("Fast database reader failed (SlowReadsError)") == 1
            for each in (*found, oracle.compare(USERS_KEY)):
                each.assert_equal()
                assert "user" in each.ours
            revoke(disk.folder / "webui.db")
            refused = oracle.compare(KEY)
            refused.assert_equal()
            assert refused.ours["refused"][0] == 401
            disk.take(0)
            oracle.wait_until_fast(USERS_KEY)
    result = "answers as stock, through Open WebUI's own models until reads are fast again"
    tried("SQLite on a disk whose reads take 30 ms", result)


def revoke(file: Path) -> None:
    """Delete the administrator's key, as another program does."""
    with closing(sqlite3.connect(file)) as database, database:
        database.execute(f"DELETE FROM api_key WHERE key = '{KEY}'")
