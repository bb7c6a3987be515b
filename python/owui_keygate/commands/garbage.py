"""Imports Open WebUI without looking for garbage."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def no_collections() -> Iterator[None]:
    """Collect no garbage now, and never look again at the objects that were made meanwhile.

    To import Open WebUI makes a million objects that stay as long as the process. To look through
    them again and again, and once more at the end, takes a third of the time of a short command.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
