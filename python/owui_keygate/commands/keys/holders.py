"""Reads who has an API key, through the host's own tables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, null, select

from owui_keygate._native import fingerprint
from owui_keygate.commands.keys.errors import RefusedError
from owui_keygate.commands.keys.holder import Holder, rank

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

    from sqlalchemy import Select

    from owui_keygate.commands.keys.transaction import Execute

_FINGERPRINT = re.compile("[0-9a-f]{8}")


def keeps_times(users: ModuleType) -> bool:
    """Whether the host has a table of API keys with times, which it has from 0.6.41 on."""
    return hasattr(users, "ApiKey")


async def every_holder(users: ModuleType, execute: Execute) -> list[Holder]:
    """Return all keys with their accounts, by e-mail address and age, the oldest first."""
    found = map(_holder, await execute(_select(users)))
    keys = (holder for holder in found if holder.fingerprint is not None)
    return sorted(keys, key=lambda holder: (holder.email, rank(holder)))


async def find_account(users: ModuleType, execute: Execute, email: str) -> list[Holder]:
    """Return the account with an e-mail address in any case, once for each key or once without.

    The errors here do not repeat what was typed, because it may be a secret.

    Raises:
        RefusedError: There are several accounts.
    """
    rows = await execute(_select(users).where(func.lower(users.User.email) == email.lower()))
    found = [_holder(row) for row in rows]
    if len({account.id for account in found}) > 1:
        message = f"Several accounts have the address {found[0].email}: delete all but one first"
        raise RefusedError(message)
    return found


async def get_holder(users: ModuleType, execute: Execute, user_id: str, api_key: str) -> Holder:
    """Return the account with an id, together with one of its keys."""
    rows = await execute(_select(users).where(users.User.id == user_id))
    name = fingerprint(api_key)
    return next(each for each in map(_holder, rows) if each.fingerprint == name)


async def find_owner(users: ModuleType, execute: Execute, api_key: str) -> str | None:
    """Return the id of the account that has a key, which may no longer exist; None without one."""
    if keeps_times(users):
        statement = select(users.ApiKey.user_id).where(users.ApiKey.key == api_key)
    else:
        statement = select(users.User.id).where(users.User.api_key == api_key)
    return (await execute(statement)).scalar()


async def has_accounts(users: ModuleType, execute: Execute) -> bool:
    """Whether there is any account."""
    return (await execute(select(users.User.id).limit(1))).scalar() is not None


async def find_keys(users: ModuleType, execute: Execute, name: str) -> list[Holder]:
    """Return the keys of the account with an e-mail address, or the one with a fingerprint.

    Raises:
        RefusedError: There is no such key, or several keys have the fingerprint.
    """
    if _FINGERPRINT.fullmatch(name):
        found = [each for each in await every_holder(users, execute) if each.fingerprint == name]
        if not found:
            message = "No API key has this fingerprint: see `owui-keygate keys list`"
            raise RefusedError(message)
        if len(found) > 1:
            owners = ", ".join(each.email for each in found)
            message = f"Several API keys have this fingerprint: name the account instead ({owners})"
            raise RefusedError(message)
        return found
    found = await find_account(users, execute, name)
    if not found:
        message = "No such account: `owui-keygate keys list` shows the accounts that have a key"
        raise RefusedError(message)
    if found[0].fingerprint is None:
        email = found[0].email
        message = f"{email} has no API key; to create one: owui-keygate keys create {email}"
        raise RefusedError(message)
    return found


def _select(users: ModuleType) -> Select[Any]:
    user = users.User
    if not keeps_times(users):
        lacking = ("created_at", "expires_at", "last_used_at", "id")
        nulls = [null().label(name) for name in lacking]
        return select(user.id, user.email, user.role, user.api_key, *nulls)
    key = users.ApiKey
    columns = (key.key, key.created_at, key.expires_at, key.last_used_at, key.id)
    return (
        select(user.id, user.email, user.role, *columns)
        .select_from(user)
        .outerjoin(key, key.user_id == user.id)
    )


def _holder(row: Sequence[Any]) -> Holder:
    identity, email, role, api_key, *rest = row
    name = fingerprint(api_key) if api_key else None
    return Holder(identity, email, role, name, *rest)
