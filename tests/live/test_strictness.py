"""Under load, no request that starts after a change was answered is decided by the old state."""

from __future__ import annotations

import itertools
from contextlib import ExitStack, closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from harness.postgres import Postgres
from harness.server import BYPASS_ON, Server, by_uvicorn, make_database
from tests.support.changes import KINDS, settle
from tests.support.hammer import Hammer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.environments import Environment

CHANGES = 242
SETTINGS = BYPASS_ON | {"FROM_INIT_PY": "true"}


@pytest.fixture(params=["two workers on SQLite", "two servers on PostgreSQL"])
def servers(
    request: pytest.FixtureRequest, keygate: Environment, tmp_path: Path
) -> Iterator[list[Server]]:
    with ExitStack() as stack:
        if "workers" in request.param:
            make_database(Server(keygate, tmp_path / "one", SETTINGS))
            command = by_uvicorn(keygate, workers=2)
            yield [stack.enter_context(Server(keygate, tmp_path / "one", SETTINGS, command))]
        else:
            postgres = stack.enter_context(Postgres())
            settings = SETTINGS | {"DATABASE_URL": postgres.url()}
            yield [
                stack.enter_context(Server(keygate, tmp_path / name, settings, by_uvicorn(keygate)))
                for name in ("one", "two")
            ]


def cpu_seconds(servers: list[Server]) -> dict[int, float]:
    """Return what every process that answers requests has used, by its id."""
    workers = [worker for server in servers for worker in server.workers()]
    return {worker.pid: sum(worker.cpu_times()[:2]) for worker in workers}


def test_no_request_is_decided_by_an_old_state(servers: list[Server]) -> None:
    before = cpu_seconds(servers)
    assert len(before) == 2
    with closing(servers[0].client()) as client:
        operator = settle(client)
        with Hammer([server.port for server in servers], operator.keys) as hammer:
            for kind in itertools.islice(itertools.cycle(KINDS), CHANGES):
                hammer.wait_for_answers(6)
                operator.change(kind)
            hammer.wait_for_answers(6)
    after = cpu_seconds(servers)
    assert after.keys() == before.keys(), "none died"
    assert all(after[worker] > before[worker] for worker in after), "all answered"
    judged = [(answer, operator.possible(answer)) for answer in hammer.answers]
    assert [answer for answer, possible in judged if answer.status not in possible] == []
    sharp = [answer.status for answer, possible in judged if len(possible) == 1]
    print(f"{CHANGES} changes, {len(judged)} requests judged, {len(sharp)} of them sharply")  # noqa: T201
    assert min(sharp.count(status) for status in (200, 401, 403)) > CHANGES / 4


def test_a_database_that_stops_in_mid_load_allows_nothing(
    keygate: Environment, tmp_path: Path
) -> None:
    """Each request ends with the right answer, or as it would on stock.

    That is 500, and where the database is back before the host's own check asks it, the host's
    own rules: 403 for everybody, as keys are off.
    """
    with (
        Postgres() as postgres,
        Server(
            keygate,
            tmp_path / "one",
            SETTINGS | {"DATABASE_URL": postgres.url()},
            by_uvicorn(keygate),
        ) as server,
        closing(server.client()) as client,
    ):
        operator = settle(client)
        operator.change("switch")
        with Hammer([server.port], operator.keys) as hammer:
            for _ in range(3):
                hammer.wait_until(lambda answers: {200, 401, 403} <= {a.status for a in answers})
                postgres.stop()
                hammer.wait_until(lambda answers: any(a.status == 500 for a in answers))
                postgres.start()
            hammer.wait_until(lambda answers: {200, 401, 403} <= {a.status for a in answers})
        state = operator.state
        stock = replace(state, admin=False)
        for answer in hammer.answers:
            assert answer.status in {500, state.status(answer.key), stock.status(answer.key)}
