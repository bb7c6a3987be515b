"""What a command does, in one transaction of the host's database: all of it, or nothing."""

from __future__ import annotations

import asyncio
import signal
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from owui_keygate.commands.keys.errors import HostUnusableError, UncertainError, UndoneError
from owui_keygate.commands.keys.quiet import failures_explained, silence
from owui_keygate.commands.keys.transaction import transaction

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterator
    from types import ModuleType

    from owui_keygate.commands.keys.output import Output
    from owui_keygate.commands.keys.transaction import Execute

T = TypeVar("T")
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What ends a command, and must not between its output and the commit."""


@dataclass(frozen=True)
class Deed(Generic[T]):
    """Some work in the database, what it shows, and how one sees whether it was kept.

    Attributes:
        work: What is done, within a transaction whose statements it is given.
        show: Writes what came of it.
        kept: Whether the database holds it, in a later transaction.
    """

    work: Callable[[Execute], Awaitable[T]]
    show: Callable[[T], None]
    kept: Callable[[Execute, T], Awaitable[bool]]


def carry_out(database: ModuleType, deed: Deed[T], output: Output, *, changes: bool = True) -> T:
    """Do some work in one transaction of the host's database: all of it, or nothing.

    What came of it is shown before the commit, as a key that cannot be shown must not hold.

    Args:
        database: The host's module `open_webui.internal.db`.
        deed: What is done.
        output: Where that is shown.
        changes: Whether it changes anything.

    Raises:
        RefusedError: As the work does.
        ConfirmationNeededError: As the work does.
        OutputError: It cannot be shown.
        UndoneError: It was shown, and the database has not kept it.
        UncertainError: It was shown, and nobody knows whether the database has kept it.
        MisplacedError: The key is in another file than it should be.
        HostUnusableError: Anything else went wrong.
    """
    shown: list[T] = []

    async def all_or_nothing() -> None:
        async with transaction(database, changes=changes) as execute:
            result = await deed.work(execute)
            for number in _ENDING:
                signal.signal(number, signal.SIG_IGN)
            # An interrupt that has come already takes effect here, and not in the commit.
            await asyncio.sleep(0)
            deed.show(result)
            shown.append(result)

    async def kept() -> bool:
        async with transaction(database, changes=False) as execute:
            return await deed.kept(execute, shown[0])

    with _handlers_restored():
        try:
            with failures_explained(), silence():
                asyncio.run(all_or_nothing())
        except HostUnusableError as error:
            if not shown:
                raise
            _settle(kept, output, error)
        output.keep()
    return shown[0]


def _settle(kept: Callable[[], Coroutine[Any, Any, bool]], output: Output, why: Exception) -> None:
    """Find out what became of a commit that has failed; one that was carried out may, too.

    Raises:
        HostUnusableError: Nothing has changed, and nothing was printed.
        UndoneError: Nothing has changed, and what was printed does not hold.
        UncertainError: The database does not tell.
    """
    try:
        with failures_explained(), silence():
            done = asyncio.run(kept())
    except HostUnusableError:
        place = f"; the key is in {output.waiting}" if output.waiting else ""
        message = (
            "The database failed at the commit, and nobody knows whether the change was made: "
            f"see `owui-keygate keys list` once it answers{place} ({why})"
        )
        raise UncertainError(message) from None
    if done:
        return
    output.discard()
    if not output.printed:
        raise why
    message = (
        "The database failed at the commit and nothing has changed: what was printed does not "
        f"hold, a key that was printed is NOT valid ({why})"
    )
    raise UndoneError(message) from None


@contextmanager
def _handlers_restored() -> Iterator[None]:
    """Give signals back what handled them; `asyncio.run` does not if they are ignored meanwhile."""
    before = {number: signal.getsignal(number) for number in _ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            # None stands for one that is not of Python's making, and could not be put back.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
