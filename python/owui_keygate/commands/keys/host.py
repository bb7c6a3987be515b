"""The modules of the host that the commands use."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from types import ModuleType


class Host(NamedTuple):
    """The host's modules that are needed here."""

    database: ModuleType
    users: ModuleType
    auths: ModuleType
    auth: ModuleType
    misc: ModuleType
