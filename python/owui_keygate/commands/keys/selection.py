"""Which keys `list` shows."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from owui_keygate.commands.keys.errors import RefusedError
from owui_keygate.readers.holder import rank

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterable, Iterator

    from owui_keygate.readers.holder import Holder


@dataclass(frozen=True)
class Selection:
    """What must be true of a key that is shown; each condition that is not None must hold.

    Attributes:
        expiring: It has ended or ends within so many seconds, and no newer key of its account
            outlives it.
        unused: It was not used for so many seconds, and is at least as old.
        role: The role of its account.
    """

    expiring: int | None = None
    unused: int | None = None
    role: str | None = None

    def check(self, *, keeps_times: bool) -> None:
        """Refuse conditions that mean nothing here.

        Args:
            keeps_times: Whether the host keeps the times of keys.

        Raises:
            RefusedError: A condition is about times, and the host keeps none.
        """
        if not keeps_times and (self.expiring, self.unused) != (None, None):
            message = (
                "Open WebUI keeps no times of API keys before 0.6.41: omit --expiring and --unused"
            )
            raise RefusedError(message)

    async def of(self, holders: AsyncIterable[Holder]) -> AsyncGenerator[Holder, None]:
        """Yield the keys that are shown, and hold those of one account at any time.

        Args:
            holders: All keys, those of each account together.
        """
        now = int(time.time())
        keys: list[Holder] = []
        async for holder in holders:
            if keys and holder.id != keys[0].id:
                for each in self._shown(keys, now):
                    yield each
                keys.clear()
            keys.append(holder)
        for each in self._shown(keys, now):
            yield each

    def _shown(self, keys: list[Holder], now: int) -> Iterator[Holder]:
        """Yield the keys of one account that are shown."""
        return (each for each in keys if self._shows(each, keys, now))

    def _shows(self, holder: Holder, keys: list[Holder], now: int) -> bool:
        """Whether a key is shown, which is one of the keys of its account."""
        if self.role is not None and holder.role != self.role:
            return False
        if self.unused is not None and _last_sign(holder) > now - self.unused:
            return False
        return self.expiring is None or (
            holder.expires_at is not None
            and holder.expires_at <= now + self.expiring
            and not any(
                rank(other) > rank(holder) and _outlives(other, holder.expires_at) for other in keys
            )
        )


def _last_sign(holder: Holder) -> int:
    return max(holder.created_at or 0, holder.last_used_at or 0)


def _outlives(holder: Holder, end: int) -> bool:
    return holder.expires_at is None or holder.expires_at > end
