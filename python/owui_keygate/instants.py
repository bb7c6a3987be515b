"""Times, for people."""

from __future__ import annotations

from datetime import UTC, datetime


def instant(seconds: int) -> str:
    """Return a time in UTC, for people."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
