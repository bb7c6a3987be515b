"""When a key ends: `90d` after it is created, or at a date such as `2027-01-31T12:00Z`."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from typing import NamedTuple

from owui_keygate._native import parse_duration
from owui_keygate.panics import as_errors

_DATE = re.compile(
    r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?)?",
    re.ASCII,
)
_EXPECTED = (
    "expected a whole number and one of d, h, m and s, such as 90d, or a date such as 2027-01-31 "
    "or 2027-01-31T12:00Z"
)


_LAST = 253_402_300_799
"""The last second of the year 9999 in UTC, after which Python has no date."""


class Expiry(NamedTuple):
    """The end of a key.

    Attributes:
        seconds: Seconds after its creation, or since 1970.
        is_date: Whether they count from 1970.
    """

    seconds: int
    is_date: bool = False

    def after(self, created_at: int) -> int:
        """Return the end of a key that is created then; both are seconds since 1970."""
        return self.seconds if self.is_date else created_at + self.seconds


def parse_expiry(text: str) -> Expiry:
    """Return what a duration or a date means; without an offset, a date is in UTC.

    A date without a time is its first moment.

    Raises:
        ValueError: The text is neither, or the date is past; the message does not repeat it.
        PanicError: The native module has panicked.
    """
    if not _DATE.fullmatch(text):
        try:
            with as_errors():
                return Expiry(parse_duration(text))
        except ValueError:
            raise ValueError(_EXPECTED) from None
    try:
        date = datetime.fromisoformat(text)
    except ValueError:
        message = "there is no such date"
        raise ValueError(message) from None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    seconds = int(date.timestamp())
    if seconds > _LAST:
        message = "this date is too late"
        raise ValueError(message)
    if seconds <= time.time():
        message = "this date is in the past"
        raise ValueError(message)
    return Expiry(seconds, is_date=True)
