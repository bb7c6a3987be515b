"""Formats holders of keys, as JSON and for people."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Protocol

from owui_keygate.commands.keys import durations
from owui_keygate.commands.keys.terminal import printable
from owui_keygate.instants import instant
from owui_keygate.readers.holder import facts_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from owui_keygate.readers.holder import Holder

_HEAD = ("FINGERPRINT", "ROLE", "AGE", "EXPIRES", "LAST USED", "E-MAIL")


class Form(Protocol):
    """How a list of any length is written, part after part."""

    def part(self, holders: Sequence[Holder]) -> str:
        """Return the next part."""

    def end(self) -> str:
        """Return what follows the last part."""


class JsonArray:
    """A JSON array."""

    def __init__(self) -> None:
        self._begun = False

    def part(self, holders: Sequence[Holder]) -> str:
        """Return the next part."""
        if not holders:
            return ""
        before = ",\n" if self._begun else "[\n"
        self._begun = True
        return before + ",\n".join(map(_object, holders))

    def end(self) -> str:
        """Return what follows the last part."""
        return "\n]\n" if self._begun else "[]\n"


class Table:
    """A table for people.

    Its first part gives the columns their widths. A longer value further down moves the rest of its
    line to the right.
    """

    def __init__(self) -> None:
        self._widths: list[int] | None = None

    def part(self, holders: Sequence[Holder]) -> str:
        """Return the next part."""
        rows = [_row(holder) for holder in holders]
        if self._widths is None:
            rows.insert(0, _HEAD)
            self._widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
            # The last column ends where its values end.
            self._widths[-1] = 0
        widths = self._widths
        return "".join(f"{'  '.join(map(str.ljust, row, widths)).rstrip()}\n" for row in rows)

    def end(self) -> str:
        """Return what follows the last part."""
        return ""


def to_json(found: Sequence[Holder]) -> str:
    """Return holders as a JSON array."""
    form = JsonArray()
    return form.part(found) + form.end()


def fingerprints(found: Sequence[Holder]) -> str:
    """Return the fingerprints of some keys, as part of a text."""
    return ", ".join(str(each.fingerprint) for each in found)


def _object(holder: Holder) -> str:
    """Return a JSON object in an array; `json` with an indent takes three times as long."""
    members = (f"    {json.dumps(name)}: {json.dumps(it)}" for name, it in facts_of(holder).items())
    return "  {\n" + ",\n".join(members) + "\n  }"


def _row(holder: Holder) -> tuple[str, ...]:
    age = "-"
    if holder.created_at is not None:
        age = durations.text_of(int(time.time()) - holder.created_at)
    times = ["-" if at is None else instant(at) for at in (holder.expires_at, holder.last_used_at)]
    return (str(holder.fingerprint), holder.role, age, *times, printable(holder.email))
