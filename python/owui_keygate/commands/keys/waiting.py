"""Waits for the server to make its database usable."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

from owui_keygate.commands.keys.errors import NotReadyError
from owui_keygate.commands.keys.terminal import say
from owui_keygate.commands.progress import REPEATED, SILENT

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
_SHORTEST, _LONGEST = 0.1, 2.0
"""Seconds between two attempts; each pause is twice as long as the one before."""


class Patience:
    """Repeats what fails because the database is not ready, until a time has passed.

    Args:
        seconds: How long; with 0, each attempt is the only one.
    """

    def __init__(self, seconds: int = 0) -> None:
        begin = time.monotonic()
        self.seconds = seconds
        self._end = begin + seconds
        self._speak_at = begin + SILENT

    def until_ready(self, work: Callable[[], T]) -> T:
        """Return the result of some work as soon as the database is ready.

        Raises:
            NotReadyError: It is not ready in time.
        """
        pause = _SHORTEST
        while True:
            try:
                return work()
            except NotReadyError as error:
                now = time.monotonic()
                if now >= self._end:
                    raise
                if now >= self._speak_at:
                    say(f"Waiting up to {self._end - now:.0f} s more: {error}")
                    self._speak_at = now + REPEATED
            time.sleep(min(pause, self._end - now))
            pause = min(2 * pause, _LONGEST)
