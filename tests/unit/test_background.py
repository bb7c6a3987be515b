"""Work that nobody waits for."""

from __future__ import annotations

import asyncio
import gc
import logging
from typing import TYPE_CHECKING

from owui_keygate.background import in_background

if TYPE_CHECKING:
    import pytest


def test_it_runs_to_its_end_although_nobody_holds_it() -> None:
    async def main() -> None:
        done = asyncio.Event()

        async def work() -> None:
            await asyncio.sleep(0)
            gc.collect()
            await asyncio.sleep(0)
            done.set()

        in_background(work())
        await asyncio.wait_for(done.wait(), 10)

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
