"""Where the benchmark of session tokens, `benches.sessions`, joins this one."""

from __future__ import annotations

import importlib
import importlib.util

Found = dict[str, dict[str, float]]
"""For each way of calling `decode_token`: `pyjwt` and `replaced` in microseconds, and `ratio`."""

JUDGED = "loop"


def measure() -> Found | None:
    """Return what `benches.sessions` finds, or None where it is missing."""
    if importlib.util.find_spec("benches.sessions") is None:
        return None
    found: Found = importlib.import_module("benches.sessions").measure()
    return found
