"""`DATABASE_SCHEMA`, for a role that may use no other schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.oracle import PERMISSION, Oracle, person

if TYPE_CHECKING:
    from pathlib import Path

    from harness.environments import Environment
    from harness.postgres import Postgres
    from tests.support.tried import Tried

KEYS = ("sk-admin", "sk-user", "sk-nobody")
SEARCH_PATH = "&options=-csearch_path%3Dtenant"
VERSION = "SELECT split_part(version(), ' ', 2)"


def settings(postgres: Postgres, database: str, *, options: str) -> dict[str, str]:
    """Make a database in which the role `tenant` has a schema and may not use `public`."""
    postgres.create(database)
    for statement in (
        "REVOKE ALL ON SCHEMA public FROM PUBLIC",
        "CREATE SCHEMA tenant AUTHORIZATION tenant",
    ):
        postgres.execute(statement, database=database)
    url = postgres.url(database).replace("postgres:@", "tenant:@") + options
    return {"DATABASE_URL": url, "DATABASE_SCHEMA": "tenant"}


@pytest.fixture(scope="module", autouse=True)
def tenant(postgres: Postgres) -> None:
    postgres.execute("CREATE ROLE tenant LOGIN")


@pytest.mark.parametrize("options", ["", SEARCH_PATH], ids=["alone", "search_path"])
def test_a_role_with_a_schema_of_its_own(
    keygate: Environment, postgres: Postgres, tmp_path: Path, tried: Tried, options: str
) -> None:
    name = tmp_path.name
    with Oracle(keygate, tmp_path, settings(postgres, name, options=options)) as oracle:
        oracle.store([person(), person("user")], {"user.permissions": PERMISSION})
        oracle.wait_until_fast(KEYS[0])
        for key in KEYS:
            found = oracle.compare(key)
            found.assert_equal_and_fast()
            assert ("user" in found.ours) == (key != KEYS[-1])
    [(version,)] = postgres.execute(VERSION)
    how = "`DATABASE_SCHEMA` and `search_path`" if options else "`DATABASE_SCHEMA`"
    what = f"PostgreSQL, {how}, a role that may not use `public`"
    tried(what, "answers as stock, fast", PostgreSQL=version)
