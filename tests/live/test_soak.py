"""Mixed traffic for as long as one likes: nothing is decided wrongly, nothing is left behind.

Half a minute in `make test`, half an hour in `make soak`. Two workers on PostgreSQL are asked
without a pause, with keys that are good, replaced, wrong and of demoted administrators, and with
session tokens, while roles, keys and rules change and the database is restarted or hangs.
"""

from __future__ import annotations

import itertools
import os
import re
import statistics
import time
from collections import Counter
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TextIO

import psycopg
import pytest

from harness import people
from harness.environments import USUAL_SPEED
from harness.postgres import Postgres
from harness.server import BYPASS_ON, Server, by_uvicorn, make_database
from harness.waiting import wait_until
from tests.support.changes import KINDS, Operator, settle
from tests.support.hammer import Answer, Hammer

if TYPE_CHECKING:
    from harness.environments import Environment

SOAK_SECONDS = int(os.environ.get("SOAK_SECONDS", "30"))
WORKERS = 2
FAULTS = ("none", "restart", "none", "hang")
ANSWERS = 20
"""How many requests are answered between two changes."""

MOST_GROWTH = 8.0
"""In MB for all workers, from the third quarter of the time to the last, each by its median."""

MOST_CONNECTIONS = WORKERS * (5 + 10 + 1)
"""What the host's pool may hold for each worker, as SQLAlchemy makes it, and our one."""

WRONG_KEYS = (people.NOBODYS_KEY, "sk-", "sk-" + "a" * 300, "sk-%00")
OWN = 'CAST("user".info AS TEXT)'
"""What our statement reads, where the host's own reads the column as it is."""
OWN_CONNECTIONS = f"query LIKE '%{OWN}%' AND state = 'idle'"
ALWAYS_BAD = re.compile(
    "never retrieved|never awaited|Exception ignored|Exception in callback|PanicException|unclosed"
)
BAD = re.compile(ALWAYS_BAD.pattern + "|Traceback|ERROR|CRITICAL")
RAISED = re.compile(r"[A-Za-z_][\w.]*(Error|Exception|Exit|Interrupt)\b")
DATABASE_ERROR = re.compile(r"(sqlalchemy\.exc|psycopg)\.\w+")


class Sample(NamedTuple):
    """What the workers hold after a round: memory in MB, and PostgreSQL connections."""

    memory: float
    connections: int


class Soak:
    """A server under load; each round is judged when it has ended."""

    def __init__(self, postgres: Postgres, server: Server, operator: Operator, log: TextIO) -> None:
        self.requests = 0
        self.samples: list[Sample] = []
        self._postgres = postgres
        self._server = server
        self._operator = operator
        self._log = log
        self._tasks = self._alive()

    def run_round(self, fault: str) -> None:
        """Send requests through all kinds of change and a fault, and judge what came of them."""
        sessions = {self._operator.admin.session: 200, "a.wrong.token": 401}
        ports = [self._server.port]
        with (
            Hammer(ports, lambda: [*self._operator.keys(), *WRONG_KEYS]) as hammer,
            Hammer(ports, lambda: [*sessions], threads=1) as signed_in,
        ):
            for kind in KINDS:
                hammer.wait_for_answers(ANSWERS)
                self._operator.change(kind)
            getattr(self, f"_{fault}")(hammer)
            hammer.wait_for_answers(ANSWERS)
        answers = [*hammer.answers, *signed_in.answers]
        wrong = [a for a in answers if a.status not in self._right(a, sessions, fault)]
        assert wrong == []
        self.requests += len(answers)
        # Every request of this round has been judged.
        del self._operator.changes[:-1]
        self.samples.append(self._sample())
        assert_clean(self._log.read(), may_fail=fault == "restart")

    def _right(self, answer: Answer, sessions: dict[str, int], fault: str) -> set[int]:
        """Return the right answers.

        While the database is down, those of the stock host are right as well, and 403 where it lets
        an administrator in and the limits of the key cannot be read.
        """
        key, state = answer.key, self._operator.state
        right = {sessions[key]} if key in sessions else self._operator.possible(answer)
        if fault != "restart":
            return right
        # The host answers 503 where it cannot look up a session.
        stock = right if key in sessions else {replace(state, admin=False).status(key)}
        unread = {403} if state.admin and key == state.key else set()
        return right | stock | unread | {500, 503}

    def _none(self, _hammer: Hammer) -> None:
        pass

    def _restart(self, hammer: Hammer) -> None:
        self._postgres.stop()
        hammer.wait_until(lambda answers: any(answer.status == 500 for answer in answers))
        self._postgres.start()
        hammer.wait_until(lambda answers: {200, 401} <= {answer.status for answer in answers})

    def _hang(self, hammer: Hammer) -> None:
        """Let statements wait until ours are given up, and each request waits in the host's own."""
        waiting = "SELECT query FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        found = partial(self._postgres.execute, waiting)
        with psycopg.connect(self._postgres.url()) as other:
            other.execute("LOCK TABLE api_key IN ACCESS EXCLUSIVE MODE")
            wait_until(lambda: sum(map(is_hosts_own, found())) >= hammer.threads, found)
            other.rollback()

    def _sample(self) -> Sample:
        """Return what is held when all is quiet again, which nothing new may keep from coming."""
        wait_until(lambda: not self._new_tasks(), self._new_tasks)
        ours = partial(self._count, OWN_CONNECTIONS)
        wait_until(lambda: ours() <= WORKERS, ours)
        memory = sum(worker.memory_info().rss for worker in self._server.workers()) / 2**20
        return Sample(memory, self._count("true"))

    def _new_tasks(self) -> dict[int, Counter[str]]:
        """Return the asyncio tasks that no worker had before the first round."""
        found = {
            pid: Counter(now) - Counter(self._tasks[pid]) for pid, now in self._alive().items()
        }
        return {pid: new for pid, new in found.items() if new}

    def _alive(self) -> dict[int, list[str]]:
        """Return the asyncio tasks of every worker."""
        found: dict[int, list[str]] = {}

        def have_all_answered() -> bool:
            with closing(self._server.client()) as client:
                alive = client.request("GET", "/alive").json()
            found[alive["pid"]] = alive["tasks"]
            return len(found) == WORKERS

        wait_until(have_all_answered, found.keys)
        return found

    def _count(self, condition: str) -> int:
        statement = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
        [(count,)] = self._postgres.execute(
            f"{statement} AND pid <> pg_backend_pid() AND {condition}"
        )
        return int(count)


