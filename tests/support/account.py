"""An account, as far as the extension looks at one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Admin:
    """An administrator, unless another role is given."""

    id: str = "id"
    email: str = "admin@example.org"
    role: str = "admin"
