"""What a command changes: as a record for whoever reads logs, and as sentences for people."""

from __future__ import annotations

import json
import os
import pwd
import re
import time
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from owui_keygate.instants import instant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from owui_keygate.readers.holder import Holder

_PLAIN = re.compile(r"[\w.@+:-]+", re.ASCII)
"""Values that a record holds without quotes."""


class Deed(StrEnum):
    """What is done to an account or a key."""

    CREATE_ACCOUNT = "create-account"
    PROMOTE_ACCOUNT = "promote-account"
    RESET_PASSWORD = "reset-password"  # noqa: S105 (it is the name of a deed)
    CREATE_KEY = "create-key"
    LIMIT_KEY = "limit-key"
    DELETE_KEY = "delete-key"


_PLANS = {
    Deed.CREATE_ACCOUNT: "Would create the account {account}",
    Deed.PROMOTE_ACCOUNT: "Would promote {account} to administrator",
    Deed.RESET_PASSWORD: "Would replace the password of {account}",
    Deed.CREATE_KEY: "Would create an API key for {account}{end}",
    Deed.LIMIT_KEY: "Would let the API key {key} of {account} end at {until}",
    Deed.DELETE_KEY: "Would delete the API key {key} of {account}",
}


class Change(NamedTuple):
    """One change.

    Attributes:
        deed: What is done.
        account: The e-mail address of the account.
        key: The fingerprint of the key, if it is about one that exists.
        until: When the key ends, in seconds since 1970, if that is known.
    """

    deed: Deed
    account: str
    key: str | None = None
    until: int | None = None


def of_key(deed: Deed, holder: Holder) -> Change:
    """Return a change of a key."""
    return Change(deed, holder.email, holder.fingerprint, holder.expires_at)


def deletions(found: Sequence[Holder]) -> list[Change]:
    """Return the changes that the deletion of some keys means."""
    return [Change(Deed.DELETE_KEY, holder.email, holder.fingerprint) for holder in found]


def plan(change: Change) -> str:
    """Return what a change would do, as a sentence."""
    until = None if change.until is None else instant(change.until)
    end = "" if until is None else f", which expires at {until}"
    return _PLANS[change.deed].format(account=change.account, key=change.key, until=until, end=end)


def record(change: Change) -> str:
    """Return a change that has been made as one line of names and values (logfmt)."""
    values = {
        "time": instant(int(time.time())),
        "user": _user_name(),
        "uid": str(os.getuid()),
        "change": str(change.deed),
        "account": change.account,
        "fingerprint": change.key,
        "until": None if change.until is None else instant(change.until),
    }
    known = {name: value for name, value in values.items() if value is not None}
    return "owui-keygate " + " ".join(f"{name}={_quoted(it)}" for name, it in known.items())


def _user_name() -> str | None:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        # A container can run as a user that it has no name for.
        return None


def _quoted(value: str) -> str:
    return value if _PLAIN.fullmatch(value) else json.dumps(value)
