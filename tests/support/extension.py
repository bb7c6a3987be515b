"""An extension without a host."""

from __future__ import annotations

from typing import Any

from owui_keygate._native import Policy, Settings
from owui_keygate.audit import AuditLog
from owui_keygate.extension import Extension, Standing
from owui_keygate.readers.choice import ReaderChoice


def extension_of(settings: Settings, **facts: Any) -> Extension:
    """Return an extension with these settings, and other facts as given."""
    made: dict[str, Any] = {
        "host_version": "0.12.4",
        "generation": "D",
        "settings": settings,
        "policy": Policy(settings),
        "audit": AuditLog(settings),
        "reader": ReaderChoice("none", "a test"),
        "standing": Standing(),
        "announce": lambda: None,
    }
    return Extension(**made | facts)
