"""The reader of PostgreSQL: its connections are made, renewed and given up without a trace."""

from __future__ import annotations

import asyncio
import socket
from contextlib import closing
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from owui_keygate.readers import NotReadyError
from owui_keygate.readers import postgres as module
from owui_keygate.readers.pipeline import Pipeline, PipelineError
from owui_keygate.readers.postgres import NotConnectedError, PostgresReader
from owui_keygate.readers.statement import Query
from sqlalchemy import NullPool
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from harness.postgres import Postgres
from harness.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

ECHO = "SELECT $1::text, pg_backend_pid()"
WAITING = "SELECT $1::text, pg_backend_pid(), pg_advisory_xact_lock_shared(7)"
RECYCLE = 600
HOUR = 3600


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with Postgres() as made:
        yield made


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(module, "time", made)
    return made


def engine_of(postgres: Postgres, **options: object) -> AsyncEngine:
    url = postgres.url().replace("postgresql://", "postgresql+psycopg://")
    return create_async_engine(url, **({"pool_recycle": RECYCLE} | options))


class Reader(PostgresReader):
    """A reader that shows what it is about."""

    @property
    def pipeline(self) -> Pipeline | None:
        """The connection."""
        return self._pipeline

    @property
    def longest(self) -> float:
        """Its oldest age."""
        return self._longest

    @property
    def failure(self) -> str | None:
        """Why there was none the last time."""
        return self._failure

    @property
    def connecting(self) -> asyncio.Task[None]:
        """The task that makes one, or has made one."""
        assert self._connecting is not None
        return self._connecting

    def go_on_with(self, engine: AsyncEngine) -> None:
        """Make the next connections as another engine does."""
        self._pool = engine.pool


def reader_on(engine: AsyncEngine, text: str = ECHO) -> Reader:
    """Return a reader of a statement that says which connection it was on."""
    statement: Any = SimpleNamespace(
        query=lambda _dialect: Query(text, ("api_key",)),
        reading=lambda rows, _key, **_: rows[0][1],
    )
    return Reader(statement, engine)


async def ask(reader: Reader) -> int:
    """Return the server process that has answered."""
    process: Any = await reader.read("sk-x", rules_bind_admins=False)
    return int(process)


async def connect(reader: Reader) -> None:
    """Wait for the connection that is being made."""
    await reader.connecting


@pytest.fixture
def run(postgres: Postgres) -> Callable[..., None]:
    """Run a test on a reader that has its first connection, in an event loop of its own."""

    def run(test: Callable[[Reader, AsyncEngine], Awaitable[None]], text: str = ECHO) -> None:
        async def main() -> None:
            engine = engine_of(postgres)
            reader = reader_on(engine, text)
            try:
                with pytest.raises(NotReadyError):
                    await ask(reader)
                await connect(reader)
                await test(reader, engine)
            finally:
                if reader.pipeline is not None:
                    reader.pipeline.close("the test is over")
                await engine.dispose()

        asyncio.run(main())

    return run


def is_there(postgres: Postgres, process: int) -> bool:
    found = "SELECT true FROM pg_stat_activity WHERE pid = %s"
    return postgres.execute(found, (process,)) != []


def test_a_connection_that_is_too_old_answers_nobody(
    run: Callable[..., None], postgres: Postgres, clock: Clock
) -> None:
    """However long nobody has asked: the name of the server may lead to another one by now."""

    async def test(reader: Reader, _engine: AsyncEngine) -> None:
        first = await ask(reader)
        clock.now += RECYCLE - 1
        assert await ask(reader) == first
        clock.now += 1
        for _ in range(2):
            with pytest.raises(NotReadyError):
                await ask(reader)
        await connect(reader)
        second = await ask(reader)
        assert second != first
        wait_until(lambda: not is_there(postgres, first), lambda: "the old connection stays")
        clock.now += RECYCLE - 1
        assert await ask(reader) == second

    run(test)


