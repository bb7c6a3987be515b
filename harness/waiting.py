"""Waiting for what another process does."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

SECONDS = 60


def wait_until(reached: Callable[[], object], found: Callable[[], object]) -> None:
    """Wait until something holds.

    Args:
        reached: Whether it does; asked again and again.
        found: What is there instead, to be told in the error.

    Raises:
        TimeoutError: It did not hold for `SECONDS`.
    """
    deadline = time.monotonic() + SECONDS
    while not reached():
        if time.monotonic() > deadline:
            raise TimeoutError(found())
        time.sleep(0.05)
