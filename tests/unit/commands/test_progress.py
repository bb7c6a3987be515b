"""What a person who waits is told, and when."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from owui_keygate.commands.keys.quiet import silence
from owui_keygate.commands.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Clock:
    """A clock that stands still until somebody waits."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def wait_until(self, end: float) -> Callable[[float], bool]:
        """Return what waits for work that is done after so many seconds from now."""
        done_at = self.now + end

        def wait(seconds: float) -> bool:
            self.now = min(self.now + seconds, done_at)
            return self.now >= done_at

        return wait


def said(progress: Progress, clock: Clock, seconds: float) -> list[str]:
    """Return what is said of work that takes so many seconds."""
    lines: list[str] = []
    progress.watch(clock.wait_until(seconds), lines.append)
    return lines


@pytest.mark.parametrize(
    ("seconds", "lines"),
    [
        (0.9, []),
        (1.1, ["Working ...\n"]),
        (15.9, ["Working ...\n"]),
        (31.5, ["Working ...\n", "Working, 16 s so far ...\n", "Working, 31 s so far ...\n"]),
    ],
)
def test_a_line_after_a_second_and_then_every_fifteen(seconds: float, lines: list[str]) -> None:
    clock = Clock()
    assert said(Progress("Working", clock=clock), clock, seconds) == lines


@contextmanager
def stderr_piped() -> Iterator[int]:
    """Make standard error a pipe, and yield its other end.

    This is no fixture, because pytest redirects the stream anew before a test begins.
    """
    kept = os.dup(2)
    reading, writing = os.pipe()
    os.dup2(writing, 2)
    os.close(writing)
    try:
        yield reading
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(reading)


def test_what_lies_between_two_parts_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Progress, "_speak", lambda _, stream: stream.close())
    clock = Clock()
    progress = Progress("Working", clock=clock)
    clock.now += 60
    with progress:
        clock.now += 0.5
    clock.now += 60
    with progress:
        assert said(progress, clock, 0.4) == []
    with progress:
        assert said(progress, clock, 0.2) == ["Working ...\n"]
    clock.now += 60
    with progress:
        assert said(progress, clock, 15.5) == ["Working, 16 s so far ...\n"]


def test_it_speaks_while_everything_else_is_silenced() -> None:
    with stderr_piped() as stderr:
        with Progress("Working", silent=0), silence():
            os.write(2, b"noise\n")
            assert os.read(stderr, 100) == b"Working ...\n"
        os.close(2)
        assert os.read(stderr, 100) == b""


def test_a_moment_leaves_no_line_and_no_open_stream() -> None:
    with stderr_piped() as stderr:
        with Progress("Working", silent=3600):
            pass
        os.close(2)
        assert os.read(stderr, 100) == b""


def test_without_standard_error_it_says_nothing() -> None:
    with stderr_piped() as stderr:
        os.close(2)
        with Progress("Working", silent=0):
            pass
        assert os.read(stderr, 100) == b""


def test_standard_error_that_nobody_reads_is_no_error() -> None:
    kept = os.dup(2)
    reading, writing = os.pipe()
    os.close(reading)
    os.dup2(writing, 2)
    os.close(writing)
    try:
        with Progress("Working", silent=0):
            pass
    finally:
        os.dup2(kept, 2)
        os.close(kept)
