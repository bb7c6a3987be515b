"""The options of `owui-keygate keys`, and how their values are read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from owui_keygate._native import parse_duration
from owui_keygate.commands.keys.exit_codes import ExitCode
from owui_keygate.commands.keys.expiry import Expiry, parse_expiry
from owui_keygate.commands.keys.running import end
from owui_keygate.panics import PanicError, as_errors

_COUNT = re.compile("[1-9][0-9]{0,8}")
_ROLES = ("admin", "user", "pending")


def _seconds(text: str) -> int:
    try:
        with as_errors():
            return parse_duration(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    except PanicError as error:
        end(ExitCode.REFUSED, f"Nothing was done: {error}")


def _count(text: str) -> int:
    if not _COUNT.fullmatch(text):
        message = "expected a number such as 20"
        raise typer.BadParameter(message)
    return int(text)


def _expiry(text: str) -> Expiry:
    try:
        return parse_expiry(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    except PanicError as error:
        end(ExitCode.REFUSED, f"Nothing was done: {error}")


def _wait(text: str | int) -> int:
    """Return a duration in seconds; the default, which is none, is not a text."""
    return text if isinstance(text, int) else _seconds(text)


def _role(text: str) -> str:
    if text not in _ROLES:
        message = f"expected one of {', '.join(_ROLES)}"
        raise typer.BadParameter(message)
    return text


def _roles() -> list[str]:
    return list(_ROLES)


# Releases of typer differ in how they name an argument that has no name here.
Email = Annotated[str, typer.Argument(metavar="EMAIL")]
Name = Annotated[str, typer.Argument(metavar="EMAIL|FINGERPRINT")]
NameOfAccount = Annotated[
    str | None,
    typer.Option("--name", help="The name of a new account; by default taken from its address."),
]
Expires = Annotated[
    Expiry | None,
    typer.Option(
        parser=_expiry,
        metavar="DURATION|DATE",
        help="How long the key stays valid (90d, 12h, 30m or 45s) or until when (2027-01-31 or "
        "2027-01-31T12:00Z; in UTC unless an offset is given). After that, owui-keygate refuses "
        "the key of an administrator to whom the bypass applies; Open WebUI itself does not check "
        "the expiry.",
    ),
]
Overlap = Annotated[
    int | None,
    typer.Option(
        parser=_seconds,
        metavar="DURATION",
        help="How long the old key stays valid, unless it expires earlier; without the option it "
        "is deleted. From Open WebUI 0.6.41 on.",
    ),
]
KeyFile = Annotated[
    Path,
    typer.Option(
        # The path type of typer tries to read the file, and names it if that fails.
        parser=Path,
        metavar="FILE",
        help="The file that contains the key, `sk-` and 32 hex digits; `-` is standard input. "
        "Nobody but its owner may be able to write to it.",
    ),
]
NewKeyFile = Annotated[
    Path | None,
    typer.Option(
        "--key-file",
        parser=Path,
        metavar="FILE",
        help="Take the new key from FILE, `sk-` and 32 hex digits, instead of making one, and "
        "print none; `-` is standard input. If the account has that key already, nothing is "
        "changed. Nobody but its owner may be able to write to FILE.",
    ),
]
Wait = Annotated[
    int,
    typer.Option(
        parser=_wait,
        metavar="DURATION",
        show_default=False,
        help="How long to wait for the database to be reachable and for the server to create its "
        "tables: 2m or 45s. From Open WebUI 0.7.0 on.",
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        parser=Path,
        metavar="FILE",
        help="Write the key to FILE, with mode 0600, instead of standard output. FILE is replaced "
        "in one step once the change is made.",
    ),
]
Promote = Annotated[
    bool,
    typer.Option(
        "--promote",
        help="Make an existing account an administrator. Anyone who knows its password or has "
        "one of its sessions becomes an administrator, too.",
    ),
]
ResetPassword = Annotated[
    bool,
    typer.Option(
        "--reset-password",
        help="Give an existing account a random password that nobody knows. From Open WebUI "
        "0.12.0 on, this also ends its sessions; before that, session tokens stay valid until "
        "they expire.",
    ),
]
Expiring = Annotated[
    int | None,
    typer.Option(
        parser=_seconds,
        metavar="DURATION",
        help="Only keys that have expired or do so within this time, unless a newer key of the "
        "account stays valid for longer.",
    ),
]
Unused = Annotated[
    int | None,
    typer.Option(
        parser=_seconds,
        metavar="DURATION",
        help="Only keys that were created, and last used, before this time.",
    ),
]
Role = Annotated[
    str | None,
    typer.Option(
        parser=_role,
        metavar="ROLE",
        autocompletion=_roles,
        help="Only keys of accounts with this role: admin, user or pending.",
    ),
]
Limit = Annotated[
    int | None,
    typer.Option(parser=_count, metavar="N", help="List the first N keys only."),
]
Fail = Annotated[
    bool,
    typer.Option("--fail", help="End with exit code 8 if any key is listed, for monitoring."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        help="Say what would be changed, and change nothing. The exit code is that of the command "
        "with --yes.",
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")]
