"""The command line of `owui-keygate keys`: what is asked, printed and how it ends."""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer

from owui_keygate._native import OwnKey, Policy, Settings, parse_duration
from owui_keygate.commands.keys import durations
from owui_keygate.commands.keys.deed import Deed, carry_out
from owui_keygate.commands.keys.errors import (
    ConfirmationNeededError,
    HostUnusableError,
    MisplacedError,
    OutputError,
    RefusedError,
    UncertainError,
    UndoneError,
)
from owui_keygate.commands.keys.loading import load
from owui_keygate.commands.keys.output import Output, tell
from owui_keygate.panics import PanicError, as_errors

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from owui_keygate.commands.keys.holders import Holder
    from owui_keygate.commands.keys.work import Keys, Made

T = TypeVar("T")
EXIT_CODES = (
    "Exit codes: 0 done; 1 refused, nothing changed; 2 the command line is wrong; 3 Open WebUI or "
    "its database cannot be used, nothing changed; 4 the output cannot be written, nothing "
    "changed; 5 the commit failed, nothing changed, and what was printed does not hold; 6 the "
    "commit failed, and nobody knows whether the change was made; 7 done, but FILE cannot be "
    "replaced, and the error names the file that holds the key; 130 interrupted, nothing changed."
)


class ExitCode(IntEnum):
    """How a command ends, if not with 0; 2 is typer's own."""

    REFUSED = 1
    UNUSABLE = 3
    OUTPUT = 4
    UNDONE = 5
    UNCERTAIN = 6
    MISPLACED = 7


_SWITCH = "OWUI_KEYGATE"
_SWITCHED = os.environ.get(_SWITCH)
"""Before it is off in this process."""
_CODES = {
    RefusedError: ExitCode.REFUSED,
    HostUnusableError: ExitCode.UNUSABLE,
    OutputError: ExitCode.OUTPUT,
    UndoneError: ExitCode.UNDONE,
    UncertainError: ExitCode.UNCERTAIN,
    MisplacedError: ExitCode.MISPLACED,
}

app = typer.Typer(
    help="Make, list, replace and delete API keys in the database of Open WebUI, running or not. "
    f"Run it with the environment variables of the server, in its folder. {EXIT_CODES}",
    no_args_is_help=True,
)


