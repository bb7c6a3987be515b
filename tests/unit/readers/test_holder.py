"""Which key of an account is its current one, and when a key has ended."""

from __future__ import annotations

from owui_keygate.readers.holder import Holder, has_ended, newest


def key(name: str, *, created: int | None = 100, ends: int | None = None) -> Holder:
    return Holder("1", "bot@example.org", "admin", name, created, ends, None)


def test_the_current_key_is_the_newest() -> None:
    old, new = key("old", created=100), key("new", created=101, ends=200)
    assert newest([old, new]) == newest([new, old]) == new
    alone = key("alone", created=None)
    assert newest([alone]) == alone


def test_of_one_second_it_is_the_one_that_lives_longer() -> None:
    """The one that was replaced ends first."""
    old, new, for_ever = key("old", ends=200), key("new", ends=201), key("for ever")
    assert newest([old, new]) == newest([new, old]) == new
    assert newest([for_ever, new]) == newest([new, for_ever]) == for_ever


def test_a_key_ends_with_the_second_of_its_end() -> None:
    assert not has_ended(key("a"), 10**10)
    assert not has_ended(key("a", ends=200), 199)
    assert has_ended(key("a", ends=200), 200)
