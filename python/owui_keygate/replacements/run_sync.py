"""Runs async code that never waits, for hosts whose check is not async."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Coroutine


class WaitsError(Exception):
    """The code had to wait for something."""


def run_sync(work: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401
    """Run a coroutine that never waits to its end, and return its result.

    Raises:
        WaitsError: It waited for something.
        Exception: What the coroutine raises.
    """
    try:
        work.send(None)
    except StopIteration as done:
        return done.value
    work.close()
    raise WaitsError
