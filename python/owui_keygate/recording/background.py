"""Work that a request starts and does not wait for."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

log = logging.getLogger("owui_keygate")

_running: set[asyncio.Task[Any]] = set()
"""The event loop itself keeps no strong reference to a task (`asyncio.create_task`)."""


def in_background(work: Callable[[str], Coroutine[Any, Any, Any]], user_id: str) -> None:
    """Have the running event loop do work of the host about a user; a failure is logged."""
    asyncio.get_running_loop().call_soon(_start, work, user_id)


def _start(work: Callable[[str], Coroutine[Any, Any, Any]], user_id: str) -> None:
    task = asyncio.create_task(work(user_id))
    _running.add(task)
    task.add_done_callback(_ended)


def _ended(task: asyncio.Task[Any]) -> None:
    _running.discard(task)
    if not task.cancelled() and (error := task.exception()) is not None:
        log.warning("Could not record when a user was last active: %s", type(error).__name__)
