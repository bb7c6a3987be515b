"""Ways into an account besides its password, as far as the configuration shows."""

from __future__ import annotations

import importlib.util
import os
from typing import TYPE_CHECKING

from sqlalchemy import JSON, column, select, table

if TYPE_CHECKING:
    from owui_keygate.commands.keys.host import Host
    from owui_keygate.readers.holders import Execute

_HEADER = "WEBUI_AUTH_TRUSTED_EMAIL_HEADER"
_SWITCHES = {
    "ENABLE_LDAP": ("ldap.enable", "LDAP"),
    "OAUTH_MERGE_ACCOUNTS_BY_EMAIL": ("oauth.merge_accounts_by_email", "an OAuth provider"),
}
"""By environment variable: the name in the saved configuration, and who vouches for addresses."""


async def ways_in(host: Host, execute: Execute, user_id: str, email: str) -> list[str]:
    """Return a warning for each way in which somebody else may sign in to an account.

    A switch counts if it is on in the environment or in the saved configuration: which of the two
    Open WebUI uses depends on its release and on further settings.

    Args:
        host: The host, which has read its `.env` file.
        execute: Executes a statement in its database.
        user_id: The id of the account.
        email: The address of the account.
    """
    saved = await _saved(host, execute)
    asserting = [
        f"{who} ({variable} in the environment or in the saved configuration)"
        for variable, (key, who) in _SWITCHES.items()
        if os.environ.get(variable, "").lower() == "true" or saved.get(key)
    ]
    if os.environ.get(_HEADER):
        asserting.insert(0, f"the trusted header ({_HEADER})")
    found = [
        f"Warning: {each} can sign somebody in as {email} without the account's password"
        for each in asserting
    ]
    user = host.users.User
    link = user.oauth if hasattr(user, "oauth") else user.oauth_sub
    if (await execute(select(link).where(user.id == user_id))).scalar():
        found.append(
            f"Warning: {email} is linked to an account at an OAuth provider, "
            f"which can sign in as {email}, too"
        )
    return found


async def _saved(host: Host, execute: Execute) -> dict[str, object]:
    """Return the saved values of the switches."""
    keys = [key for key, _ in _SWITCHES.values()]
    schema = host.database.Base.metadata.schema
    # From 0.10.0 on, each setting has its own row; before that, all settings share one.
    if importlib.util.find_spec("open_webui.models.config") is not None:
        rows = table("config", column("key"), column("value", JSON), schema=schema)
        found = await execute(select(rows.c.key, rows.c.value).where(rows.c.key.in_(keys)))
        return {row.key: row.value for row in found}
    whole = table("config", column("id"), column("data", JSON), schema=schema)
    newest = await execute(select(whole.c.data).order_by(whole.c.id.desc()).limit(1))
    data = newest.scalar() or {}
    return {key: _member(data, key) for key in keys}


def _member(data: object, path: str) -> object:
    """Return a member of nested objects, or None if it is missing."""
    for name in path.split("."):
        data = data.get(name) if isinstance(data, dict) else None
    return data
