"""One statement, prepared on one connection in libpq's pipeline mode.

The requests of one worker need not wait for each other: each statement is sent at once, and the
answers come in the same order (https://www.postgresql.org/docs/current/libpq-pipeline-mode.html).
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections import deque
from typing import TYPE_CHECKING, Any

from psycopg.adapt import Transformer
from psycopg.pq import DiagnosticField, ExecStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    from psycopg import AsyncConnection
    from psycopg.pq.abc import PGresult

    _Rows: TypeAlias = list[tuple[Any, ...]]

ANSWER_SECONDS = 1.0
"""How long a statement may take before the connection is closed."""

_DONE = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK)


class PipelineError(Exception):
    """The connection cannot be used any more; the message contains no parameter."""


class Pipeline:
    """A prepared statement on a connection that nothing else may use from now on.

    It belongs to the event loop in which it was created.

    Args:
        connection: A connection in autocommit mode.
        statement: The statement, with the parameters $1, $2, ...
    """

    def __init__(self, connection: AsyncConnection[tuple[object, ...]], statement: str) -> None:
        self._connection = connection
        self._transformer = Transformer(connection)
        self._pg = connection.pgconn
        self._socket = self._pg.socket
        self._loop = asyncio.get_running_loop()
        self._process = os.getpid()
        self._text = statement.encode()
        # A pooler may hand the name to a connection of another client, so equal names must mean
        # equal statements.
        self._name = b"owui_keygate_" + hashlib.sha256(self._text).hexdigest()[:16].encode()
        self._waiting: deque[tuple[asyncio.Future[_Rows], float]] = deque()
        """The answers that are still to come, and when each was asked for."""
        self._next_look: asyncio.TimerHandle | None = None
        self._result: PGresult | None = None
        self._is_retired = False
        self._pg.nonblocking = 1
        self._pg.enter_pipeline_mode()
        self._loop.add_reader(self._socket, self._receive)

    def is_usable(self) -> bool:
        """Whether the connection is open and belongs to this process and event loop."""
        return (
            self._socket >= 0
            and self._process == os.getpid()
            and self._loop is asyncio.get_running_loop()
        )

    async def prepare(self) -> None:
        """Let the server parse and plan the statement.

        Raises:
            PipelineError: The server refused, or the connection is lost.
            TimeoutError: The server did not answer in time.
        """
        await self._ask(self._pg.send_prepare, self._name, self._text)

    async def execute(self, parameters: Sequence[bytes]) -> _Rows:
        """Run the statement once, in one round trip, and return its rows as psycopg reads them.

        Args:
            parameters: The values of $1, $2, ... without zero bytes, at which libpq would cut them.

        Raises:
            PipelineError: The server refused, or the connection is lost.
            TimeoutError: The server did not answer in time.
            Exception: psycopg cannot read a value.
        """
        return await self._ask(self._pg.send_query_prepared, self._name, parameters)

    def retire(self) -> None:
        """Close the connection once nobody waits for an answer; nobody may ask from now on.

        This may be called from another event loop, and from a child process, where it does nothing.
        """
        if self._loop.is_closed():
            self.close("its event loop is closed")
        elif self._process == os.getpid():
            self._loop.call_soon_threadsafe(self._retire)

    def close(self, reason: str) -> None:
        """Close the connection; everybody who waits for an answer gets a `PipelineError`."""
        if self._socket < 0 or self._process != os.getpid():
            # The server and the selector cannot tell a child process from its parent.
            return
        self._loop.remove_reader(self._socket)
        self._socket = -1
        self._pg.finish()
        while self._waiting:
            answer, _ = self._waiting.popleft()
            if not answer.done() and not self._loop.is_closed():
                answer.set_exception(PipelineError(reason))

    def _retire(self) -> None:
        self._is_retired = True
        self._close_if_over()

    def _close_if_over(self) -> None:
        if self._is_retired and all(answer.done() for answer, _ in self._waiting):
            self.close("there is a newer connection")

    async def _ask(self, command: Callable[..., None], *arguments: object) -> _Rows:
        answer: asyncio.Future[_Rows] = self._loop.create_future()
        self._waiting.append((answer, self._loop.time()))
        try:
            command(*arguments)
            self._pg.pipeline_sync()
            # What the socket does not take now is sent when the next answer is received.
            self._pg.flush()
        except Exception as error:  # noqa: BLE001 (answers may no longer match their requests)
            self.close(type(error).__name__)
        if self._next_look is None and not answer.done():
            self._next_look = self._loop.call_later(ANSWER_SECONDS, self._look)
        try:
            return await answer
        finally:
            self._close_if_over()

    def _look(self) -> None:
        """Close the connection if the oldest answer is late.

        One timer serves all requests: a timer for each takes as long as to read its answer.
        """
        self._next_look = None
        if self._waiting:
            # The answer may have come while the event loop was busy with something else.
            self._receive()
        if not self._waiting:
            return
        answer, asked = self._waiting[0]
        left = asked + ANSWER_SECONDS - self._loop.time()
        if left > 0:
            self._next_look = self._loop.call_later(left, self._look)
            return
        if not answer.done():
            answer.set_exception(TimeoutError())
        self.close("no answer in time")

    def _receive(self) -> None:
        try:
            self._pg.consume_input()
            while self._waiting and not self._pg.is_busy():
                result = self._pg.get_result()
                if result is None and self._result is None:
                    break
                if result is not None:
                    self._take(result)
        except Exception as error:  # noqa: BLE001 (those who wait must get an error)
            self.close(type(error).__name__)

    def _take(self, result: PGresult) -> None:
        """Keep a result until its sync mark comes, which ends the results."""
        if result.status != ExecStatus.PIPELINE_SYNC:
            self._result = result
            return
        kept, self._result = self._result, None
        if kept is None or kept.status not in _DONE:
            state = kept and kept.error_field(DiagnosticField.SQLSTATE)
            self.close(f"SQLSTATE {state.decode() if state else 'unknown'}")
            return
        answer, _ = self._waiting.popleft()
        if not answer.done():
            self._answer(answer, kept)

    def _answer(self, answer: asyncio.Future[_Rows], result: PGresult) -> None:
        """Read the rows while the connection is open; psycopg's C code crashes on a closed one."""
        try:
            self._transformer.set_pgresult(result)
            answer.set_result(self._transformer.load_rows(0, result.ntuples, tuple))
        except Exception as error:  # noqa: BLE001 (only this answer has failed)
            answer.set_exception(error)
