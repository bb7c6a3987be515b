"""Work that nobody waits for."""

from __future__ import annotations

import asyncio
import gc
import logging
import weakref
from typing import TYPE_CHECKING

from owui_keygate.background import in_background

if TYPE_CHECKING:
    import pytest


def test_it_is_held_until_its_end_and_no_longer() -> None:
    async def main() -> None:
        waited_for: list[weakref.ref[asyncio.Future[None]]] = []

        async def work() -> None:
            future = asyncio.get_running_loop().create_future()
            waited_for.append(weakref.ref(future))
            await future

        coroutine = work()
        held = weakref.ref(coroutine)
        in_background(coroutine)
        del coroutine
        await asyncio.sleep(0)
        gc.collect()
        future = waited_for[0]()
        assert future is not None, "the work and what it waits for hold only each other"
        future.set_result(None)
        for _ in range(3):
            await asyncio.sleep(0)
        gc.collect()
        assert held() is None

    asyncio.run(main())


def test_a_failure_is_logged_by_its_type(caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        await asyncio.sleep(0)
        message = "sk-secret"
        raise RuntimeError(message)

    async def main() -> None:
        in_background(work())
        in_background(asyncio.sleep(3600))  # It is cancelled at the end, which is no failure.
        for _ in range(3):
            await asyncio.sleep(0)

    asyncio.run(main())
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "RuntimeError" in caplog.text
    assert "sk-secret" not in caplog.text
