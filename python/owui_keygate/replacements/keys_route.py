"""The route `GET /api/v1/keygate/keys`: who has an API key. It is for people who are signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import Depends, HTTPException, Query, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field

from owui_keygate.readers.holder import facts_of
from owui_keygate.readers.holders import first_holders
from owui_keygate.replacements.credentials import is_human_session
from owui_keygate.replacements.run_sync import run_sync
from owui_keygate.unsure import unsure

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from types import ModuleType

    from sqlalchemy import CursorResult, Executable

    from owui_keygate.extension import Extension
    from owui_keygate.readers.holder import Holder
    from owui_keygate.replacements.key_management import Credentials

_LIST = unsure("Key list", "answering 500")

PATH = "/api/v1/keygate/keys"
MOST_KEYS = 10_000
"""How many keys an answer has at most: 2 MB."""

SIGN_IN = "Sign in to list API keys: a key cannot list them."
"""The answer to a key."""


class Key(BaseModel):
    """A key and its account. Times are seconds since 1970; Open WebUI has none before 0.6.41."""

    email: str
    role: str
    fingerprint: str = Field(description="The first 8 hex digits of the SHA-256 of the key.")
    created_at: int | None
    expires_at: int | None
    last_used_at: int | None


class Keys(BaseModel):
    """The keys, in the order of their e-mail addresses."""

    keys: list[Key]
    truncated: bool = Field(description="Whether there are more keys.")


def make_endpoint(
    auth: ModuleType, users: ModuleType, extension: Extension, credentials: Credentials
) -> Callable[..., Coroutine[Any, Any, Keys]]:
    """Return the endpoint.

    Args:
        auth: The host's module `open_webui.utils.auth`; its `get_admin_user` guards the endpoint.
        users: The host's module `open_webui.models.users`.
        extension: The extension.
        credentials: What tells a person's session from other credentials.
    """

    async def keygate_keys(
        request: Request,
        limit: int = Query(1000, ge=1, le=MOST_KEYS),
        _admin: object = Depends(auth.get_admin_user),
    ) -> Keys:
        """Return who has an API key, as `owui-keygate keys list` does; never a key."""
        if not extension.standing.in_force:
            # The route is removed, but somebody may still hold its endpoint.
            raise HTTPException(404)
        is_person = found = None
        with _LIST:
            is_person = is_human_session(request, *credentials)
            if is_person:
                holders = await _first_holders(users, limit + 1)
                keys = [Key(**facts_of(holder)) for holder in holders[:limit]]
                found = Keys(keys=keys, truncated=len(holders) > limit)
        if is_person is False:
            raise HTTPException(403, SIGN_IN)
        if found is None:
            raise HTTPException(500)
        return found

    return keygate_keys


async def _first_holders(users: ModuleType, count: int) -> list[Holder]:
    """Read through the host's own session, which is blocking before 0.9.0."""
    if hasattr(users, "get_async_db_context"):
        async with users.get_async_db_context() as session:
            return await first_holders(users, session.execute, count)

    def read() -> list[Holder]:
        with users.get_db() as session:

            async def execute(statement: Executable) -> CursorResult[Any]:
                result: CursorResult[Any] = session.execute(statement)
                return result

            return run_sync(first_holders(users, execute, count))

    return await run_in_threadpool(read)
