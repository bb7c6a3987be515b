"""Who holds an API key, read through the host's own tables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import func, null, select

from owui_keygate._native import fingerprint
from owui_keygate.keys.errors import RefusedError

if TYPE_CHECKING:
    from types import ModuleType

    from sqlalchemy import Select

    from owui_keygate.keys.transaction import Execute

_FINGERPRINT = re.compile("[0-9a-f]{8}")


class Holder(NamedTuple):
    """An account and its API key.

    Times are seconds since 1970, or None where the host has no such time.

    Attributes:
        id: The id of the account.
        email: Its e-mail address.
        role: Its role.
        fingerprint: The first 8 hex digits of the SHA-256 of the key; None without a key.
        created_at: When the key was made.
        expires_at: When it ends.
        last_used_at: When it was last used.
    """

    id: str
    email: str
    role: str
    fingerprint: str | None
    created_at: int | None
    expires_at: int | None
    last_used_at: int | None


def keeps_times(users: ModuleType) -> bool:
    """Whether the host keeps API keys in a table of their own, with times: from 0.6.41 on."""
    return hasattr(users, "ApiKey")


async def every_holder(users: ModuleType, execute: Execute) -> list[Holder]:
    """Return all accounts with a key, by e-mail address."""
    rows = await execute(_select(users).order_by(users.User.email))
    return [holder for holder in map(_holder, rows) if holder.fingerprint is not None]


async def find_account(users: ModuleType, execute: Execute, email: str) -> Holder | None:
    """Return the account with an e-mail address in any case, or None without one.

    Raises:
        RefusedError: There are several.
    """
    rows = await execute(_select(users).where(func.lower(users.User.email) == email.lower()))
    found = [_holder(row) for row in rows]
    if len({account.id for account in found}) > 1:
        message = f"There are several accounts {email}: delete all but one first"
        raise RefusedError(message)
    return next(iter(found), None)


async def get_account(users: ModuleType, execute: Execute, user_id: str) -> Holder:
    """Return the account with an id."""
    rows = await execute(_select(users).where(users.User.id == user_id))
    return _holder(rows.one())


async def find_holder(users: ModuleType, execute: Execute, name: str) -> Holder:
    """Return the account whose key is meant, by its e-mail address or by the key's fingerprint.

    Raises:
        RefusedError: There is none, it has no key, or there are several.
    """
    if _FINGERPRINT.fullmatch(name):
        found = [each for each in await every_holder(users, execute) if each.fingerprint == name]
        if not found:
            message = f"No API key has the fingerprint {name}: see `owui-keygate keys list`"
            raise RefusedError(message)
        if len(found) > 1:
            owners = ", ".join(each.email for each in found)
            message = f"Several API keys have the fingerprint {name}: name one of {owners}"
            raise RefusedError(message)
        return found[0]
    account = await find_account(users, execute, name)
    if account is None:
        message = f"There is no account {name}"
        raise RefusedError(message)
    if account.fingerprint is None:
        message = f"{name} has no API key; to make one: owui-keygate keys create {name}"
        raise RefusedError(message)
    return account


def _select(users: ModuleType) -> Select[Any]:
    user = users.User
    if not keeps_times(users):
        times = [null().label(name) for name in ("created_at", "expires_at", "last_used_at")]
        return select(user.id, user.email, user.role, user.api_key, *times)
    key = users.ApiKey
    columns = (key.key, key.created_at, key.expires_at, key.last_used_at)
    return (
        select(user.id, user.email, user.role, *columns)
        .select_from(user)
        .outerjoin(key, key.user_id == user.id)
    )


def _holder(row: Any) -> Holder:  # noqa: ANN401
    identity, email, role, api_key, *times = row
    name = fingerprint(api_key) if api_key else None
    return Holder(identity, email, role, name, *times)
