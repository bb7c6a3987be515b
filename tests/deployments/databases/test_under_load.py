"""Poolers and servers that restart, and tables that change, while keys are checked."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, NamedTuple

import pytest

from harness import people
from harness.pgbouncer import PgBouncer, debian_12, debian_13, version_of
from harness.postgres import Postgres
from harness.server import BYPASS_ON, Server
from harness.waiting import wait_until
from tests.support.changes import settle
from tests.support.hammer import Answer, Hammer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from harness.environments import Environment
    from tests.support.tried import Tried

ANSWERS = 30
OURS = """query LIKE '%%CAST("user".info AS TEXT)%%' AND pid <> pg_backend_pid()"""
"""What only our statement reads, where the host's own reads the column as it is."""
FRESH = f"SELECT count(*) > 0 FROM pg_stat_activity WHERE {OURS} AND query_start > %s"
NOW = "SELECT clock_timestamp()"


class Load(NamedTuple):
    """A server with keys off and the bypass on, and who asks it without a pause.

    Attributes:
        postgres: Its database.
        hammer: Sends the keys.
        right: The right answer to each key.
    """

    postgres: Postgres
    hammer: Hammer
    right: dict[str, int]

    def wait_until_fast(self) -> None:
        """Wait until our statement runs once more."""
        [(now,)] = self.postgres.execute(NOW)
        wait_until(lambda: self.postgres.execute(FRESH, (now,)) == [(True,)], lambda: "slow")

    def wait_until_right(self) -> None:
        """Wait until every key gets its answer."""
        wanted = set(self.right.items())
        self.hammer.wait_until(lambda found: wanted <= {(a.key, a.status) for a in found})
        self.hammer.wait_for_answers(ANSWERS)

    def wait_until_failed(self) -> None:
        """Wait until the host answers with an error of its own."""
        self.hammer.wait_until(lambda found: any(answer.status >= 500 for answer in found))

    def wrong(self, *, may_fail: bool) -> list[Answer]:
        """Return the wrong answers.

        While the database is down the host answers 500, and an administrator whose key cannot be
        read is refused.
        """
        failed = {403, 500, 503} if may_fail else set()
        return [a for a in self.hammer.answers if a.status not in {self.right[a.key]} | failed]


@contextmanager
def under_load(keygate: Environment, folder: Path, postgres: Postgres, url: str) -> Iterator[Load]:
    """Run a server and ask it for keys without a pause."""
    settings = BYPASS_ON | {"DATABASE_URL": url}
    with (
        Server(keygate, folder, settings) as server,
        closing(server.client()) as client,
    ):
        operator = settle(client)
        people.set_rules(client, operator.admin, enabled=False)
        state = operator.state
        right = {state.key: 200, state.other: 403, people.NOBODYS_KEY: 401}
        with Hammer([server.port], lambda: [*right]) as hammer:
            load = Load(postgres, hammer, right)
            load.wait_until_right()
            load.wait_until_fast()
            yield load


WAYS: dict[str, tuple[Callable[[], list[str]], dict[str, object]]] = {
    "1.18, session mode": (debian_12, {"pool_mode": "session"}),
    "1.18, transaction mode": (debian_12, {"pool_mode": "transaction"}),
    "newer, transaction mode": (
        debian_13,
        {"pool_mode": "transaction", "max_prepared_statements": 200},
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_restarts(keygate: Environment, tmp_path: Path, tried: Tried, way: str) -> None:
    """PgBouncer is killed and started, and PostgreSQL behind it is stopped and started."""
    command, settings = WAYS[way]
    with Postgres() as postgres, PgBouncer(command(), postgres, **settings) as pgbouncer:
        with under_load(keygate, tmp_path, postgres, pgbouncer.url("postgres")) as load:
            for stop, start in (
                (pgbouncer.stop, pgbouncer.start),
                (postgres.stop, postgres.start),
            ):
                stop()
                load.wait_until_failed()
                start()
                load.wait_until_right()
                load.wait_until_fast()
        assert load.wrong(may_fail=True) == []
    mode = str(settings["pool_mode"])
    for what in ("PgBouncer", "PostgreSQL behind PgBouncer"):
        tried(
            f"{what} restarted under load, {mode} mode",
            "nobody gets in whom stock refuses; right and fast again after it",
            PgBouncer=version_of(command()),
        )


ALTERATIONS = (
    'ALTER TABLE "user" ADD COLUMN extra TEXT',
    'ALTER TABLE "user" ALTER COLUMN bio TYPE VARCHAR(100)',
    "ALTER TABLE api_key ADD COLUMN extra BIGINT DEFAULT 7",
    "ALTER TABLE api_key ALTER COLUMN created_at TYPE INTEGER",
    "ALTER TABLE api_key ALTER COLUMN created_at TYPE BIGINT",
    'ALTER TABLE "user" DROP COLUMN extra',
    'ALTER TABLE "user" ALTER COLUMN bio TYPE TEXT',
)


def test_altered_tables(keygate: Environment, tmp_path: Path, tried: Tried) -> None:
    """The plan of our statement changes with a type, and PostgreSQL refuses it once."""
    with Postgres() as postgres:
        with under_load(keygate, tmp_path, postgres, postgres.url()) as load:
            for alteration in ALTERATIONS:
                postgres.execute(alteration)
                load.wait_until_right()
                load.wait_until_fast()
        assert load.wrong(may_fail=False) == []
        [(version,)] = postgres.execute("SELECT split_part(version(), ' ', 2)")
    what = "PostgreSQL, `ALTER TABLE` under load: columns that come, go and change their type"
    tried(what, "every answer right; fast again after each", PostgreSQL=version)


def test_altered_tables_behind_pgbouncer(
    keygate: Environment, tmp_path: Path, tried: Tried
) -> None:
    """PgBouncer keeps the old plan on its connections until it is to make them anew."""
    command, settings = WAYS["newer, transaction mode"]
    with Postgres() as postgres, PgBouncer(command(), postgres, **settings) as pgbouncer:
        with under_load(keygate, tmp_path, postgres, pgbouncer.url("postgres")) as load:
            for alteration in ALTERATIONS:
                postgres.execute(alteration)
                load.wait_until_right()
            pgbouncer.execute("RECONNECT")
            load.wait_until_right()
            load.wait_until_fast()
        assert load.wrong(may_fail=False) == []
    tried(
        "PgBouncer, transaction mode, `ALTER TABLE` under load",
        "every answer right; fast again after `RECONNECT` in PgBouncer's console at the latest",
        PgBouncer=version_of(command()),
    )
