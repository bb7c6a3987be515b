"""Lengths of time as people write them."""

from __future__ import annotations

import pytest
from owui_keygate._native import parse_duration
from owui_keygate.commands.keys.durations import text_of


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90d", 7_776_000), ("12h", 43_200), ("30m", 1_800), ("45s", 45), ("999999d", 86_399_913_600)],
)
def test_a_duration_in_seconds(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "d",
        "90",
        "0d",
        "-1d",
        "+1d",
        "1.5d",
        "1 d",
        "1w",
        "1D",
        "1000000d",
        "1d1h",
        "\N{ARABIC-INDIC DIGIT ONE}d",
    ],
)
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="expected a whole number"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (-5, "0s"),
        (59, "59s"),
        (60, "1m"),
        (3_599, "59m"),
        (86_399, "23h"),
        (86_400, "1d"),
    ],
)
def test_a_length_of_time_in_its_largest_unit(seconds: int, text: str) -> None:
    assert text_of(seconds) == text
