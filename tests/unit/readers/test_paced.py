"""Reads in the event loop's own thread step aside where they are slow."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest
from owui_keygate.readers import Reader
from owui_keygate.readers.fallback import FallbackReader
from owui_keygate.readers.paced import AWAY_SECONDS, SLOW_SECONDS, PacedReader, SlowReadsError

if TYPE_CHECKING:
    from collections.abc import Sequence

FAST, EDGE, SLOW = 0.0001, SLOW_SECONDS, SLOW_SECONDS * 1.001


class Disk(Reader):
    """A clock, and a reader whose reads take as long as they are told."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.takes = FAST
        self.reads = 0
        self.error: Exception | None = None

    def unchanged(self, api_key: str) -> Any:
        self.reads += 1
        self.now += self.takes
        if self.error is not None:
            raise self.error
        return f"fast {api_key}"

    async def read(self, api_key: str, *, rules_bind_admins: bool) -> Any:
        assert not rules_bind_admins, "handed on"
        return self.unchanged(api_key)


class Models(Reader):
    """Open WebUI's own models."""

    async def read(self, api_key: str, *, rules_bind_admins: bool) -> Any:
        assert not rules_bind_admins, "handed on"
        return f"host {api_key}"


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    disk = Disk()
    monkeypatch.setattr(time, "perf_counter", lambda: disk.now)
    return disk


@pytest.fixture
def reader(disk: Disk) -> PacedReader:
    return PacedReader(disk)


def ask(reader: PacedReader | FallbackReader, key: str = "sk-key") -> object:
    return asyncio.run(reader.read(key, rules_bind_admins=False))


def look(reader: PacedReader) -> object:
    """Ask whether a reading still holds."""
    return reader.unchanged("sk-key")


def read(reader: PacedReader, disk: Disk, takes: Sequence[float]) -> None:
    for each in takes:
        disk.takes = each
        assert ask(reader) == "fast sk-key"


def is_away(reader: PacedReader, disk: Disk) -> bool:
    before = disk.reads
    try:
        ask(reader)
    except SlowReadsError:
        assert disk.reads == before, "nobody must wait for it"
        return True
    return False


@pytest.mark.parametrize(
    "takes",
    [
        [FAST] * 20,
        [EDGE] * 20,
        [SLOW] * 2,
        [FAST, FAST, 5.0, FAST, FAST],
        [SLOW, SLOW, FAST, FAST, FAST] * 4,
    ],
)
def test_reads_of_which_most_are_fast_go_on(
    reader: PacedReader, disk: Disk, takes: list[float]
) -> None:
    read(reader, disk, takes)
    disk.takes = FAST
    assert not is_away(reader, disk)


@pytest.mark.parametrize(
    "takes", [[SLOW] * 3, [FAST] * 9 + [SLOW] * 3, [SLOW, FAST, SLOW, FAST, SLOW]]
)
def test_reads_of_which_most_are_slow_step_aside(
    reader: PacedReader, disk: Disk, takes: list[float]
) -> None:
    read(reader, disk, takes)
    for _ in range(5):
        assert is_away(reader, disk)


def test_after_a_pause_one_read_decides(reader: PacedReader, disk: Disk) -> None:
    read(reader, disk, [SLOW] * 3)
    for _ in range(2):
        disk.now += AWAY_SECONDS - FAST
        assert is_away(reader, disk)
        disk.now += FAST
        read(reader, disk, [SLOW])
        assert is_away(reader, disk)
    disk.now += AWAY_SECONDS
    read(reader, disk, [FAST, SLOW, SLOW])
    disk.takes = SLOW
    assert not is_away(reader, disk), "what was before the pause is forgotten"
    assert is_away(reader, disk)


def test_a_read_that_fails_slowly_is_slow(reader: PacedReader, disk: Disk) -> None:
    disk.takes, disk.error = SLOW, KeyError()
    for _ in range(3):
        with pytest.raises(KeyError):
            ask(reader)
    assert is_away(reader, disk)


def test_looks_count_as_reads_do(reader: PacedReader, disk: Disk) -> None:
    disk.takes = SLOW
    assert look(reader) == "fast sk-key"
    read(reader, disk, [SLOW])
    assert look(reader) == "fast sk-key"
    assert is_away(reader, disk)
    before = disk.reads
    assert look(reader) is None
    assert disk.reads == before, "nobody must wait for it"
    disk.now += AWAY_SECONDS
    disk.takes = FAST
    assert look(reader) == "fast sk-key", "this one decides"
    assert not is_away(reader, disk)


def test_a_look_that_fails_slowly_is_slow(reader: PacedReader, disk: Disk) -> None:
    disk.takes, disk.error = SLOW, KeyError()
    for _ in range(3):
        with pytest.raises(KeyError):
            look(reader)
    assert is_away(reader, disk)


def test_meanwhile_the_models_answer(
    reader: PacedReader, disk: Disk, caplog: pytest.LogCaptureFixture
) -> None:
    read(reader, disk, [SLOW] * 3)
    fallback = FallbackReader(reader, Models())
    assert [ask(fallback) for _ in range(9)] == ["host sk-key"] * 9
    assert caplog.text.count("(SlowReadsError); using Open WebUI's models") == 1
    disk.now += AWAY_SECONDS
    disk.takes = FAST
    assert ask(fallback) == "fast sk-key"
