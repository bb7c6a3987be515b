"""Formats holders of keys, as JSON and for people."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from owui_keygate.commands.keys import durations
from owui_keygate.commands.keys.terminal import printable

if TYPE_CHECKING:
    from owui_keygate.commands.keys.holder import Holder


def to_json(found: list[Holder]) -> str:
    """Return holders as a JSON array."""
    return f"{json.dumps([facts_of(holder) for holder in found], indent=2)}\n"


def to_table(found: list[Holder]) -> str:
    """Return holders as a table for people."""
    rows: list[tuple[str, ...]] = [("FINGERPRINT", "ROLE", "AGE", "EXPIRES", "LAST USED", "E-MAIL")]
    rows += [_row(holder) for holder in found]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
    return "".join(f"{line}\n" for line in lines)


def facts_of(holder: Holder) -> dict[str, Any]:
    """Return a holder as a JSON object."""
    return {
        "email": holder.email,
        "role": holder.role,
        "fingerprint": holder.fingerprint,
        "created_at": holder.created_at,
        "expires_at": holder.expires_at,
        "last_used_at": holder.last_used_at,
    }


def fingerprints(found: list[Holder]) -> str:
    """Return the fingerprints of some keys, as part of a text."""
    return ", ".join(str(each.fingerprint) for each in found)


def _row(holder: Holder) -> tuple[str, ...]:
    age = "-"
    if holder.created_at is not None:
        age = durations.text_of(int(time.time()) - holder.created_at)
    times = ["-" if at is None else instant(at) for at in (holder.expires_at, holder.last_used_at)]
    return (str(holder.fingerprint), holder.role, age, *times, printable(holder.email))


def instant(seconds: int) -> str:
    """Return a time in UTC, for people."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
