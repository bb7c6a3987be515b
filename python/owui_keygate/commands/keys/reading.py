"""Runs a command that only reads: imports the host, reads, and shows the result after that."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import typer

from owui_keygate.commands.keys.errors import NoReaderError
from owui_keygate.commands.keys.exit_codes import CODES, ExitCode
from owui_keygate.commands.keys.loading import load
from owui_keygate.commands.keys.output import Output
from owui_keygate.commands.keys.quiet import failures_explained, silence
from owui_keygate.commands.keys.running import end
from owui_keygate.commands.keys.transaction import transaction
from owui_keygate.commands.keys.waiting import Patience

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from owui_keygate.commands.keys.host import Host
    from owui_keygate.commands.keys.work import Keys


def read(work: Callable[[Keys], Awaitable[None]], show: Callable[[Output], None]) -> None:
    """Run a command that only reads.

    A reader that goes away, such as `head`, has seen enough: the command ends without a word.

    Args:
        work: Reads from the database.
        show: Writes the result, once the database is let go.
    """
    try:
        with Output() as output:
            host = load(Patience())
            with failures_explained(), silence():
                asyncio.run(_in_transaction(host, work))
            show(output)
    except NoReaderError:
        raise typer.Exit(ExitCode.OUTPUT) from None
    except tuple(CODES) as error:
        end(CODES[type(error)], str(error))


async def _in_transaction(host: Host, work: Callable[[Keys], Awaitable[None]]) -> None:
    # `Keys` needs SQLAlchemy, which is installed with the host.
    from owui_keygate.commands.keys.work import Keys

    async with transaction(host.database, changes=False) as execute:
        await work(Keys(host, execute))
