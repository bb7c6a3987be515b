"""Records when an API key was last used, in a column that the host has and never writes."""

from __future__ import annotations

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, update

from owui_keygate.recording.background import in_background

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from sqlalchemy import Update

log = logging.getLogger("owui_keygate")

SECONDS = 60
"""The resolution: each key is recorded at most once in this time."""

_MOST_KEYS = 4096
"""How many keys are remembered as recorded. Beyond it all are forgotten and recorded again."""


def asynchronous_noter(users: ModuleType) -> Callable[[str], None]:
    """Return what notes that a key was used now, for a host with asynchronous sessions.

    Args:
        users: The host's module `open_webui.models.users`.
    """

    async def write(api_key: str) -> None:
        async with users.get_async_db_context() as session:
            await session.execute(_statement(users, api_key))
            await session.commit()

    return _throttled(lambda api_key: in_background(write, api_key))


def blocking_noter(users: ModuleType) -> Callable[[str], None]:
    """Return what notes that a key was used now, for a host with blocking sessions.

    Before 0.6.41 keys have no such column, and nothing is noted.

    Args:
        users: The host's module `open_webui.models.users`.
    """
    if not hasattr(users, "ApiKey"):
        return lambda _api_key: None
    writer = ThreadPoolExecutor(1, "owui-keygate-last-used")

    def write(api_key: str) -> None:
        try:
            with users.get_db() as session:
                session.execute(_statement(users, api_key))
                session.commit()
        except Exception as error:  # noqa: BLE001 (nobody waits for it, and its text has the key)
            log.warning("Could not record when a key was last used: %s", type(error).__name__)

    return _throttled(lambda api_key: writer.submit(write, api_key))


def _throttled(start: Callable[[str], Any]) -> Callable[[str], None]:
    noted: dict[int, float] = {}

    def note(api_key: str) -> None:
        # The hash tells one key from another, and is no secret to keep.
        now, key = time.monotonic(), hash(api_key)
        if now < noted.get(key, now):
            return
        if len(noted) >= _MOST_KEYS:
            noted.clear()
        noted[key] = now + SECONDS
        start(api_key)

    return note


def _statement(users: ModuleType, api_key: str) -> Update:
    """Return what notes the time, unless another worker has just done so."""
    now = int(time.time())
    key = users.ApiKey
    is_due = or_(key.last_used_at.is_(None), key.last_used_at <= now - SECONDS)
    return update(key).where(key.key == api_key, is_due).values(last_used_at=now)
