"""Runs a command: imports the host, makes the change, asks if necessary, and exits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Generic, NoReturn, TypeVar

import typer

from owui_keygate.commands.keys.changes import plan, record
from owui_keygate.commands.keys.deed import Deed, Mode, carry_out
from owui_keygate.commands.keys.errors import ConfirmationNeededError
from owui_keygate.commands.keys.exit_codes import CODES, ExitCode
from owui_keygate.commands.keys.loading import load
from owui_keygate.commands.keys.output import Output
from owui_keygate.commands.keys.terminal import ask, say
from owui_keygate.commands.keys.waiting import Patience

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from owui_keygate.commands.keys.changes import Change
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
        changes: Returns what the result has changed.
    """

    work: Callable[[Keys, bool], Awaitable[T]]
    show: Callable[[T, Output], None]
    kept: Callable[[Keys, T], Awaitable[bool]]
    changes: Callable[[T], Sequence[Change]]


@dataclass(frozen=True)
class Terms:
    """How a command is run.

    Attributes:
        mode: Whether it changes anything. Nobody is asked to agree to a dry run.
        yes: Whether a person has agreed in advance.
        out: The file for the key.
        wait: How many seconds the database has to become ready.
    """

    mode: Mode = Mode.CHANGE
    yes: bool = False
    out: Path | None = None
    wait: int = 0

    @property
    def dry(self) -> bool:
        """Whether everything is undone."""
        return self.mode == Mode.DRY_RUN


def run(command: Command[T], terms: Terms) -> T:
    """Run a command, after asking a person to agree if necessary, and return its result."""
    patience = Patience(terms.wait)
    try:
        with Output(terms.out) as output:
            host = load(patience)

            def attempt(*, confirmed: bool) -> T:
                deed = _deed(command, host, output, dry=terms.dry, confirmed=confirmed)
                return patience.until_ready(
                    partial(carry_out, host.database, deed, output, mode=terms.mode)
                )

            try:
                return attempt(confirmed=terms.yes or terms.dry)
            except ConfirmationNeededError as needed:
                ask(str(needed))
            return attempt(confirmed=True)
    except tuple(CODES) as error:
        end(CODES[type(error)], str(error))


def _deed(
    command: Command[T], host: Host, output: Output, *, dry: bool, confirmed: bool
) -> Deed[T]:
    # `Keys` needs SQLAlchemy, which is installed with the host.
    from owui_keygate.commands.keys.work import Keys

    def announce(came: T) -> None:
        changes = command.changes(came)
        for change in changes:
            say(plan(change) if dry else record(change))
        if dry:
            say("This was a dry run: nothing has changed" if changes else "Nothing would change")

    return Deed(
        lambda execute: command.work(Keys(host, execute), confirmed),
        lambda came: command.show(came, output),
        lambda execute, came: command.kept(Keys(host, execute), came),
        announce,
    )


def end(code: ExitCode, line: str) -> NoReturn:
    """Print one line and exit."""
    say(line)
    raise typer.Exit(code)
