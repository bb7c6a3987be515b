"""Work that nobody waits for."""

from __future__ import annotations

import asyncio
import gc
import logging
import weakref
from typing import TYPE_CHECKING

from owui_keygate.recording.background import in_background

if TYPE_CHECKING:
    import pytest


def test_it_is_held_until_its_end_and_no_longer() -> None:
    async def main() -> None:
        waited_for: list[weakref.ref[asyncio.Future[None]]] = []

        async def work(_user_id: str) -> None:
            future = asyncio.get_running_loop().create_future()
            waited_for.append(weakref.ref(future))
            await future

        in_background(work, "id")
        for _ in range(2):
            await asyncio.sleep(0)
        gc.collect()
        future = waited_for[0]()
        assert future is not None, "the work and what it waits for hold only each other"
        future.set_result(None)
        del future
        for _ in range(3):
            await asyncio.sleep(0)
        gc.collect()
        assert waited_for[0]() is None

    asyncio.run(main())


def test_a_failure_is_logged_by_its_type(caplog: pytest.LogCaptureFixture) -> None:
    async def work(_user_id: str) -> None:
        await asyncio.sleep(0)
        message = "sk-secret"
        raise RuntimeError(message)

    async def cancelled(_user_id: str) -> None:
        await asyncio.sleep(3600)  # It is cancelled at the end, which is no failure.

    async def main() -> None:
        in_background(work, "id")
        in_background(cancelled, "id")
        for _ in range(4):
            await asyncio.sleep(0)

    asyncio.run(main())
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "RuntimeError" in caplog.text
    assert "sk-secret" not in caplog.text
