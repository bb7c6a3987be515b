"""The extension in this process: what every replacement works with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from owui_keygate._native import Policy, Settings
    from owui_keygate.audit import AuditLog
    from owui_keygate.readers.choice import ReaderChoice


class Standing:
    """Whether the replacements do their work.

    Attributes:
        in_force: False once the extension has stood down.
    """

    in_force = True


@dataclass(frozen=True, eq=False, slots=True)
class Extension:
    """The extension in a process that imports the host; made once.

    Attributes:
        host_version: The host's version.
        generation: The name of the host's generation.
        settings: The settings, read once.
        policy: The decision.
        audit: Where decisions are counted and written down.
        reader: How the database is read.
        standing: Whether the replacements do their work.
        announce: Logs that the extension is active; to be called once the host has set up its logs.
    """

    host_version: str
    generation: str
    settings: Settings
    policy: Policy
    audit: AuditLog
    reader: ReaderChoice
    standing: Standing
    announce: Callable[[], None]