def is_hosts_own(row: tuple[str]) -> bool:
    """Whether a statement is how the host itself looks up a key."""
    return row[0].startswith("SELECT") and OWN not in row[0]


def assert_clean(log: str, *, may_fail: bool) -> None:
    """Nothing was raised but, while the database was down, errors of the database."""
    bad = ALWAYS_BAD if may_fail else BAD
    assert [line for line in log.splitlines() if bad.search(line)] == []
    raised = {line for line in log.splitlines() if RAISED.match(line)}
    assert {line for line in raised if not (may_fail and DATABASE_ERROR.match(line))} == set()


@pytest.mark.timeout(SOAK_SECONDS + 450)
def test_nothing_is_left_behind_by_mixed_traffic(keygate: Environment, tmp_path: Path) -> None:
    folder = str(Path(__file__).parent / "in_host")
    command = by_uvicorn(keygate, "--app-dir", folder, app="inspected:app", workers=WORKERS)
    with Postgres() as postgres:
        settings = BYPASS_ON | USUAL_SPEED
        settings |= {"DATABASE_URL": postgres.url(), "FROM_INIT_PY": "true"}
        make_database(Server(keygate, tmp_path / "one", settings))
        with (
            Server(keygate, tmp_path / "one", settings, command) as server,
            closing(server.client()) as client,
            (tmp_path / "one" / "log").open(errors="replace") as log,
        ):
            soak = Soak(postgres, server, settle(client), log)
            end = time.monotonic() + SOAK_SECONDS
            for fault in itertools.cycle(FAULTS):
                soak.run_round(fault)
                if time.monotonic() > end and len(soak.samples) >= len(FAULTS):
                    break
    assert_flat(soak)


def assert_flat(soak: Soak) -> None:
    quarter = len(soak.samples) // 4
    third, last = soak.samples[2 * quarter : 3 * quarter], soak.samples[3 * quarter :]
    before, after = (statistics.median(s.memory for s in part) for part in (third, last))
    most = max(sample.connections for sample in soak.samples)
    print(  # noqa: T201
        f"{len(soak.samples)} rounds, {soak.requests} requests judged, memory "
        f"{soak.samples[0].memory:.1f} MB after the first round, {before:.1f} MB in the third "
        f"quarter, {after:.1f} MB in the last; at most {most} connections"
    )
    assert after - before < MOST_GROWTH
    assert most <= MOST_CONNECTIONS
