"""Keys in a list that have ended although nothing enforces it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from owui_keygate.commands.keys.enforcement import is_ruled
from owui_keygate.readers.holder import has_ended

if TYPE_CHECKING:
    from owui_keygate.readers.holder import Holder

MOST_NAMED = 20
"""How many keys a warning names: more than anybody reads in one line."""


class EndedKeys:
    """Keys that have ended, and that nothing refuses for that."""

    def __init__(self) -> None:
        self._now = time.time()
        self._count = 0
        self._named: list[str] = []

    def look_at(self, holder: Holder) -> None:
        """Note a key if it is such a key."""
        if has_ended(holder, self._now) and not is_ruled(holder):
            self._count += 1
            if len(self._named) < MOST_NAMED:
                self._named.append(str(holder.fingerprint))

    def warning(self) -> str | None:
        """Return what a person should know about them, or None if there are none."""
        if not self._count:
            return None
        keys = "1 API key has" if self._count == 1 else f"{self._count} API keys have"
        others = self._count - len(self._named)
        names = ", ".join(self._named) + (f" and {others} more" if others else "")
        return (
            f"Warning: {keys} ended, and nothing enforces that ({names}). Open WebUI "
            "itself does not check the expiry, and with the environment variables of this command "
            "the bypass does not apply: owui-keygate keys prune deletes what has ended"
        )
