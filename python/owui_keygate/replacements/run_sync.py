"""Runs async code that never waits, for hosts whose check is not async."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")


class WaitsError(Exception):
    """The code had to wait for something."""


def run_sync(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never waits to its end, and return its result.

    Raises:
        WaitsError: It waited for something.
        Exception: What the coroutine raises.
    """
    try:
        work.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    work.close()
    raise WaitsError
