"""Reads who has an API key, through the host's own tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import null, select

from owui_keygate._native import fingerprint
from owui_keygate.readers.holder import Holder, rank

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from types import ModuleType

    from sqlalchemy import CursorResult, Executable, Select

Execute: TypeAlias = "Callable[[Executable], Awaitable[CursorResult[Any]]]"
"""Executes a statement and returns its result."""


def keeps_times(users: ModuleType) -> bool:
    """Whether the host has a table of API keys with times, which it has from 0.6.41 on."""
    return hasattr(users, "ApiKey")


async def every_holder(users: ModuleType, execute: Execute) -> list[Holder]:
    """Return all keys with their accounts, by e-mail address and age, the oldest first."""
    found = map(holder_of, await execute(select_holders(users)))
    keys = (holder for holder in found if holder.fingerprint is not None)
    return sorted(keys, key=lambda holder: (holder.email, rank(holder)))


async def first_holders(users: ModuleType, execute: Execute, count: int) -> list[Holder]:
    """Return so many keys with their accounts at most, the first by e-mail address."""
    key = users.ApiKey.key if keeps_times(users) else users.User.api_key
    statement = select_holders(users).where(key != "").order_by(users.User.email).limit(count)
    return [holder_of(row) for row in await execute(statement)]


def select_holders(users: ModuleType) -> Select[Any]:
    """Return the statement for all accounts, each once for each key or once without."""
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


def holder_of(row: Sequence[Any]) -> Holder:
    """Return what a row of that statement says."""
    identity, email, role, api_key, *rest = row
    name = fingerprint(api_key) if api_key else None
    return Holder(identity, email, role, name, *rest)
