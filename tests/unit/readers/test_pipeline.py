"""The one connection to PostgreSQL: each request gets its own answer, or none."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import time
from typing import TYPE_CHECKING

import psycopg
import pytest
from owui_keygate.readers import pipeline as module
from owui_keygate.readers.pipeline import Pipeline, PipelineError

from harness.postgres import Postgres

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

ECHO = "SELECT $1::text, pg_backend_pid()"


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with Postgres() as made:
        yield made


@pytest.fixture
def run(postgres: Postgres) -> Callable[..., None]:
    """Run a test on a pipeline with a statement, in an event loop of its own."""

    def run(test: Callable[[Pipeline], Awaitable[None]], statement: str = ECHO) -> None:
        async def main() -> None:
            connection = await psycopg.AsyncConnection.connect(postgres.url(), autocommit=True)
            pipeline = Pipeline(connection, statement)
            try:
                await pipeline.prepare()
                await test(pipeline)
            finally:
                pipeline.close("the test is over")

        asyncio.run(main())

    return run


async def echo(pipeline: Pipeline, text: str) -> str:
    [(answer, _)] = await pipeline.execute([text.encode()])
    return str(answer)


def test_many_at_once_get_their_own_answers(run: Callable[..., None]) -> None:
    async def test(pipeline: Pipeline) -> None:
        texts = [str(number) for number in range(500)]
        assert await asyncio.gather(*(echo(pipeline, text) for text in texts)) == texts

    run(test)


def test_who_gives_up_does_not_shift_the_answers_of_the_others(run: Callable[..., None]) -> None:
    async def test(pipeline: Pipeline) -> None:
        for round_ in range(50):
            asked = {
                text: asyncio.create_task(echo(pipeline, text))
                for text in (f"{round_}-{number}" for number in range(8))
            }
            await asyncio.sleep(0)  # All have been sent.
            for given_up in list(asked)[round_ % 8 :: 3]:
                asked.pop(given_up).cancel()
            for text, task in asked.items():
                assert await task == text

    run(test)


def test_an_answer_is_taken_although_the_event_loop_was_busy(
    run: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(pipeline: Pipeline) -> None:
        monkeypatch.setattr(module, "ANSWER_SECONDS", 0.01)
        asked = asyncio.create_task(echo(pipeline, "x"))
        await asyncio.sleep(0)
        time.sleep(0.1)  # noqa: ASYNC251 (this is what is tested: others block the event loop)
        assert await asked == "x"

    run(test)


def test_a_statement_that_hangs_fails_all_who_wait(
    run: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ANSWER_SECONDS", 0.2)

    async def test(pipeline: Pipeline) -> None:
        asked = [asyncio.create_task(echo(pipeline, text)) for text in ("3600", "0")]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        assert [type(answer) for answer in answers] == [TimeoutError, PipelineError]
        assert not pipeline.is_usable()

    run(test, "SELECT $1::text, pg_sleep($1::float)")


def test_an_answer_that_nobody_has_read_yet_is_not_late(
    run: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ANSWER_SECONDS", 0.2)

    async def test(pipeline: Pipeline) -> None:
        # After a busy time, an event loop may run its timers before it reads its sockets.
        asyncio.get_running_loop().remove_reader(vars(pipeline)["_socket"])
        assert await echo(pipeline, "x") == "x"

    run(test)


def test_who_asks_later_has_as_long(
    run: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ANSWER_SECONDS", 0.5)

    async def test(pipeline: Pipeline) -> None:
        for text in ("0.3", "0.3", "0.3"):
            assert await echo(pipeline, text) == text
        with pytest.raises(TimeoutError):
            await echo(pipeline, "3600")
        assert not pipeline.is_usable()

    run(test, "SELECT $1::text, pg_sleep($1::float)")


def test_a_statement_that_hangs_ends_also_where_who_asked_has_given_up(
    run: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ANSWER_SECONDS", 0.2)

    async def test(pipeline: Pipeline) -> None:
        asked = asyncio.create_task(echo(pipeline, "3600"))
        await asyncio.sleep(0)
        asked.cancel()
        with pytest.raises(PipelineError, match=r"^no answer in time$"):
            await echo(pipeline, "0")

    run(test, "SELECT $1::text, pg_sleep($1::float)")


def test_an_error_of_the_server_is_named_by_its_code(run: Callable[..., None]) -> None:
    async def test(pipeline: Pipeline) -> None:
        with pytest.raises(PipelineError, match=r"^SQLSTATE 22P02$"):
            await pipeline.execute([b"sk-secret"])
        assert not pipeline.is_usable()

    run(test, "SELECT $1::integer, 0")


def test_an_answer_is_read_although_an_error_came_right_behind_it(
    run: Callable[..., None],
) -> None:
    async def test(pipeline: Pipeline) -> None:
        asked = [asyncio.create_task(pipeline.execute([text])) for text in (b"x", b"")]
        await asyncio.sleep(0)
        time.sleep(0.1)  # noqa: ASYNC251 (so that both come at once)
        answers = await asyncio.gather(*asked, return_exceptions=True)
        assert answers[0] == [("x", 1)]
        assert repr(answers[1]) == "PipelineError('SQLSTATE 22012')"

    run(test, "SELECT $1::text, 1 / length($1)")


def test_a_value_that_cannot_be_read_fails_who_asked_for_it_alone(
    run: Callable[..., None],
) -> None:
    async def test(pipeline: Pipeline) -> None:
        with pytest.raises(psycopg.DataError):
            await pipeline.execute([b"99999-01-01"])
        assert await pipeline.execute([b"2000-01-01"]) == [(dt.date(2000, 1, 1),)]

    run(test, "SELECT $1::date")


def test_a_retired_one_is_closed_after_its_last_answer(run: Callable[..., None]) -> None:
    async def test(pipeline: Pipeline) -> None:
        asked = [asyncio.create_task(echo(pipeline, text)) for text in "ab"]
        await asyncio.sleep(0)
        pipeline.retire()
        assert [await answer for answer in asked] == ["a", "b"]
        assert not pipeline.is_usable()

    run(test)


def test_a_retired_one_is_closed_at_once_where_nobody_waits(run: Callable[..., None]) -> None:
    async def test(pipeline: Pipeline) -> None:
        pipeline.retire()
        await asyncio.sleep(0)
        assert not pipeline.is_usable()

    run(test)


def test_a_retired_one_waits_for_nobody_who_has_given_up(run: Callable[..., None]) -> None:
    async def test(pipeline: Pipeline) -> None:
        asked = asyncio.create_task(echo(pipeline, "3600"))
        await asyncio.sleep(0)
        pipeline.retire()
        await asyncio.sleep(0)
        assert pipeline.is_usable()
        asked.cancel()
        await asyncio.wait([asked])
        assert not pipeline.is_usable()

    run(test, "SELECT $1::text, pg_sleep($1::float)")


def test_a_child_process_leaves_it_alone(
    run: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(pipeline: Pipeline) -> None:
        with monkeypatch.context() as child:
            child.setattr(os, "getpid", lambda: -1)
            pipeline.retire()
            pipeline.close("it is not ours")
            await asyncio.sleep(0)
        assert await echo(pipeline, "x") == "x"

    run(test)


def test_a_connection_that_is_cut_fails_all_who_wait(
    run: Callable[..., None], postgres: Postgres
) -> None:
    async def test(pipeline: Pipeline) -> None:
        [(_, process)] = await pipeline.execute([b"0"])
        asked = asyncio.create_task(echo(pipeline, "3600"))
        await asyncio.sleep(0)
        postgres.execute("SELECT pg_terminate_backend(%s)", (process,))
        with pytest.raises(PipelineError):
            await asked
        assert not pipeline.is_usable()

    run(test, "SELECT pg_sleep($1::float)::text, pg_backend_pid()")


def test_a_cut_is_noticed_before_anybody_asks(run: Callable[..., None], postgres: Postgres) -> None:
    async def test(pipeline: Pipeline) -> None:
        [(_, process)] = await pipeline.execute([b"x"])
        postgres.execute("SELECT pg_terminate_backend(%s)", (process,))
        async with asyncio.timeout(10):
            while pipeline.is_usable():  # noqa: ASYNC110 (it is no event that is waited for)
                await asyncio.sleep(0)

    run(test)


def test_a_statement_that_does_not_parse_is_refused_at_once(run: Callable[..., None]) -> None:
    async def test(_pipeline: Pipeline) -> None:
        pytest.fail("it was prepared")

    with pytest.raises(PipelineError, match="SQLSTATE 42601"):
        run(test, "SELEC $1")


def test_it_belongs_to_its_process_and_event_loop(
    run: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def usable(pipeline: Pipeline) -> bool:
        return pipeline.is_usable()

    async def test(pipeline: Pipeline) -> None:
        assert await usable(pipeline)
        assert not await asyncio.to_thread(asyncio.run, usable(pipeline))
        with monkeypatch.context() as child:
            child.setattr(os, "getpid", lambda: -1)
            assert not await usable(pipeline)

    run(test)
