"""Reads key, user and rules from the host's database, anew for every request."""

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
"""The names of the host's rules in its table `config`."""


class User(Protocol):
    """The host's user object, as far as the extension uses it."""

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
        keys_enabled: Whether the host's switch is on.
        allowed_endpoints: The text of the endpoint list, or None if it is not in force.
        permissions: The default permissions, as the host's `has_permission` takes them.
    """

    keys_enabled: bool
    allowed_endpoints: str | None
    permissions: object


class Reading(NamedTuple):
    """What the database contains about a key that names a user.

    Attributes:
        user: The user whom the key names; an object for this request alone.
        expires_at: `expires_at` of the key's row, in epoch seconds.
        created_at: `created_at` of the key's row, in epoch seconds.
        rules: The rules in force, or None if they do not bind the user and were not read.
    """

    user: User
    expires_at: int | None
    created_at: int | None
    rules: Rules | None


class NotReadyError(Exception):
    """The reader is still starting; nothing has failed."""


ADMIN = "admin"
"""The role of users whom the rules may not bind."""


def rules_bind(user: User, *, rules_bind_admins: bool) -> bool:
    """Whether the rules bind a user, and so must be read."""
    return rules_bind_admins or user.role != ADMIN


class Reader(Protocol):
    """Reads from the host's database. Any exception means that the answer is unknown."""

    def unchanged(self, api_key: str) -> Reading | None:  # noqa: ARG002 (most readers cannot tell)
        """Return a reading of which the database says now, without a wait, that it still holds.

        It is for an administrator whom the rules do not bind. None means that `read` must find out.

        Args:
            api_key: The key.
        """
        return None

    async def read(self, api_key: str, *, rules_bind_admins: bool) -> Reading | None:
        """Return what the database contains about a key now, or None for a key that names nobody.

        Args:
            api_key: The key.
            rules_bind_admins: Whether to read the rules for administrators, too.
        """


def rules_of(values: Mapping[str, object]) -> Rules:
    """Return the rules in the host's configuration, understood as the host understands them.

    Args:
        values: What the host's `Config.get_many` returns for `RULES`.
    """
    return Rules(
        keys_enabled=bool(values.get(ENABLED)),
        allowed_endpoints=str(values.get(ENDPOINTS, "")) if values.get(RESTRICTED) else None,
        permissions=values.get(PERMISSIONS),
    )
