"""How key, user and rules are read from the host's database, for every request anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import ColumnElement

ENABLED = "auth.enable_api_keys"
RESTRICTED = "auth.api_key.endpoint_restrictions"
ENDPOINTS = "auth.api_key.allowed_endpoints"
PERMISSIONS = "user.permissions"
RULES = (ENABLED, RESTRICTED, ENDPOINTS, PERMISSIONS)
"""The keys of the host's rules in its table `config`."""


class User(Protocol):
    """The host's user object, as far as the extension looks at it."""

    id: str
    email: str
    role: str


class Config(Protocol):
    """The host's class `Config`, as far as the extension uses it: the model of its table `config`.

    Attributes:
        key: The column of the settings' names.
        value: The column of their values, JSON.
        DEFAULTS: The defaults, by name.
    """

    key: ColumnElement[str]
    value: ColumnElement[object]
    DEFAULTS: Mapping[str, object]

    def persistent_enabled_for(self, key: str) -> bool:
        """Whether the value in the table counts."""

    def default_value(self, key: str) -> object:
        """Return the default of a setting."""

    async def get_many(self, *keys: str) -> Mapping[str, object]:
        """Return the values of settings that are in force."""


class Rules(NamedTuple):
    """The host's rules about API keys.

    Attributes:
        keys_enabled: The switch.
        allowed_endpoints: The text of the endpoint list, or None while it is not in force.
        permissions: The default permissions, as the host's `has_permission` takes them.
    """

    keys_enabled: bool
    allowed_endpoints: str | None
    permissions: object


class Reading(NamedTuple):
    """What the database holds about a key that names somebody.

    Attributes:
        user: The user whom the key names; an object of this request alone.
        expires_at: `expires_at` of the key's row, in epoch seconds.
        created_at: `created_at` of the key's row, in epoch seconds.
        rules: The rules in force, or None where they do not bind the user and were not read.
    """

    user: User
    expires_at: int | None
    created_at: int | None
    rules: Rules | None


class NotReadyError(Exception):
    """A reader is still getting ready; nothing has failed."""


ADMIN = "admin"
"""The role whose holders the rules may not bind."""


def rules_bind(user: User, *, rules_bind_admins: bool) -> bool:
    """Whether the rules are to be read for a user."""
    return rules_bind_admins or user.role != ADMIN


class Reader(Protocol):
    """Reads from the host's database. Whatever it raises means that it does not know."""

    async def read(self, api_key: str, *, rules_bind_admins: bool) -> Reading | None:
        """Return what is known about a key now, or None for a key that names nobody.

        Args:
            api_key: The key.
            rules_bind_admins: Whether to read the rules for an administrator as well.
        """


def rules_of(values: Mapping[str, object]) -> Rules:
    """Return the rules that values of the host's configuration make, read as the host reads them.

    Args:
        values: What `Config.get_many` of the host gives for `RULES`.
    """
    return Rules(
        keys_enabled=bool(values.get(ENABLED)),
        allowed_endpoints=str(values.get(ENDPOINTS, "")) if values.get(RESTRICTED) else None,
        permissions=values.get(PERMISSIONS),
    )
