"""Waiting for a database: how often it is asked, what is said meanwhile, and when that ends."""

from __future__ import annotations

import pytest
from owui_keygate.commands.keys import waiting
from owui_keygate.commands.keys.errors import HostUnusableError, NotReadyError
from owui_keygate.commands.keys.waiting import Patience


class Clock:
    """A clock that only moves while somebody sleeps, a little longer than was asked for."""

    def __init__(self) -> None:
        self.now = 10.0
        self.pauses: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        assert len(self.pauses) < 100, "it waits for ever"
        self.pauses.append(seconds)
        self.now += seconds + 0.01


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(waiting, "time", made)
    return made


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(waiting, "say", lines.append)
    return lines


def ready_at(clock: Clock, moment: float) -> str:
    if clock.now < moment:
        message = "no tables"
        raise NotReadyError(message)
    return "ready"


def test_what_is_ready_is_not_waited_for(clock: Clock, said: list[str]) -> None:
    assert Patience(60).until_ready(lambda: ready_at(clock, 0)) == "ready"
    assert (clock.pauses, said) == ([], [])


def test_a_short_wait_is_silent(clock: Clock, said: list[str]) -> None:
    assert Patience(60).until_ready(lambda: ready_at(clock, 10.6)) == "ready"
    assert said == []


def test_a_long_wait_asks_ever_less_often_and_says_so(clock: Clock, said: list[str]) -> None:
    assert Patience(60).until_ready(lambda: ready_at(clock, 50)) == "ready"
    assert clock.pauses[:6] == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 2])
    assert set(clock.pauses[5:]) == {2}
    assert said[0] == "Waiting up to 58 s more: no tables"
    assert len(said) == 3


def test_the_wait_ends(clock: Clock, said: list[str]) -> None:
    patience = Patience(10)
    with pytest.raises(NotReadyError, match="no tables"):
        patience.until_ready(lambda: ready_at(clock, 1_000))
    assert clock.now == pytest.approx(20, abs=0.1)
    assert said
    with pytest.raises(NotReadyError):
        patience.until_ready(lambda: ready_at(clock, 1_000))
    assert clock.now == pytest.approx(20, abs=0.1), "the time is one for all that is waited for"


def test_without_a_time_there_is_one_attempt(clock: Clock, said: list[str]) -> None:
    assert Patience().seconds == 0
    with pytest.raises(NotReadyError):
        Patience().until_ready(lambda: ready_at(clock, 1_000))
    assert (clock.pauses, said) == ([], [])


@pytest.mark.usefixtures("said")
def test_what_does_not_pass_is_not_waited_for(clock: Clock) -> None:
    def broken() -> None:
        message = "broken"
        raise HostUnusableError(message)

    with pytest.raises(HostUnusableError, match="broken"):
        Patience(60).until_ready(broken)
    assert clock.pauses == []
