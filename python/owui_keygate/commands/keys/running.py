"""Runs a command: imports the host, makes the change, asks if necessary, and exits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, NoReturn, TypeVar

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

    from owui_keygate.commands.keys.host import Host
    from owui_keygate.commands.keys.work import Keys

T = TypeVar("T")


@dataclass(frozen=True)
class Command(Generic[T]):
    """What a command does.

    Attributes:
        work: Reads or changes the keys; its second argument is whether a person has agreed.
        show: Writes the result, before it is committed.
        kept: Returns whether the database contains the result.
    """

    work: Callable[[Keys, bool], Awaitable[T]]
    show: Callable[[T, Output], None]
    kept: Callable[[Keys, T], Awaitable[bool]]


def run(command: Command[T], *, yes: bool, out: Path | None = None, changes: bool = True) -> T:
    """Run a command, after asking a person to agree if necessary, and return its result.

    Args:
        command: The command.
        yes: Whether a person has agreed in advance.
        out: The file for the key.
        changes: Whether the command changes anything.
    """
    try:
        with Output(out) as output:
            host = load()
            try:
                deed = _deed(command, host, output, confirmed=yes)
                return carry_out(host.database, deed, output, changes=changes)
            except ConfirmationNeededError as needed:
                ask(str(needed))
            deed = _deed(command, host, output, confirmed=True)
            return carry_out(host.database, deed, output, changes=changes)
    except tuple(CODES) as error:
        end(CODES[type(error)], str(error))


def _deed(command: Command[T], host: Host, output: Output, *, confirmed: bool) -> Deed[T]:
    # `Keys` needs SQLAlchemy, which is installed with the host.
    from owui_keygate.commands.keys.work import Keys

    return Deed(
        lambda execute: command.work(Keys(host, execute), confirmed),
        lambda came: command.show(came, output),
        lambda execute, came: command.kept(Keys(host, execute), came),
    )


def end(code: ExitCode, line: str) -> NoReturn:
    """Print one line and exit."""
    say(line)
    raise typer.Exit(code)
