"""Formats holders of keys, as JSON and for people."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from owui_keygate.commands.keys import durations
from owui_keygate.commands.keys.terminal import printable
from owui_keygate.instants import instant
from owui_keygate.readers.holder import facts_of

if TYPE_CHECKING:
    from owui_keygate.readers.holder import Holder


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


def fingerprints(found: list[Holder]) -> str:
    """Return the fingerprints of some keys, as part of a text."""
    return ", ".join(str(each.fingerprint) for each in found)


def _row(holder: Holder) -> tuple[str, ...]:
    age = "-"
    if holder.created_at is not None:
        age = durations.text_of(int(time.time()) - holder.created_at)
    times = ["-" if at is None else instant(at) for at in (holder.expires_at, holder.last_used_at)]
    return (str(holder.fingerprint), holder.role, age, *times, printable(holder.email))
