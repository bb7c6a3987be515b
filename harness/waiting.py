"""Waiting for what another process does."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

SECONDS = 60


def wait_until(
    reached: Callable[[], object], found: Callable[[], object], seconds: float = SECONDS
) -> None:
    """Wait until something holds.

    Args:
        reached: Whether it does; asked again and again.
        found: What is there instead, to be told in the error.
        seconds: How long to wait at most.

    Raises:
        TimeoutError: It did not hold in that time.
    """
    deadline = time.monotonic() + seconds
    while not reached():
        if time.monotonic() > deadline:
            raise TimeoutError(found())
        time.sleep(0.05)
