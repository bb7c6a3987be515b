"""The database is only read, but for the columns that say when a user and a key were used."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from harness.client import WAYS
from harness.environments import HOST_DATABASE
from harness.server import BYPASS_ON

if TYPE_CHECKING:
    from pathlib import Path

    from harness.environments import Environment
    from harness.server import Server
    from tests.support.world import World

WRITTEN = {("user", "last_active_at"), ("api_key", "last_used_at")}
PATHS = ("/api/v1/users/user/settings", "/api/models", "/api/v1/keygate", "/api/config", "/nowhere")

pytestmark = pytest.mark.skipif(HOST_DATABASE != "sqlite", reason="it compares SQLite files")


def contents(server: Server) -> dict[tuple[str, str], list[Any]]:
    """Return the values of each column of each table, and the schema."""
    file = server.folder / "data" / "webui.db"
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        schema = database.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
        found: dict[tuple[str, str], list[Any]] = {("", "schema"): schema}
        tables = [row[0] for row in database.execute("SELECT name FROM pragma_table_list")]
        for table in tables:
            cursor = database.execute(f'SELECT * FROM "{table}" ORDER BY rowid')
            rows = cursor.fetchall()
            for place, column in enumerate(cursor.description):
                found[table, column[0]] = [row[place] for row in rows]
    return found


def test_nothing_else_is_written(world: World, keygate: Environment, tmp_path: Path) -> None:
    settings = BYPASS_ON | {"OWUI_KEYGATE_AUDIT": "all", "ADMIN_API_KEY_MAX_AGE": "1d"}
    with (
        world.server(keygate, tmp_path / "read", settings) as server,
        closing(server.client()) as client,
    ):
        before = contents(server)
        for person in world.subjects.values():
            for credential in [person.session, *person.keys.values()]:
                for way in WAYS.values():
                    for path in PATHS:
                        client.request("GET", path, way(credential))
        after = contents(server)
    assert before.keys() == after.keys()
    changed = {column for column, values in after.items() if before[column] != values}
    assert ("user", "last_active_at") in changed
    assert changed <= WRITTEN