def test_who_waits_on_an_old_connection_gets_the_answer_and_then_it_is_closed(
    run: Callable[..., None],
    postgres: Postgres,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("owui_keygate.readers.pipeline.ANSWER_SECONDS", 60)

    async def test(reader: Reader, _engine: AsyncEngine) -> None:
        first = await ask(reader)
        with closing(psycopg.connect(postgres.url(), autocommit=True)) as other:
            other.execute("SELECT pg_advisory_lock(7)")
            asked = [asyncio.create_task(ask(reader)) for _ in range(3)]
            await asyncio.sleep(0)
            asked[1].cancel()
            clock.now += RECYCLE
            with pytest.raises(NotReadyError):
                await ask(reader)
            await connect(reader)
            assert not asked[0].done()
            other.execute("SELECT pg_advisory_unlock(7)")
        assert [await asked[0], await asked[2]] == [first, first]
        assert await ask(reader) != first
        wait_until(lambda: not is_there(postgres, first), lambda: "the old connection stays")

    run(test, WAITING)


def test_the_old_connection_is_not_used_where_no_new_one_can_be_made(
    run: Callable[..., None], postgres: Postgres, clock: Clock
) -> None:
    async def test(reader: Reader, engine: AsyncEngine) -> None:
        first = await ask(reader)
        reader.go_on_with(engine_of(postgres, connect_args={"port": 1}))
        clock.now += RECYCLE
        with pytest.raises(NotReadyError):
            await ask(reader)
        await connect(reader)
        with pytest.raises(NotConnectedError):
            await ask(reader)
        reader.go_on_with(engine)
        clock.now += module.RETRY_SECONDS
        with pytest.raises(NotConnectedError):
            await ask(reader)
        await connect(reader)
        assert await ask(reader) != first

    run(test)


def test_a_new_connection_is_new_and_takes_none_from_the_host(
    run: Callable[..., None], clock: Clock
) -> None:
    async def test(reader: Reader, engine: AsyncEngine) -> None:
        async with engine.connect() as theirs:
            [host] = (await theirs.exec_driver_sql("SELECT pg_backend_pid()")).one()
        pool: Any = engine.pool
        assert pool.checkedin() == 1
        clock.now += RECYCLE
        with pytest.raises(NotReadyError):
            await ask(reader)
        await connect(reader)
        assert await ask(reader) != host
        assert (pool.checkedin(), pool.checkedout()) == (1, 0)

    run(test)


@pytest.mark.parametrize(
    ("options", "seconds"),
    [
        ({"pool_recycle": 60}, 60),
        ({"pool_recycle": 0}, 1),
        ({"pool_recycle": 2 * HOUR}, HOUR),
        ({"pool_recycle": -1}, HOUR),
        ({"poolclass": NullPool, "pool_recycle": -1}, 1),
    ],
)
def test_the_age_is_the_hosts_and_an_hour_at_most(
    postgres: Postgres, options: dict[str, Any], seconds: float
) -> None:
    assert reader_on(engine_of(postgres, **options)).longest == seconds


@pytest.mark.parametrize("error", [asyncio.CancelledError, RuntimeError])
@pytest.mark.parametrize(
    "step",
    [
        (psycopg.AsyncConnection, "rollback"),
        (psycopg.AsyncConnection, "set_autocommit"),
        (Pipeline, "__init__"),
        (Pipeline, "prepare"),
    ],
    ids=lambda step: step[1],
)
def test_whatever_fails_the_event_loop_forgets_the_socket(
    postgres: Postgres,
    monkeypatch: pytest.MonkeyPatch,
    step: tuple[type, str],
    error: type[BaseException],
) -> None:
    seen: list[psycopg.AsyncConnection[Any]] = []

    def fails(self: Any, *arguments: Any) -> Any:
        connection = self._connection if step[1] == "prepare" else self
        seen.append(arguments[0] if step[1] == "__init__" else connection)
        raise error

    async def main() -> None:
        engine = engine_of(postgres)
        reader = reader_on(engine)
        async with engine.connect():
            """What is done with a first connection has been done."""
        watched = watched_by(asyncio.get_running_loop())
        monkeypatch.setattr(*step, fails)
        with pytest.raises(NotReadyError):
            await ask(reader)
        await asyncio.wait([reader.connecting])
        assert not reader.connecting.cancelled() or error is asyncio.CancelledError
        [connection] = seen
        assert connection.closed
        assert watched == set()
        assert reader.pipeline is None
        await engine.dispose()

    asyncio.run(main())


def test_who_is_cancelled_leaves_no_socket_with_the_event_loop(postgres: Postgres) -> None:
    """The statement cannot be planned meanwhile, so that the pipeline is there and not ready."""
    postgres.execute("CREATE TABLE IF NOT EXISTS planned (x int)")

    async def main() -> None:
        loop = asyncio.get_running_loop()
        watched = watched_by(loop)
        engine = engine_of(postgres)
        reader = reader_on(engine, "SELECT $1::text, x FROM planned")
        with closing(psycopg.connect(postgres.url())) as other:
            other.execute("LOCK TABLE planned IN ACCESS EXCLUSIVE MODE")
            with pytest.raises(NotReadyError):
                await ask(reader)
            await until_somebody_waits_for_a_lock(postgres)
            assert len(watched) == 1
            reader.connecting.cancel()
            await asyncio.wait([reader.connecting])
            other.rollback()
        assert reader.connecting.cancelled()
        assert watched == set()
        left, right = socket.socketpair()
        with left, right:
            left.setblocking(False)  # noqa: FBT003 (the name of the argument is not public)
            right.send(b"x")
            assert await loop.sock_recv(left, 1) == b"x"
        await engine.dispose()

    asyncio.run(main())


def watched_by(loop: Any) -> set[int]:
    """Return the sockets that an event loop is told to watch, as they are from now on."""
    watched: set[int] = set()
    add, remove = loop.add_reader, loop.remove_reader

    def adding(fd: int, *call: object) -> None:
        add(fd, *call)
        watched.add(fd)

    def removing(fd: int) -> bool:
        watched.discard(fd)
        return bool(remove(fd))

    loop.add_reader, loop.remove_reader = adding, removing
    return watched


async def until_somebody_waits_for_a_lock(postgres: Postgres) -> None:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    async with asyncio.timeout(60):
        while postgres.execute(waiting) != [(1,)]:  # noqa: ASYNC110 (nobody tells)
            await asyncio.sleep(0)


def test_a_connection_of_an_event_loop_that_is_closed_is_closed_in_the_next(
    postgres: Postgres, clock: Clock
) -> None:
    engine = engine_of(postgres, poolclass=NullPool)
    reader = reader_on(engine)

    async def main() -> int:
        clock.now += RECYCLE
        with pytest.raises(NotReadyError):
            await ask(reader)
        await connect(reader)
        return await ask(reader)

    first, second = asyncio.run(main()), asyncio.run(main())
    assert first != second
    wait_until(lambda: not is_there(postgres, first), lambda: "the old connection stays")
    assert is_there(postgres, second)
    assert reader.pipeline is not None
    reader.pipeline.close("the test is over")


def test_a_server_that_does_not_answer_is_given_up(
    monkeypatch: pytest.MonkeyPatch, postgres: Postgres
) -> None:
    monkeypatch.setattr(module, "CONNECT_SECONDS", 0.1)

    async def main() -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            port = silent.getsockname()[1]
            engine = engine_of(postgres, connect_args={"host": "127.0.0.1", "port": port})
            watched = watched_by(asyncio.get_running_loop())
            reader = reader_on(engine)
            with pytest.raises(NotReadyError):
                await ask(reader)
            await connect(reader)
            assert reader.failure == "TimeoutError"
            assert watched == set()
            await engine.dispose()

    asyncio.run(main())


def test_a_statement_that_the_server_refuses_is_tried_again(
    postgres: Postgres, clock: Clock
) -> None:
    async def main() -> None:
        engine = engine_of(postgres)
        reader = reader_on(engine, "SELEC $1")
        with pytest.raises(NotReadyError):
            await ask(reader)
        for _ in range(2):
            await connect(reader)
            assert reader.failure == PipelineError.__name__
            clock.now += module.RETRY_SECONDS
            tried = reader.connecting
            with pytest.raises(module.NotConnectedError, match="PipelineError"):
                await ask(reader)
            assert reader.connecting is not tried
        await connect(reader)
        await engine.dispose()

    asyncio.run(main())
