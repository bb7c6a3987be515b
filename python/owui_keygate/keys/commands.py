"""The command line of `owui-keygate keys`: what is asked, printed and how it ends."""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime
from enum import IntEnum
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer

from owui_keygate._native import parse_duration
from owui_keygate.keys import durations
from owui_keygate.keys import host as hosts
from owui_keygate.keys.errors import ConfirmationNeededError, HostUnusableError, RefusedError
from owui_keygate.panics import PanicError, as_errors

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from owui_keygate.keys.holders import Holder
    from owui_keygate.keys.work import Keys, Made

T = TypeVar("T")
EXIT_CODES = (
    "Exit codes: 0 done; 1 refused, nothing changed; 2 the command line is wrong; "
    "3 Open WebUI or its database cannot be used, nothing changed."
)


class ExitCode(IntEnum):
    """How a command ends, if not with 0; 2 is typer's own."""

    REFUSED = 1
    UNUSABLE = 3


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
        "administrator's key after that; Open WebUI itself does not look at it.",
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
        bool, typer.Option("--promote", help="Make an existing account an administrator's.")
    ] = False,
    as_json: AsJson = False,
    yes: Yes = False,
) -> None:
    """Make an administrator's API key and print it, this once.

    Makes the account if there is none, an administrator's with a password that nobody knows.
    """
    made = _do(
        lambda keys, confirmed: keys.create(
            email, name=name, life=expires, promote=promote, confirmed=confirmed
        ),
        yes=yes,
    )
    done = {"created": "Made the account", "promoted": "Made an administrator of"}
    if made.account in done:
        _tell(f"{done[made.account]} {made.holder.email}")
    _show_key(made, as_json=as_json)


@app.command("list", epilog=EXIT_CODES)
def list_(*, as_json: AsJson = False) -> None:
    """List who has an API key; keys are named by the start of their SHA-256, never shown."""
    found = _do(lambda keys, _: keys.every(), yes=True, changes=False)
    if as_json:
        typer.echo(json.dumps([_facts(holder) for holder in found], indent=2))
        return
    rows: list[tuple[str, ...]] = [("FINGERPRINT", "ROLE", "AGE", "EXPIRES", "LAST USED", "E-MAIL")]
    rows += [_row(holder) for holder in found]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        typer.echo("  ".join(cells).rstrip())


@app.command(epilog=EXIT_CODES)
def rotate(
    name: Name, *, expires: Expires = None, as_json: AsJson = False, yes: Yes = False
) -> None:
    """Replace an administrator's API key and print the new one, this once.

    It is named by the e-mail address of the account, or by the fingerprint that `list` shows.
    Where the old one had an end, the new one is good for as long as that was, from now on.
    """
    made = _do(
        lambda keys, confirmed: keys.rotate(name, life=expires, confirmed=confirmed), yes=yes
    )
    if expires is None and made.holder.expires_at is not None:
        _tell("The new key is good for as long as the old one was meant to be")
    _show_key(made, as_json=as_json)


@app.command(epilog=EXIT_CODES)
def revoke(name: Name, *, as_json: AsJson = False, yes: Yes = False) -> None:
    """Delete an API key, whoever holds it.

    It is named by the e-mail address of the account, or by the fingerprint that `list` shows.
    """
    holder = _do(lambda keys, confirmed: keys.revoke(name, confirmed=confirmed), yes=yes)
    if as_json:
        typer.echo(json.dumps(_facts(holder), indent=2))
    _tell(f"Deleted the API key {holder.fingerprint} of {holder.email}")


def _do(deed: Callable[[Keys, bool], Awaitable[T]], *, yes: bool, changes: bool = True) -> T:
    """Do a deed, after asking for what a person has to agree to, and return what came of it.

    Args:
        deed: What is done with the keys; it is told whether a person has agreed.
        yes: Whether one has agreed beforehand.
        changes: Whether it changes anything.
    """
    try:
        host = hosts.load()
        try:
            return hosts.carry_out(host, lambda keys: deed(keys, yes), changes=changes)
        except ConfirmationNeededError as needed:
            _ask(str(needed))
            yes = True
        return hosts.carry_out(host, lambda keys: deed(keys, yes), changes=changes)
    except RefusedError as error:
        _end(ExitCode.REFUSED, str(error))
    except HostUnusableError as error:
        _end(ExitCode.UNUSABLE, str(error))


def _ask(consequence: str) -> None:
    """Go on only if somebody at a terminal agrees.

    Raises:
        RefusedError: Nobody does.
    """
    if not sys.stdin.isatty():
        message = f"{consequence}: add --yes if that is meant, as there is nobody to ask"
        raise RefusedError(message)
    # The prompts of typer print a space to standard output, which is for the key alone.
    typer.echo(f"{_printable(consequence)}. Go on? [y/N] ", nl=False, err=True)
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        message = "Nothing was done"
        raise RefusedError(message)


def _show_key(made: Made, *, as_json: bool) -> None:
    """Print a key; in JSON with all there is to know about it."""
    if made.holder.expires_at is not None:
        _tell(f"It ends at {_instant(made.holder.expires_at)}")
    if as_json:
        facts = {"api_key": made.api_key, "account": made.account} | _facts(made.holder)
        typer.echo(json.dumps(facts, indent=2))
    else:
        typer.echo(made.api_key)


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
    typer.echo(_printable(line), err=True)


def _end(code: ExitCode, line: str) -> NoReturn:
    _tell(line)
    raise typer.Exit(code)
