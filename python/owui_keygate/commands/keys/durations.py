"""Durations as people read them: `90d`, `12h`, `30m`, `45s`."""

from __future__ import annotations

_UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}


def text_of(seconds: int) -> str:
    """Return a duration in the largest unit that it fills, rounded down."""
    for unit, size in _UNITS.items():
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return "0s"
