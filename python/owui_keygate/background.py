"""Work that a request starts and does not wait for."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Coroutine

log = logging.getLogger("owui_keygate")

_running: set[asyncio.Task[Any]] = set()
"""The event loop itself keeps no strong reference to a task (`asyncio.create_task`)."""


def in_background(work: Coroutine[Any, Any, Any]) -> None:
    """Run a coroutine of the host in the running event loop; a failure is logged."""
    task = asyncio.create_task(work)
    _running.add(task)
    task.add_done_callback(_ended)


def _ended(task: asyncio.Task[Any]) -> None:
    _running.discard(task)
    if not task.cancelled() and (error := task.exception()) is not None:
        log.warning("The host could not note when a user was last active: %s", type(error).__name__)
