"""Runs a command: loads the host, carries out the deed, asks where that is needed, and ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, TypeVar

import typer

from owui_keygate.commands.keys.deed import Deed, carry_out
from owui_keygate.commands.keys.errors import ConfirmationNeededError
from owui_keygate.commands.keys.exit_codes import CODES, ExitCode
from owui_keygate.commands.keys.loading import load
from owui_keygate.commands.keys.output import Output
from owui_keygate.commands.keys.terminal import ask, say

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from owui_keygate.commands.keys.work import Keys

T = TypeVar("T")


def do(  # noqa: PLR0913 (they are what a command is)
    work: Callable[[Keys, bool], Awaitable[T]],
    show: Callable[[T, Output], None],
    kept: Callable[[Keys, T], Awaitable[bool]],
    *,
    yes: bool,
    out: Path | None = None,
    changes: bool = True,
) -> T:
    """Do a deed, after asking for what a person has to agree to, and return what came of it.

    Args:
        work: What is done with the keys; it is told whether a person has agreed.
        show: Writes what came of it, before it is committed.
        kept: Whether the database holds what came of it.
        yes: Whether one has agreed beforehand.
        out: The file for the key.
        changes: Whether it changes anything.
    """
    try:
        with Output(out) as output:
            host = load()
            # It needs SQLAlchemy, which comes with the host.
            from owui_keygate.commands.keys.work import Keys

            deed = Deed(
                lambda execute: work(Keys(host, execute), yes),
                lambda came: show(came, output),
                lambda execute, came: kept(Keys(host, execute), came),
            )
            try:
                return carry_out(host.database, deed, output, changes=changes)
            except ConfirmationNeededError as needed:
                ask(str(needed))
                yes = True
            return carry_out(host.database, deed, output, changes=changes)
    except tuple(CODES) as error:
        end(CODES[type(error)], str(error))


def end(code: ExitCode, line: str) -> NoReturn:
    """Say how the command ends, and end it."""
    say(line)
    raise typer.Exit(code)
