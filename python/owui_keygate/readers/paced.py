"""A reader that steps aside while its reads are slow."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from owui_keygate.readers import Reader

if TYPE_CHECKING:
    from owui_keygate.readers import Reading

SLOW_SECONDS = 0.005
"""As long as a hundred usual reads, also where other threads keep the interpreter busy."""

AWAY_SECONDS = 10.0
"""How long it steps aside before it tries one read."""

_LAST = 0b11111
_MOST_SLOW = 2


class SlowReadsError(Exception):
    """The last reads were slow, and nobody is kept waiting by another one."""


class PacedReader(Reader):
    """A `Reader` around one that reads in the event loop's own thread, as that of SQLite does.

    While it reads, nobody else is served. If the median of its last five reads was slow, such as
    from a disk in the network, it raises for some seconds, so that the host's models are asked,
    which read in threads. Then a single read shows whether it can go on.

    Args:
        reader: Reads without ever waiting for the event loop.
    """

    def __init__(self, reader: Reader) -> None:
        self._unchanged = reader.unchanged
        self._read = reader.read
        self._slow = 0
        """A bit for each of the last five reads, which is set if the read was slow."""
        self._away_until: float | None = None

    def unchanged(self, api_key: str) -> Reading | None:
        """Return a reading of which the database says now that it still holds, None without one.

        There is none while it has stepped aside.

        Raises:
            Exception: What the reader raises.
        """
        begin = time.perf_counter()
        if self._away_until is not None and begin < self._away_until:
            return None
        try:
            return self._unchanged(api_key)
        finally:
            self._note(begin)

    async def read(self, api_key: str, *, rules_bind_admins: bool) -> Reading | None:
        """Return what the database contains about a key now, or None if the key is unknown.

        Raises:
            SlowReadsError: It has stepped aside.
            Exception: What the reader raises.
        """
        begin = time.perf_counter()
        if self._away_until is not None and begin < self._away_until:
            raise SlowReadsError
        try:
            return await self._read(api_key, rules_bind_admins=rules_bind_admins)
        finally:
            self._note(begin)

    def _note(self, begin: float) -> None:
        """Note how long a read took that began then, and step aside or come back."""
        now = time.perf_counter()
        slow = now - begin > SLOW_SECONDS
        if not slow and not self._slow:
            return
        if self._away_until is not None:
            # One read after a pause decides alone.
            self._slow = _LAST if slow else 0
        else:
            self._slow = (self._slow << 1 | slow) & _LAST
        away = self._slow.bit_count() > _MOST_SLOW
        self._away_until = now + AWAY_SECONDS if away else None
