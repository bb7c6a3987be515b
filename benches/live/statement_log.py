"""Counts the statements that reach a PostgreSQL, whoever sends them, from its log."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.postgres import Postgres

SETTLE_SECONDS = 0.3


def count(postgres: Postgres, database: str, work: Callable[[], object]) -> int:
    """Return how many statements a database executes while `work` runs, BEGIN and ROLLBACK too."""
    log = postgres.folder / "log"
    _set(postgres, log_statement="all", log_line_prefix="%d ")
    begin = log.stat().st_size
    try:
        work()
        time.sleep(SETTLE_SECONDS)
    finally:
        _set(postgres, log_statement="none", log_line_prefix="%m [%p] ")
    with log.open("rb") as lines:
        lines.seek(begin)
        # One kind comes as text alone, the other with parameters, in the extended protocol.
        kinds = tuple(f"{database} LOG:  {kind}".encode() for kind in ("statement: ", "execute "))
        found = sum(line.startswith(kinds) for line in lines)
    if not found:
        message = "the log of PostgreSQL shows no statement, although each request needs one"
        raise RuntimeError(message)
    return found


def _set(postgres: Postgres, **settings: str) -> None:
    for name, value in settings.items():
        postgres.execute(f"ALTER SYSTEM SET {name} = '{value}'")
    postgres.execute("SELECT pg_reload_conf()")
    time.sleep(SETTLE_SECONDS)
