"""Reads who has an API key, through the host's own tables."""

from __future__ import annotations

import re
from contextlib import aclosing
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from owui_keygate._native import fingerprint
from owui_keygate.commands.keys.errors import RefusedError
from owui_keygate.readers.holder import rank
from owui_keygate.readers.holders import every_holder, holder_of, keeps_times, select_holders

if TYPE_CHECKING:
    from types import ModuleType

    from owui_keygate.readers.holder import Holder
    from owui_keygate.readers.holders import Execute, Executor

_FINGERPRINT = re.compile("[0-9a-f]{8}")


async def find_account(users: ModuleType, execute: Execute, email: str) -> list[Holder]:
    """Return the account with an e-mail address in any case, once for each key or once without.

    The errors here do not repeat what was typed, because it may be a secret.

    Raises:
        RefusedError: There are several accounts.
    """
    rows = await execute(select_holders(users).where(func.lower(users.User.email) == email.lower()))
    found = [holder_of(row) for row in rows]
    if len({account.id for account in found}) > 1:
        message = f"Several accounts have the address {found[0].email}: delete all but one first"
        raise RefusedError(message)
    return found


async def keys_of(users: ModuleType, execute: Execute, user_id: str) -> list[Holder]:
    """Return the keys of the account with an id, the oldest first."""
    rows = await execute(select_holders(users).where(users.User.id == user_id))
    found = (holder_of(row) for row in rows)
    return sorted((each for each in found if each.fingerprint is not None), key=rank)


async def get_holder(users: ModuleType, execute: Execute, user_id: str, api_key: str) -> Holder:
    """Return the account with an id, together with one of its keys."""
    name = fingerprint(api_key)
    keys = await keys_of(users, execute, user_id)
    return next(each for each in keys if each.fingerprint == name)


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


async def find_keys(users: ModuleType, execute: Executor, name: str) -> list[Holder]:
    """Return the keys of the account with an e-mail address, or the one with a fingerprint.

    Raises:
        RefusedError: There is no such key, or several keys have the fingerprint.
    """
    if _FINGERPRINT.fullmatch(name):
        async with aclosing(every_holder(users, execute)) as every:
            found = [each async for each in every if each.fingerprint == name]
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
