"""The warning of keys that have ended although nothing enforces it."""

from __future__ import annotations

import pytest
from owui_keygate.commands.keys import ended as module
from owui_keygate.commands.keys.ended import MOST_NAMED, EndedKeys
from owui_keygate.readers.holder import Holder


def key(number: int, *, ends: int | None = 1, email: str = "bot@b") -> Holder:
    return Holder("1", email, "admin", f"{number:08x}", 1, ends, None)


@pytest.fixture(autouse=True)
def _rule(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the bypass rule one account."""
    monkeypatch.setattr(module, "is_ruled", lambda holder: holder.email == "ruled@b")


def warning(*keys: Holder) -> str | None:
    ended = EndedKeys()
    for each in keys:
        ended.look_at(each)
    return ended.warning()


def test_nobody_is_warned_of_what_has_not_ended_or_is_refused() -> None:
    assert warning(key(1, ends=None), key(2, ends=10**11), key(3, email="ruled@b")) is None


def test_one_and_two_are_named() -> None:
    assert str(warning(key(1))).startswith("Warning: 1 API key has ended, ")
    two = str(warning(key(1), key(2)))
    assert "2 API keys have ended, " in two
    assert "(00000001, 00000002)" in two


def test_of_many_some_are_named() -> None:
    text = str(warning(*map(key, range(1000))))
    assert "1000 API keys have ended, " in text
    assert f"{MOST_NAMED - 1:08x} and {1000 - MOST_NAMED} more)" in text
    assert len(text) < 600
