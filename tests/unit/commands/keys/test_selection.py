"""Which keys `list` shows, and which one of an account is its current one."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from owui_keygate.commands.keys import selection as module
from owui_keygate.commands.keys.errors import RefusedError
from owui_keygate.commands.keys.selection import Selection
from owui_keygate.readers.holder import Holder

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

DAY = 86_400
SECOND = 1 / DAY
NOW = 2_000_000_003


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "time", SimpleNamespace(time=lambda: NOW + 0.5))


def key(  # noqa: PLR0913 (they are what a key is)
    name: str,
    *,
    created: float | None = -100,
    ends: float | None = None,
    used: float | None = None,
    account: str = "1",
    role: str = "admin",
) -> Holder:
    """Return a key whose times are days from now."""

    def at(days: float | None) -> int | None:
        return None if days is None else NOW + round(days * DAY)

    return Holder(account, f"{account}@example.org", role, name, at(created), at(ends), at(used))


def names(selection: Selection, *keys: Holder) -> list[str | None]:
    selection.check(keeps_times=True)

    async def every() -> AsyncGenerator[Holder, None]:
        for each in keys:
            yield each

    async def shown() -> list[str | None]:
        return [each.fingerprint async for each in selection.of(every())]

    return asyncio.run(shown())


def test_without_conditions_all_are_shown() -> None:
    assert names(Selection(), key("a"), key("b", created=None)) == ["a", "b"]


def test_a_key_that_ends_soon_or_has_ended() -> None:
    keys = [
        key("ever"),
        key("late", ends=14 + SECOND),
        key("soon", ends=14),
        key("over", ends=-1),
    ]
    apart = [each._replace(id=str(each.fingerprint)) for each in keys]
    assert names(Selection(expiring=14 * DAY), *apart) == ["soon", "over"]


@pytest.mark.parametrize(
    ("newer", "shown"),
    [
        (key("new", created=-1), []),
        (key("new", created=-1, ends=90), []),
        (key("new", created=-1, ends=3), ["new"]),
        (key("new", created=-1, ends=1 + SECOND), ["new"]),
        (key("new", created=-1, ends=1), ["old", "new"]),
        (key("new", created=-1, ends=0.5), ["old", "new"]),
        (key("new", created=-1, account="2"), ["old"]),
        (key("new", created=-200), ["old"]),
    ],
)
def test_a_key_that_a_newer_one_outlives_alarms_nobody(newer: Holder, shown: list[str]) -> None:
    assert names(Selection(expiring=14 * DAY), key("old", ends=1), newer) == shown


def test_a_key_that_was_not_used_for_long() -> None:
    keys = [
        key("never"),
        key("long ago", used=-90),
        key("lately", used=-90 + SECOND),
        key("young", created=-89),
        key("young and used", created=-89, used=-1),
    ]
    assert names(Selection(unused=90 * DAY), *keys) == ["never", "long ago"]


def test_a_role() -> None:
    keys = [key("a"), key("b", role="user"), key("c", role="pending")]
    assert names(Selection(role="pending"), *keys) == ["c"]


def test_all_conditions_hold() -> None:
    keys = [key("a", ends=1), key("b", ends=1, used=-1, account="2"), key("c", account="3")]
    assert names(Selection(expiring=DAY * 2, unused=90 * DAY, role="admin"), *keys) == ["a"]


@pytest.mark.parametrize("selection", [Selection(expiring=1), Selection(unused=1)])
def test_times_that_are_not_kept_are_no_condition(selection: Selection) -> None:
    with pytest.raises(RefusedError, match=r"0\.6\.41"):
        selection.check(keeps_times=False)
    Selection(role="admin").check(keeps_times=False)


def test_the_keys_of_one_account_are_held_and_no_others() -> None:
    read = []

    async def every() -> AsyncGenerator[Holder, None]:
        for each in (key("a", ends=1), key("b"), key("c", account="2"), key("d", account="3")):
            read.append(each.fingerprint)
            yield each

    async def shown() -> dict[str | None, list[str | None]]:
        return {each.fingerprint: [*read] async for each in Selection(role="admin").of(every())}

    assert asyncio.run(shown()) == {
        "a": ["a", "b", "c"],
        "b": ["a", "b", "c"],
        "c": ["a", "b", "c", "d"],
        "d": ["a", "b", "c", "d"],
    }
