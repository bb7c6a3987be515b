"""What has become of a patch point. `doctor` names it without importing what it patches."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """What has become of a patch point."""

    APPLIED = "applied"
    NOT_NEEDED = "not needed"
    NOT_APPLIED = "not applied"
