"""When a key ends, as people write it."""

from __future__ import annotations

import time

import pytest
from owui_keygate.commands.keys.expiry import Expiry, parse_expiry

NEW_YEAR = 4_102_444_800
"""The first second of 2100 in UTC."""


@pytest.mark.parametrize(
    ("text", "expiry"),
    [
        ("90d", Expiry(7_776_000)),
        ("45s", Expiry(45)),
        ("2100-01-01", Expiry(NEW_YEAR, is_date=True)),
        ("2100-01-01T00:00", Expiry(NEW_YEAR, is_date=True)),
        ("2100-01-01T12:00Z", Expiry(NEW_YEAR + 43_200, is_date=True)),
        ("2100-01-01T12:00:05Z", Expiry(NEW_YEAR + 43_205, is_date=True)),
        ("2100-01-01T01:30+01:30", Expiry(NEW_YEAR, is_date=True)),
        ("2099-12-31T22:00-02:00", Expiry(NEW_YEAR, is_date=True)),
    ],
)
def test_an_end(text: str, expiry: Expiry) -> None:
    assert parse_expiry(text) == expiry


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "expected a whole number"),
        ("soon", "expected a whole number"),
        ("0w", "expected a whole number"),
        ("21000101", "expected a whole number"),
        ("2100-W01-1", "expected a whole number"),
        ("2100-01-01T", "expected a whole number"),
        ("2100-01-01 12:00", "expected a whole number"),
        ("2100-01-01T12:00:05.5", "expected a whole number"),
        ("2100-01-01\n", "expected a whole number"),
        ("2100-02-30", "no such date"),
        ("0001-01-01T00:00+23:59", "past"),
        ("9999-12-31T23:59-23:59", "too late"),
        ("2100-01-01T12:00+25:00", "no such date"),
        ("2020-01-31", "past"),
        ("1970-01-01T00:00Z", "past"),
    ],
)
def test_what_is_none(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as raised:
        parse_expiry(text)
    if text:
        assert text not in str(raised.value)


def test_the_clock_of_the_place_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert parse_expiry("2100-01-01T00:00") == Expiry(NEW_YEAR, is_date=True)
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_duration_begins_with_the_key_and_a_date_does_not() -> None:
    assert Expiry(90).after(1_000) == 1_090
    assert Expiry(NEW_YEAR, is_date=True).after(1_000) == NEW_YEAR
