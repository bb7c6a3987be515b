"""The host's application, and a route that tells what is alive in the worker that answers."""

from __future__ import annotations

import asyncio
import os
from typing import Any

from fastapi.routing import APIRoute
from open_webui.main import app


async def alive() -> dict[str, Any]:
    """Return the id of the process and the names of its asyncio tasks."""
    tasks = [task.get_coro() for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    return {
        "pid": os.getpid(),
        "tasks": sorted(getattr(task, "__qualname__", "") for task in tasks),
    }


# In front: the host mounts its web page on all that is left.
app.router.routes.insert(0, APIRoute("/alive", alive))
