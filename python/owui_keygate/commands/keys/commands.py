"""The command line of `owui-keygate keys`: its commands and options."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import typer

from owui_keygate.commands.keys.changes import Deed, deletions
from owui_keygate.commands.keys.deed import Mode
from owui_keygate.commands.keys.enforcement import is_ruled
from owui_keygate.commands.keys.errors import RefusedError
from owui_keygate.commands.keys.exit_codes import EXIT_CODES, ExitCode
from owui_keygate.commands.keys.key_file import read_key
from owui_keygate.commands.keys.listing import Listing
from owui_keygate.commands.keys.options import (  # noqa: TC001 (typer reads them at run time)
    AsJson,
    DryRun,
    Email,
    Expires,
    Expiring,
    Fail,
    KeyFile,
    Limit,
    Name,
    NameOfAccount,
    NewKeyFile,
    Out,
    Overlap,
    Promote,
    ResetPassword,
    Role,
    Unused,
    Wait,
    Yes,
)
from owui_keygate.commands.keys.reading import read
from owui_keygate.commands.keys.rendering import JsonArray, Table, fingerprints, to_json
from owui_keygate.commands.keys.running import Command, Terms, end, run
from owui_keygate.commands.keys.selection import Selection
from owui_keygate.commands.keys.terminal import say
from owui_keygate.instants import instant
from owui_keygate.readers.holder import facts_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from owui_keygate.commands.keys.changes import Change
    from owui_keygate.commands.keys.key_file import GivenKey
    from owui_keygate.commands.keys.output import Output
    from owui_keygate.commands.keys.work import Keys, Made
    from owui_keygate.readers.holder import Holder

app = typer.Typer(
    help="Create, list, rotate and revoke API keys in Open WebUI's database, whether or not the "
    "server is running. Run the command in the server's folder, with the server's environment "
    f"variables. {EXIT_CODES}",
    no_args_is_help=True,
)


@app.command(epilog=EXIT_CODES)
def create(  # noqa: PLR0913 (they are the options)
    email: Email,
    *,
    name: NameOfAccount = None,
    expires: Expires = None,
    promote: Promote = False,
    reset_password: ResetPassword = False,
    out: Out = None,
    as_json: AsJson = False,
    dry_run: DryRun = False,
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
            expiry=expires,
            promote=promote,
            reset_password=reset_password,
            confirmed=confirmed,
        ),
        Terms(mode=_mode(dry_run), yes=yes, out=out),
        as_json=as_json,
    )
    if not dry_run:
        _tell_about(made)


@app.command(epilog=EXIT_CODES)
def ensure(  # noqa: PLR0913 (they are the options)
    email: Email,
    *,
    key_file: KeyFile,
    name: NameOfAccount = None,
    expires: Expires = None,
    wait: Wait = 0,
    as_json: AsJson = False,
    dry_run: DryRun = False,
) -> None:
    """Give an administrator exactly the API key in a file, and change nothing if that is so.

    If the account does not exist, it is created as an administrator with a random password that
    nobody knows. The command can run again and again, and in several places at once. It never
    replaces a key, which `rotate --key-file` does.
    """
    given = _read(key_file)
    made = _make_key(
        lambda keys, _: keys.ensure(email, given.api_key, name=name, expiry=expires),
        Terms(mode=_mode(dry_run), wait=wait),
        as_json=as_json,
        given=given,
    )
    if not dry_run:
        _tell_about(made)


@app.command("list", epilog=EXIT_CODES)
def list_(  # noqa: PLR0913 (they are the options)
    *,
    expiring: Expiring = None,
    unused: Unused = None,
    role: Role = None,
    limit: Limit = None,
    fail: Fail = False,
    as_json: AsJson = False,
) -> None:
    """List the accounts that have an API key, once for each key, by e-mail address and age.

    A fingerprint, the start of its SHA-256, stands for each key; the keys themselves are never
    shown. If several conditions are given, each must hold.
    """
    selection = Selection(expiring, unused, role)
    with Listing(JsonArray() if as_json else Table(), limit) as listing:
        read(lambda keys: listing.fill(keys.select(selection)), listing.copy_to)
    if listing.has_more:
        say(f"--limit has left out keys: only the first {listing.count} are listed")
    warning = listing.ended.warning()
    if warning is not None:
        say(warning)
    if fail and listing.count:
        raise typer.Exit(ExitCode.FOUND)


@app.command(epilog=EXIT_CODES)
def rotate(  # noqa: PLR0913 (they are the options)
    name: Name,
    *,
    expires: Expires = None,
    overlap: Overlap = None,
    key_file: NewKeyFile = None,
    out: Out = None,
    as_json: AsJson = False,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Replace an administrator's API key and print the new one once; it cannot be shown again.

    Name the key by the e-mail address of its account, or by the fingerprint that `list` shows. If
    the old key had an expiry, the new key stays valid for the same length of time from now on.
    """
    if key_file is not None and out is not None:
        end(ExitCode.REFUSED, "Nothing was done: --out is for a new key, not for that of a file")
    given = None if key_file is None else _read(key_file)
    made = _make_key(
        lambda keys, confirmed: keys.rotate(
            name,
            api_key=given and given.api_key,
            expiry=expires,
            overlap=overlap,
            confirmed=confirmed,
        ),
        Terms(mode=_mode(dry_run), yes=yes, out=out),
        as_json=as_json,
        given=given,
    )
    if dry_run:
        return
    if made.changes and expires is None and made.holder.expires_at is not None:
        say("The new key stays valid for as long as the old key was meant to")
    _tell_about(made)


