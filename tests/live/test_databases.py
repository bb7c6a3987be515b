"""Every way to name a database reaches the one the host reaches, by the reader it should."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.oracle import Oracle, person
from harness.postgres import Postgres

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.environments import Environment

SQLITE = {"name": "sqlite", "reason": "the database is a SQLite file"}
POSTGRES = {"name": "postgres", "reason": "the database is PostgreSQL"}
PASSWORD = "p@ss/w:rd?#%&é"


def reads(oracle: Oracle, reader: dict[str, str]) -> None:
    """The reader is this one, and a key is found and judged as by the host."""
    assert oracle.ask("report")["reader"] == reader
    oracle.store([person()])
    if reader["name"] != "host":
        oracle.wait_until_fast("sk-admin")
    found = oracle.compare("sk-admin")
    assert "user" in found.ours
    found.assert_equal()
    if reader["name"] == "host":
        assert found.host_reads == 1


@pytest.mark.parametrize(
    ("settings", "file"),
    [
        ({}, "data/webui.db"),
        ({"DATABASE_ENABLE_SQLITE_WAL": "true"}, "data/webui.db"),
        ({"DATABASE_ENABLE_SQLITE_WAL": "false"}, "data/webui.db"),
        ({"DATABASE_URL": "sqlite:///relative.db"}, "relative.db"),
        ({"DATABASE_URL": "sqlite:///{folder}/odd %41 #é&;'+.db"}, "odd %41 #é&;'+.db"),
    ],
    ids=["default", "WAL", "no WAL", "relative path", "odd path"],
)
def test_sqlite(keygate: Environment, tmp_path: Path, settings: dict[str, str], file: str) -> None:
    settings = {name: value.format(folder=tmp_path) for name, value in settings.items()}
    with Oracle(keygate, tmp_path, settings) as oracle:
        reads(oracle, SQLITE)
    assert (tmp_path / file).is_file()


def test_sqlite_with_options_is_read_through_the_hosts_models(
    keygate: Environment, tmp_path: Path
) -> None:
    url = {"DATABASE_URL": "sqlite:///webui.db?timeout=3"}
    with Oracle(keygate, tmp_path, url) as oracle:
        reason = "DATABASE_URL sets the SQLite options timeout"
        reads(oracle, {"name": "host", "reason": reason})


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_rules_that_are_not_kept_in_the_database(
    keygate: Environment, tmp_path: Path, postgres: Postgres, kind: str
) -> None:
    settings = {"ENABLE_PERSISTENT_CONFIG": "false", "ENABLE_API_KEYS": "true"}
    if kind == "postgres":
        settings["DATABASE_URL"] = postgres.create("not_kept")
    with Oracle(keygate, tmp_path, settings) as oracle:
        assert oracle.ask("report")["reader"]["name"] == kind
        statements = [
            "INSERT INTO config (key, value) VALUES ('auth.enable_api_keys', 'false')",
            """INSERT INTO "user" (id, email, name, role, last_active_at, updated_at, created_at)
               VALUES ('1', 'a@example.org', 'a', 'admin', 1, 1, 1)""",
            """INSERT INTO api_key (id, user_id, key, created_at, updated_at)
               VALUES ('1', '1', 'sk-admin', 1, 1)""",
        ]
        oracle.ask("execute", statements=statements)
        oracle.wait_until_fast("sk-admin")


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with Postgres() as made:
        made.execute(f"""CREATE ROLE "us@er" SUPERUSER LOGIN PASSWORD '{PASSWORD}'""")
        rules = made.folder / "pg_hba.conf"
        rules.write_text(f'local all "us@er" scram-sha-256\n{rules.read_text()}')
        made.execute("SELECT pg_reload_conf()")
        yield made


URL = "postgresql://postgres@/{name}?host={folder}"
OPTIONS = "-cstatement_timeout%3D9s%20-cdefault_transaction_isolation%3Dserializable"
ADDRESSES: dict[str, dict[str, str]] = {
    "short": {"DATABASE_URL": "postgres://postgres@/{name}?host={folder}"},
    "password": {
        "DATABASE_URL": "postgresql://us%40er:p%40ss%2Fw%3Ard%3F%23%25%26%C3%A9@/{name}?host={folder}"
    },
    "options": {
        "DATABASE_URL": f"{URL}&sslmode=prefer&application_name=a%20b&options={OPTIONS}",
    },
    "schema": {
        "DATABASE_URL": f"{URL}&options=-csearch_path%3Delsewhere",
        "DATABASE_SCHEMA": "elsewhere",
    },
    "no-pool": {"DATABASE_URL": URL, "DATABASE_POOL_SIZE": "0"},
    "small-pool": {"DATABASE_URL": URL, "DATABASE_POOL_SIZE": "1"},
}


@pytest.mark.parametrize("name", ADDRESSES)
def test_postgres(keygate: Environment, tmp_path: Path, postgres: Postgres, name: str) -> None:
    postgres.create(name)
    postgres.execute("CREATE SCHEMA elsewhere", database=name)
    settings = {
        variable: value.format(name=name, folder=postgres.folder)
        for variable, value in ADDRESSES[name].items()
    }
    with Oracle(keygate, tmp_path, settings) as oracle:
        reads(oracle, POSTGRES)
        own = postgres.execute(
            "SELECT usename, application_name, query FROM pg_stat_activity "
            "WHERE datname = %s AND query LIKE '%%api_key.expires_at%%'",
            (name,),
        )
    assert "garbage collector" not in oracle.log, "it has left the pool for good"
    # Without a pool, the one before may still be about to end.
    assert len(own) == 1 or name == "no-pool"
    user, application, query = own[-1]
    assert user == ("us@er" if name == "password" else "postgres")
    assert application == ("a b" if name == "options" else "")
    assert ("elsewhere.api_key" in query) == (name == "schema")
