"""Reads who has an API key, through the host's own tables."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from sqlalchemy import func, null, select

from owui_keygate._native import fingerprint
from owui_keygate.readers.bytewise import Bytewise
from owui_keygate.readers.holder import Holder

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
    from types import ModuleType

    from sqlalchemy import CursorResult, Executable, Select

Execute: TypeAlias = "Callable[[Executable], Awaitable[CursorResult[Any]]]"
"""Executes a statement and returns its result."""


class Executor(Protocol):
    """Executes statements in a transaction."""

    async def __call__(self, statement: Executable) -> CursorResult[Any]:
        """Return the result of a statement, all of it."""

    def batches(self, statement: Executable) -> AsyncGenerator[Sequence[Any], None]:
        """Yield the rows of a statement, a bounded number at once."""


def keeps_times(users: ModuleType) -> bool:
    """Whether the host has a table of API keys with times, which it has from 0.6.41 on."""
    return hasattr(users, "ApiKey")


async def every_holder(users: ModuleType, execute: Executor) -> AsyncGenerator[Holder, None]:
    """Yield all keys with their accounts, in order, and hold few of them at any time."""
    async with aclosing(execute.batches(_select_keys(users))) as batches:
        async for rows in batches:
            for row in rows:
                yield holder_of(row)


async def first_holders(users: ModuleType, execute: Execute, count: int) -> list[Holder]:
    """Return so many keys with their accounts at most, the first in order."""
    return [holder_of(row) for row in await execute(_select_keys(users).limit(count))]


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


def _select_keys(users: ModuleType) -> Select[Any]:
    """Return the statement for all keys: by e-mail address, account and age, the oldest first.

    The order is that of `rank`, and total, so it is the same in each database and at each time.
    """
    user = users.User
    account = (Bytewise(user.email), Bytewise(user.id))
    if not keeps_times(users):
        return select_holders(users).where(user.api_key != "").order_by(*account)
    key = users.ApiKey
    age = (
        func.coalesce(key.created_at, 0),
        key.expires_at.is_(None),
        func.coalesce(key.expires_at, 0),
        Bytewise(key.id),
        Bytewise(key.key),
    )
    return select_holders(users).where(key.key != "").order_by(*account, *age)