def _seconds(text: str) -> int:
    try:
        with as_errors():
            return parse_duration(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    except PanicError as error:
        _end(ExitCode.REFUSED, f"Nothing was done: {error}")


Name = Annotated[str, typer.Argument(metavar="EMAIL|FINGERPRINT")]
Expires = Annotated[
    int | None,
    typer.Option(
        parser=_seconds,
        metavar="DURATION",
        help="How long the key is good: 90d, 12h, 30m or 45s. The extension refuses an "
        "administrator's key after that if the bypass rules them; Open WebUI itself does not look "
        "at it.",
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        # What typer makes of a path wants to read the file, and names it where that fails.
        parser=Path,
        metavar="FILE",
        help="Write the key to FILE instead, with mode 0600, and replace FILE in one step once the "
        "change is made.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@app.command(epilog=EXIT_CODES)
def create(  # noqa: PLR0913 (they are the options)
    email: str,
    *,
    name: Annotated[
        str | None, typer.Option(help="The name of a new account; else from its address.")
    ] = None,
    expires: Expires = None,
    promote: Annotated[
        bool,
        typer.Option(
            "--promote",
            help="Make an existing account an administrator's. Whoever knows its password or has a "
            "session of it is an administrator then.",
        ),
    ] = False,
    reset_password: Annotated[
        bool,
        typer.Option(
            "--reset-password",
            help="Give an existing account a password that nobody knows. From Open WebUI 0.12.0 on "
            "that ends its sessions, too; before, a session token is good until it expires.",
        ),
    ] = False,
    out: Out = None,
    as_json: AsJson = False,
    yes: Yes = False,
) -> None:
    """Make an administrator's API key and print it, this once.

    Makes the account if there is none, an administrator's with a password that nobody knows.
    """
    made = _make_key(
        lambda keys, confirmed: keys.create(
            email,
            name=name,
            life=expires,
            promote=promote,
            reset_password=reset_password,
            confirmed=confirmed,
        ),
        out=out,
        as_json=as_json,
        yes=yes,
    )
    done = {"created": "Made the account", "promoted": "Made an administrator of"}
    if made.account in done:
        _tell(f"{done[made.account]} {made.holder.email}")
    _tell_about(made)


@app.command("list", epilog=EXIT_CODES)
def list_(*, as_json: AsJson = False) -> None:
    """List who has an API key; keys are named by the start of their SHA-256, never shown."""

    async def every(keys: Keys, _: bool) -> list[Holder]:  # noqa: FBT001
        return await keys.every()

    async def kept(*_: object) -> bool:
        return True

    render = _json if as_json else _table
    _do(every, lambda found, output: output.write(render(found)), kept, yes=True, changes=False)


@app.command(epilog=EXIT_CODES)
def rotate(
    name: Name,
    *,
    expires: Expires = None,
    out: Out = None,
    as_json: AsJson = False,
    yes: Yes = False,
) -> None:
    """Replace an administrator's API key and print the new one, this once.

    It is named by the e-mail address of the account, or by the fingerprint that `list` shows.
    Where the old one had an end, the new one is good for as long as that was, from now on.
    """
    made = _make_key(
        lambda keys, confirmed: keys.rotate(name, life=expires, confirmed=confirmed),
        out=out,
        as_json=as_json,
        yes=yes,
    )
    if expires is None and made.holder.expires_at is not None:
        _tell("The new key is good for as long as the old one was meant to be")
    _tell_about(made)


@app.command(epilog=EXIT_CODES)
def revoke(name: Name, *, as_json: AsJson = False, yes: Yes = False) -> None:
    """Delete API keys, whoever holds them.

    The e-mail address of an account names all that it has, the fingerprint that `list` shows
    names one.
    """

    async def kept(keys: Keys, found: list[Holder]) -> bool:
        return not await keys.has(found[0])

    found = _do(
        lambda keys, confirmed: keys.revoke(name, confirmed=confirmed),
        lambda found, output: output.write(_json(found) if as_json else ""),
        kept,
        yes=yes,
    )
    names = ", ".join(str(holder.fingerprint) for holder in found)
    keys = f"{len(found)} API keys" if len(found) > 1 else "the API key"
    _tell(f"Deleted {keys} {names} of {found[0].email}")


def _make_key(
    work: Callable[[Keys, bool], Awaitable[Made]], *, out: Path | None, as_json: bool, yes: bool
) -> Made:
    def show(made: Made, output: Output) -> None:
        facts = {"account": made.account} | _facts(made.holder)
        if out is None:
            facts = {"api_key": made.api_key} | facts
        alone = f"{made.api_key}\n" if out is None else ""
        output.write(f"{json.dumps(facts, indent=2)}\n" if as_json else alone, key=made.api_key)

    return _do(work, show, lambda keys, made: keys.has(made.holder), yes=yes, out=out)


def _do(  # noqa: PLR0913 (they are what a command is)
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
                _ask(str(needed))
                yes = True
            return carry_out(host.database, deed, output, changes=changes)
    except tuple(_CODES) as error:
        _end(_CODES[type(error)], str(error))


def _ask(consequence: str) -> None:
    """Go on only if somebody at a terminal agrees.

    Raises:
        RefusedError: Nobody does.
    """
    if sys.stdin is None or not sys.stdin.isatty():
        message = f"{consequence}: add --yes if that is meant, as there is nobody to ask"
        raise RefusedError(message)
    # The prompts of typer print a space to standard output, which is for the key alone.
    tell(f"{_printable(consequence)}. Go on? [y/N] ")
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        message = "Nothing was done"
        raise RefusedError(message)


def _tell_about(made: Made) -> None:
    """Tell what a person should know of a key and its account."""
    for remark in made.remarks:
        _tell(remark)
    if made.holder.expires_at is None:
        return
    _tell(f"It ends at {_instant(made.holder.expires_at)}")
    if not _is_ruled(made.holder):
        _tell(
            "Warning: nothing enforces that end, by the environment variables of this command: "
            "the bypass is off, or ADMIN_API_KEY_BYPASS_USERS leaves this administrator out, and "
            "Open WebUI itself does not look at it"
        )


def _is_ruled(holder: Holder) -> bool:
    """Whether the bypass rules an administrator, by this environment."""
    try:
        with as_errors():
            policy = Policy(Settings(_server_environment()))
            return policy.own_key(holder, session=True) == OwnKey.Allowed
    except PanicError:
        return False


def _server_environment() -> dict[str, str]:
    """Return the environment without what was set to import the host; it has read its file."""
    environment = dict(os.environ)
    del environment[_SWITCH]
    return environment if _SWITCHED is None else environment | {_SWITCH: _SWITCHED}


def _json(found: list[Holder]) -> str:
    return f"{json.dumps([_facts(holder) for holder in found], indent=2)}\n"


def _table(found: list[Holder]) -> str:
    rows: list[tuple[str, ...]] = [("FINGERPRINT", "ROLE", "AGE", "EXPIRES", "LAST USED", "E-MAIL")]
    rows += [_row(holder) for holder in found]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
    return "".join(f"{line}\n" for line in lines)


def _facts(holder: Holder) -> dict[str, Any]:
    return {
        "email": holder.email,
        "role": holder.role,
        "fingerprint": holder.fingerprint,
        "created_at": holder.created_at,
        "expires_at": holder.expires_at,
        "last_used_at": holder.last_used_at,
    }


def _row(holder: Holder) -> tuple[str, ...]:
    age = "-"
    if holder.created_at is not None:
        age = durations.text_of(int(time.time()) - holder.created_at)
    times = ["-" if at is None else _instant(at) for at in (holder.expires_at, holder.last_used_at)]
    return (str(holder.fingerprint), holder.role, age, *times, _printable(holder.email))


def _instant(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _printable(text: str) -> str:
    """Return a text without what a terminal would obey: whoever signs up chooses an address."""
    return "".join(character if character.isprintable() else "?" for character in text)


def _tell(line: str) -> None:
    tell(f"{_printable(line)}\n")


def _end(code: ExitCode, line: str) -> NoReturn:
    _tell(line)
    raise typer.Exit(code)
