"""Async work that must not wait."""

from __future__ import annotations

import asyncio

import pytest
from owui_keygate.replacements.run_sync import WaitsError, run_sync


async def answers() -> int:
    return await also_answers()


async def also_answers() -> int:
    return 7


async def fails() -> None:
    raise KeyError


def test_its_result_is_returned() -> None:
    assert run_sync(answers()) == 7


def test_what_it_raises_is_raised() -> None:
    with pytest.raises(KeyError):
        run_sync(fails())


def test_work_that_waits_is_given_up() -> None:
    cleaned_up = []

    async def waits() -> None:
        try:
            await asyncio.sleep(0)
        finally:
            cleaned_up.append(True)

    with pytest.raises(WaitsError):
        run_sync(waits())
    assert cleaned_up == [True]
