"""A fast reader that falls back to the host's own models."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from owui_keygate.readers import NotReadyError, Reader

if TYPE_CHECKING:
    from owui_keygate.readers import Reading

log = logging.getLogger("owui_keygate")

LONGEST_KEY = 256
"""Far longer than any key of the host. The host itself looks up longer keys."""

QUIET_SECONDS = 60.0
"""A database that is down fails every request; one line a minute says so just as well."""


class FallbackReader(Reader):
    """A `Reader` that asks a fast reader first, and another reader if the first one raises.

    Args:
        fast: Raises if it cannot answer at once.
        host: Reads as the host itself does.
    """

    def __init__(self, fast: Reader, host: Reader) -> None:
        self._fast = fast
        self._host = host
        self._quiet_until = 0.0

    def unchanged(self, api_key: str) -> Reading | None:
        """Return a reading of which the database says now that it still holds, None without one."""
        try:
            return self._fast.unchanged(api_key)
        except Exception as error:  # noqa: BLE001 (the caller reads the key, as for None)
            self._warn(error)
            return None

    async def read(self, api_key: str, *, rules_bind_admins: bool) -> Reading | None:
        """Return what the database contains about a key now, or None if the key is unknown."""
        if _is_plain(api_key):
            try:
                return await self._fast.read(api_key, rules_bind_admins=rules_bind_admins)
            except NotReadyError:
                pass
            except Exception as error:  # noqa: BLE001 (the host's models answer, or fail too)
                self._warn(error)
        return await self._host.read(api_key, rules_bind_admins=rules_bind_admins)

    def _warn(self, error: Exception) -> None:
        now = time.monotonic()
        if now >= self._quiet_until:
            self._quiet_until = now + QUIET_SECONDS
            # Only the type is named: the text of a database error may repeat the key.
            reason = type(error).__name__
            log.warning("Fast database reader failed (%s); using Open WebUI's models", reason)


def _is_plain(api_key: str) -> bool:
    """Whether every database reads the whole key: libpq would cut it at a zero byte."""
    return len(api_key) <= LONGEST_KEY and api_key.isascii() and api_key.isprintable()
