"""How key, user and rules are read from the host's database, for every request anew."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class User(Protocol):
    """The host's user object, as far as the extension looks at it."""

    id: str
    email: str
    role: str


@dataclass(frozen=True, slots=True)
class Principal:
    """The user whom a key names, and the `expires_at` of the key's row in epoch seconds."""

    user: User
    expires_at: int | None


@dataclass(frozen=True, slots=True)
class Rules:
    """The host's rules about API keys.

    Attributes:
        keys_enabled: The switch.
        allowed_endpoints: The text of the endpoint list, or None while it is not in force.
        permissions: The default permissions, as the host's `has_permission` takes them.
    """

    keys_enabled: bool
    allowed_endpoints: str | None
    permissions: object


class Reader(Protocol):
    """Reads from the host's database. Whatever it raises means that the host decides."""

    async def principal(self, api_key: str) -> Principal | None:
        """Return whom a key names now, or None for a key that names nobody."""

    async def rules(self) -> Rules:
        """Return the rules in force now."""

    async def permitted(self, user: User, rules: Rules) -> bool:
        """Return whether a user has the permission `features.api_keys` now."""
