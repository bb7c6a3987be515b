"""Where the benchmark of session tokens, `benches.sessions`, joins this one."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any


def measure() -> dict[str, Any] | None:
    """Return what `benches.sessions` finds, or None where it is missing."""
    if importlib.util.find_spec("benches.sessions") is None:
        return None
    found: dict[str, Any] = importlib.import_module("benches.sessions").measure()
    return found
