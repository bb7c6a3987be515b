"""How long a check holds up the event loop at most, with a database that works and that does not.

Both checks run in one process on one database: the host's own, and the one that replaces it. While
one callback of an event loop runs, no other request is served. The benchmark fails where one of our
checks in twenty, at the worst state, holds it up for longer than the limit.
"""

from __future__ import annotations

import sqlite3
import statistics
import sys
import tempfile
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from harness.environments import USUAL_SPEED, host_environment, say
from harness.oracle import Oracle, person
from harness.postgres import Postgres

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKS = 200
LIMIT_MS = 5.0
PERCENTILES = (50, 95)
KEY = "sk-admin"


def sqlite_cases(oracle: Oracle) -> Iterator[str]:
    """Bring the database into one state after the other, and name it."""
    file = oracle.folder / "data" / "webui.db"
    yield "SQLite, working"
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield "SQLite, locked by another process"
    aside = file.rename(file.with_name("aside.db"))
    yield "SQLite, file not there"
    aside.rename(file)


def postgres_cases(postgres: Postgres) -> Iterator[str]:
    """Bring the database into one state after the other, and name it."""
    yield "PostgreSQL, working"
    with psycopg.connect(postgres.url()) as other:
        # A statement that waits longer than the host's own limit fails; ours gives up before.
        other.execute("LOCK TABLE api_key IN ACCESS EXCLUSIVE MODE")
        yield "PostgreSQL, every statement hangs"
    postgres.stop()
    yield "PostgreSQL, stopped"


def measure() -> dict[str, dict[str, float]]:
    """Return how long, in ms, both checks hold it up in each state, by percentile."""
    found = {}
    environment = host_environment(with_wheel=True)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        settings = USUAL_SPEED | {"DATABASE_ENABLE_SQLITE_WAL": "false"}
        settings["DATABASE_SQLITE_PRAGMA_BUSY_TIMEOUT"] = "50"
        sqlite = stack.enter_context(Oracle(environment, Path(folder) / "sqlite", settings))
        postgres = stack.enter_context(Postgres())
        url = f"{postgres.url()}&options=-clock_timeout%3D50"
        other = Oracle(environment, Path(folder) / "host", USUAL_SPEED | {"DATABASE_URL": url})
        for oracle, cases in (
            (sqlite, sqlite_cases(sqlite)),
            (stack.enter_context(other), postgres_cases(postgres)),
        ):
            oracle.store([person()])
            oracle.wait_until_fast(KEY)
            for name in cases:
                say(f"{name}: {CHECKS} checks of each kind ...")
                steps = oracle.ask("longest_steps", key=KEY, path="/", checks=CHECKS)
                found[name] = {
                    f"{kind} {percent} %": statistics.quantiles(steps[kind], n=100)[percent - 1]
                    for kind in ("stock", "ours")
                    for percent in PERCENTILES
                }
    return found


def main() -> int:
    """Print what was found."""
    found = measure()
    columns = next(iter(found.values()))
    print(f"{'event loop held up, ms':36}" + "".join(f"{name:>12}" for name in columns))
    for state, times in found.items():
        print(f"{state:36}" + "".join(f"{time:12.2f}" for time in times.values()))
    worst = max(times[f"ours {PERCENTILES[-1]} %"] for times in found.values())
    print(f"95 of 100 of our checks, at the worst: {worst:.2f} ms (limit {LIMIT_MS} ms)")
    return 0 if worst <= LIMIT_MS else 1


if __name__ == "__main__":
    sys.exit(main())
