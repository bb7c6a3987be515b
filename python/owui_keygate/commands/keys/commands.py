"""The command line of `owui-keygate keys`: its commands and options."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from owui_keygate._native import parse_duration
from owui_keygate.commands.keys.enforcement import is_ruled
from owui_keygate.commands.keys.exit_codes import EXIT_CODES, ExitCode
from owui_keygate.commands.keys.rendering import to_json, to_table
from owui_keygate.commands.keys.running import Command, end, run
from owui_keygate.commands.keys.terminal import say
from owui_keygate.instants import instant
from owui_keygate.panics import PanicError, as_errors

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from owui_keygate.commands.keys.output import Output
    from owui_keygate.commands.keys.work import Keys, Made
    from owui_keygate.readers.holders import Holder

app = typer.Typer(
    help="Create, list, rotate and revoke API keys in Open WebUI's database, whether or not the "
    "server is running. Run the command in the server's folder, with the server's environment "
    f"variables. {EXIT_CODES}",
    no_args_is_help=True,
)


def _seconds(text: str) -> int:
    try:
        with as_errors():
            return parse_duration(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    except PanicError as error:
        end(ExitCode.REFUSED, f"Nothing was done: {error}")


# Releases of typer differ in how they name an argument that has no name here.
Email = Annotated[str, typer.Argument(metavar="EMAIL")]
Name = Annotated[str, typer.Argument(metavar="EMAIL|FINGERPRINT")]
Expires = Annotated[
    int | None,
    typer.Option(
        parser=_seconds,
        metavar="DURATION",
        help="How long the key stays valid: 90d, 12h, 30m or 45s. After that, owui-keygate refuses "
        "the key of an administrator to whom the bypass applies; Open WebUI itself does not check "
        "the expiry.",
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        # The path type of typer tries to read the file, and names it if that fails.
        parser=Path,
        metavar="FILE",
        help="Write the key to FILE, with mode 0600, instead of standard output. FILE is replaced "
        "in one step once the change is made.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")]


@app.command(epilog=EXIT_CODES)
def create(  # noqa: PLR0913 (they are the options)
    email: Email,
    *,
    name: Annotated[
        str | None,
        typer.Option(help="The name of a new account; by default taken from its address."),
    ] = None,
    expires: Expires = None,
    promote: Annotated[
        bool,
        typer.Option(
            "--promote",
            help="Make an existing account an administrator. Anyone who knows its password or has "
            "one of its sessions becomes an administrator, too.",
        ),
    ] = False,
    reset_password: Annotated[
        bool,
        typer.Option(
            "--reset-password",
            help="Give an existing account a random password that nobody knows. From Open WebUI "
            "0.12.0 on, this also ends its sessions; before that, session tokens stay valid until "
            "they expire.",
        ),
    ] = False,
    out: Out = None,
    as_json: AsJson = False,
    yes: Yes = False,
) -> None:
    """Create an administrator's API key and print it once; it cannot be shown again.

    If the account does not exist, it is created as an administrator with a random password that
    nobody knows.
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
    if made.account == "created":
        say(f"Created the account {made.holder.email}")
    if made.account == "promoted":
        say(f"Promoted {made.holder.email} to administrator")
    _tell_about(made)


@app.command("list", epilog=EXIT_CODES)
def list_(*, as_json: AsJson = False) -> None:
    """List the accounts that have an API key.

    A fingerprint, the start of its SHA-256, stands for each key; the keys themselves are never
    shown.
    """

    async def kept(*_: object) -> bool:
        return True

    render = to_json if as_json else to_table
    command = Command(
        lambda keys, _: keys.every(), lambda found, output: output.write(render(found)), kept
    )
    run(command, yes=True, changes=False)


@app.command(epilog=EXIT_CODES)
def rotate(
    name: Name,
    *,
    expires: Expires = None,
    out: Out = None,
    as_json: AsJson = False,
    yes: Yes = False,
) -> None:
    """Replace an administrator's API key and print the new one once; it cannot be shown again.

    Name the key by the e-mail address of its account, or by the fingerprint that `list` shows. If
    the old key had an expiry, the new key stays valid for the same length of time from now on.
    """
    made = _make_key(
        lambda keys, confirmed: keys.rotate(name, life=expires, confirmed=confirmed),
        out=out,
        as_json=as_json,
        yes=yes,
    )
    if expires is None and made.holder.expires_at is not None:
        say("The new key stays valid for as long as the old key was meant to")
    _tell_about(made)


@app.command(epilog=EXIT_CODES)
def revoke(name: Name, *, as_json: AsJson = False, yes: Yes = False) -> None:
    """Delete API keys of any account.

    An e-mail address names all keys of its account; a fingerprint, as `list` shows it, names one
    key.
    """

    async def kept(keys: Keys, found: list[Holder]) -> bool:
        return not await keys.has(found[0])

    command = Command(
        lambda keys, confirmed: keys.revoke(name, confirmed=confirmed),
        lambda found, output: output.write(to_json(found) if as_json else ""),
        kept,
    )
    found = run(command, yes=yes)
    names = ", ".join(str(holder.fingerprint) for holder in found)
    keys = f"{len(found)} API keys" if len(found) > 1 else "the API key"
    say(f"Deleted {keys} {names} of {found[0].email}")


def _make_key(
    work: Callable[[Keys, bool], Awaitable[Made]], *, out: Path | None, as_json: bool, yes: bool
) -> Made:
    def show(made: Made, output: Output) -> None:
        facts = {"account": made.account} | made.holder.facts()
        if out is None:
            facts = {"api_key": made.api_key} | facts
        alone = f"{made.api_key}\n" if out is None else ""
        output.write(f"{json.dumps(facts, indent=2)}\n" if as_json else alone, key=made.api_key)

    command = Command(work, show, lambda keys, made: keys.has(made.holder))
    return run(command, yes=yes, out=out)


def _tell_about(made: Made) -> None:
    """Print what a person should know about a key and its account."""
    for remark in made.remarks:
        say(remark)
    if made.holder.expires_at is None:
        return
    say(f"The key expires at {instant(made.holder.expires_at)}")
    if not is_ruled(made.holder):
        say(
            "Warning: nothing enforces this expiry. With the environment variables of this "
            "command, the bypass is off or ADMIN_API_KEY_BYPASS_USERS does not name this "
            "administrator; Open WebUI itself does not check the expiry"
        )
