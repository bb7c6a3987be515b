"""The host is asked once in a second to record that a user is active."""

from __future__ import annotations

import asyncio
import time

import pytest
from owui_keygate.recording.last_active import asynchronous_noter


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """What the host has recorded after these calls."""
    now = 1_000.5
    monkeypatch.setattr(time, "time", lambda: now)
    found: list[tuple[str, int]] = []

    async def update(user_id: str) -> None:
        found.append((user_id, int(time.time())))

    async def main() -> None:
        nonlocal now
        note = asynchronous_noter(update)
        for user_id, later in [("a", 0), ("a", 0.2), ("b", 0.2), ("a", 0.2), ("a", 1), ("b", 9)]:
            now += later
            note(user_id)
            for _ in range(2):
                await asyncio.sleep(0)
        now -= 5  # Somebody has set the clock.
        note("b")
        for _ in range(2):
            await asyncio.sleep(0)

    asyncio.run(main())
    return found


def test_each_user_in_each_second_once(recorded: list[tuple[str, int]]) -> None:
    assert recorded == [
        ("a", 1000),
        ("b", 1000),
        ("a", 1001),
        ("a", 1002),
        ("b", 1011),
        ("b", 1006),
    ]
