"""Async functions for hosts that call them like any other function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Coroutine


class WaitsError(Exception):
    """What must be done at once has to wait for something."""


def run_sync(work: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401
    """Do async work that never waits, and return its result.

    Raises:
        WaitsError: It waits.
        Exception: Whatever the work raises.
    """
    try:
        work.send(None)
    except StopIteration as done:
        return done.value
    work.close()
    raise WaitsError
