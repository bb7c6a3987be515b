"""Makes a change in one transaction of the host's database: all of it, or nothing."""

from __future__ import annotations

import asyncio
import signal
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from owui_keygate.commands.keys.errors import HostUnusableError, UncertainError, UndoneError
from owui_keygate.commands.keys.quiet import failures_explained, silence
from owui_keygate.commands.keys.transaction import transaction

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterator
    from types import ModuleType

    from owui_keygate.commands.keys.output import Output
    from owui_keygate.readers.holders import Executor

T = TypeVar("T")
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals that end a command. They must not do so between its output and the commit."""


@dataclass(frozen=True)
class Deed(Generic[T]):
    """Work in the database, its output, and how to find out whether the database has kept it.

    Attributes:
        work: Does the work in a transaction, with the function that executes statements in it.
        show: Writes the result.
        kept: Returns, in a later transaction, whether the database contains the result.
        announce: Tells people what was changed, once the database has kept it.
    """

    work: Callable[[Executor], Awaitable[T]]
    show: Callable[[T], None]
    kept: Callable[[Executor, T], Awaitable[bool]]
    announce: Callable[[T], None]


class Mode(Enum):
    """What becomes of the transaction."""

    CHANGE = auto()
    DRY_RUN = auto()
    """Everything is done and undone."""


class _UndoError(Exception):
    """The dry run is over."""


def carry_out(
    database: ModuleType, deed: Deed[T], output: Output, *, mode: Mode = Mode.CHANGE
) -> T:
    """Do some work in one transaction of the host's database: all of it, or nothing.

    The result is shown before the commit, because a key that cannot be shown must not be kept.

    Args:
        database: The host's module `open_webui.internal.db`.
        deed: The work.
        output: Where its result is shown.
        mode: Whether it changes anything.

    Raises:
        RefusedError: The work raises it.
        ConfirmationNeededError: The work raises it.
        OutputError: The result cannot be shown.
        UndoneError: The result was shown, but the database has not kept it.
        UncertainError: The result was shown, and it is unknown whether the database has kept it.
        MisplacedError: The key is not in the file where it should be.
        HostUnusableError: Something else failed.
    """
    shown: list[T] = []

    async def all_or_nothing() -> None:
        async with transaction(database, changes=True) as execute:
            result = await deed.work(execute)
            for number in _ENDING:
                signal.signal(number, signal.SIG_IGN)
            # An interrupt that has arrived already takes effect here, not during the commit.
            await asyncio.sleep(0)
            deed.show(result)
            shown.append(result)
            if mode == Mode.DRY_RUN:
                raise _UndoError

    async def kept() -> bool:
        async with transaction(database, changes=False) as execute:
            return await deed.kept(execute, shown[0])

    with _handlers_restored():
        try:
            with failures_explained(), silence(), suppress(_UndoError):
                asyncio.run(all_or_nothing())
        except HostUnusableError as error:
            if not shown:
                raise
            _settle(kept, output, error)
        deed.announce(shown[0])
        output.keep()
    return shown[0]


def _settle(kept: Callable[[], Coroutine[Any, Any, bool]], output: Output, why: Exception) -> None:
    """Find out what happened to a commit that has failed: the change may be made all the same.

    Raises:
        HostUnusableError: Nothing has changed, and nothing was printed.
        UndoneError: Nothing has changed, but something was printed.
        UncertainError: The database does not answer.
    """
    try:
        with failures_explained(), silence():
            done = asyncio.run(kept())
    except HostUnusableError:
        place = f"; the key is in {output.waiting}" if output.waiting else ""
        message = (
            "The commit failed, and it is unknown whether the change was made: run "
            f"`owui-keygate keys list` once the database answers again{place} ({why})"
        )
        raise UncertainError(message) from None
    if done:
        return
    output.discard()
    if not output.printed:
        raise why
    message = (
        "The commit failed and nothing has changed: disregard the output, "
        f"a key that was printed is NOT valid ({why})"
    )
    raise UndoneError(message) from None


@contextmanager
def _handlers_restored() -> Iterator[None]:
    """Restore the signal handlers, which `asyncio.run` does not if the signals were ignored."""
    before = {number: signal.getsignal(number) for number in _ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            # None stands for a handler that Python did not install and cannot restore.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
