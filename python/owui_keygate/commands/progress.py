"""Tells a person who waits what is being done."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from functools import partial
from threading import Event, Thread
from typing import TYPE_CHECKING, Self, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable

SILENT, REPEATED = 1.0, 15.0
"""Seconds until the first line, and from each to the next."""


class Progress:
    """Says on standard error what is being done, if that takes more than a moment.

    It is a context manager that can be entered again; the time in between does not count. Its lines
    appear even while standard error is redirected.

    Args:
        doing: What is being done.
        silent: The seconds until the first line.
        clock: Returns the time in seconds.
    """

    def __init__(
        self, doing: str, *, silent: float = SILENT, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._doing = doing
        self._clock = clock
        self._begin = self._left = clock()
        self._next = silent
        self._begun = False
        self._done = Event()
        self._thread: Thread | None = None

    def __enter__(self) -> Self:
        """Begin, or go on."""
        self._begin += self._clock() - self._left
        self._done.clear()
        # A process can be started without standard error.
        with suppress(OSError):
            stream = os.fdopen(os.dup(2), "w", encoding="utf-8")
            self._thread = Thread(target=self._speak, args=(stream,), daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Fall silent."""
        self._done.set()
        if self._thread is not None:
            self._thread.join()
        self._left = self._clock()

    def watch(self, wait: Callable[[float], bool], say: Callable[[str], None]) -> None:
        """Say what is being done, whenever it is time, until it is done.

        Args:
            wait: Waits for so many seconds at most, and returns whether it is done.
            say: Shows a line.
        """
        while not wait(max(0.0, self._begin + self._next - self._clock())):
            elapsed = self._clock() - self._begin
            so_far = f", {elapsed:.0f} s so far" if self._begun else ""
            say(f"{self._doing}{so_far} ...\n")
            self._begun = True
            self._next = elapsed + REPEATED

    def _speak(self, stream: TextIO) -> None:
        # What cannot be written, nobody could be told about.
        with suppress(OSError), stream:
            self.watch(self._done.wait, partial(_write, stream))


def _write(stream: TextIO, line: str) -> None:
    stream.write(line)
    stream.flush()