@app.command(epilog=EXIT_CODES)
def revoke(
    name: Name, *, as_json: AsJson = False, dry_run: DryRun = False, yes: Yes = False
) -> None:
    """Delete API keys of any account.

    An e-mail address names all keys of its account; a fingerprint, as `list` shows it, names one
    key.
    """
    found = _delete(
        lambda keys, confirmed: keys.revoke(name, confirmed=confirmed),
        Terms(mode=_mode(dry_run), yes=yes),
        as_json=as_json,
    )
    if not dry_run:
        keys = f"{len(found)} API keys" if len(found) > 1 else "the API key"
        say(f"Deleted {keys} {fingerprints(found)} of {found[0].email}")


@app.command(epilog=EXIT_CODES)
def prune(*, as_json: AsJson = False, dry_run: DryRun = False, yes: Yes = False) -> None:
    """Delete the API keys that have ended, of all accounts."""
    found = _delete(
        lambda keys, confirmed: keys.prune(confirmed=confirmed),
        Terms(mode=_mode(dry_run), yes=yes),
        as_json=as_json,
    )
    if not dry_run:
        keys = "1 API key" if len(found) == 1 else f"{len(found)} API keys"
        say(f"Deleted {keys}")


def _mode(dry_run: bool) -> Mode:  # noqa: FBT001 (it is the value of an option)
    return Mode.DRY_RUN if dry_run else Mode.CHANGE


def _read(key_file: Path) -> GivenKey:
    try:
        given = read_key(key_file)
    except RefusedError as error:
        end(ExitCode.REFUSED, str(error))
    return given


def _make_key(
    work: Callable[[Keys, bool], Awaitable[Made]],
    terms: Terms,
    *,
    as_json: bool,
    given: GivenKey | None = None,
) -> Made:
    def show(made: Made, output: Output) -> None:
        facts = {"account": made.account, "changed": bool(made.changes)} | facts_of(made.holder)
        if terms.dry:
            # A new key of a dry run does not exist, and neither does its fingerprint.
            facts |= {"fingerprint": made.holder.fingerprint if given else None}
        new = None if given or terms.dry else made.api_key
        printed = new if terms.out is None else None
        if printed is not None:
            facts = {"api_key": printed} | facts
        text = f"{json.dumps(facts, indent=2)}\n" if as_json else f"{printed}\n" if printed else ""
        output.write(text, key=new)

    def changes(made: Made) -> Sequence[Change]:
        return made.changes

    made = run(Command(work, show, lambda keys, made: keys.has(made.holder), changes), terms)
    for warning in given.warnings if given else ():
        say(warning)
    return made


def _delete(
    work: Callable[[Keys, bool], Awaitable[list[Holder]]], terms: Terms, *, as_json: bool
) -> list[Holder]:
    def show(found: list[Holder], output: Output) -> None:
        output.write(to_json(found) if as_json else "")

    async def kept(keys: Keys, found: list[Holder]) -> bool:
        return not found or not await keys.has(found[0])

    return run(Command(work, show, kept, deletions), terms)


def _tell_about(made: Made) -> None:
    """Print what a person should know about a key and its account."""
    email, name = made.holder.email, made.holder.fingerprint
    if not made.changes:
        say(f"Nothing was changed: {email} has the API key {name} already")
    if made.account == "created":
        say(f"Created the account {email}")
    if made.account == "promoted":
        say(f"Promoted {email} to administrator")
    for remark in made.remarks:
        say(remark)
    for old in (change for change in made.changes if change.deed == Deed.LIMIT_KEY):
        say(f"The old key {old.key} stays valid until {instant(old.until or 0)}")
    ends = [change.until for change in made.changes if change.until is not None]
    if made.holder.expires_at is not None:
        say(f"The key expires at {instant(made.holder.expires_at)}")
    if ends and not is_ruled(made.holder):
        say(
            "Warning: nothing enforces this expiry. With the environment variables of this "
            "command, the bypass is off or ADMIN_API_KEY_BYPASS_USERS does not name this "
            "administrator; Open WebUI itself does not check the expiry"
        )
