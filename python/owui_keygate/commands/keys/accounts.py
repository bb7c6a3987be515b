"""Creates and promotes the accounts of keys, and resets their passwords."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

from owui_keygate.commands.keys.errors import RefusedError
from owui_keygate.commands.keys.host import call, call_or_fail
from owui_keygate.commands.keys.rendering import fingerprints
from owui_keygate.readers import ADMIN

if TYPE_CHECKING:
    from owui_keygate.commands.keys.host import Host
    from owui_keygate.readers.holder import Holder


class Accounts:
    """The accounts of a host.

    Args:
        host: The host, whose functions take part in the transaction.
    """

    def __init__(self, host: Host) -> None:
        self._host = host

    @property
    def first_is_expected(self) -> bool:
        """Whether the server creates an administrator as long as there is no account."""
        variables = ("WEBUI_ADMIN_EMAIL", "WEBUI_ADMIN_PASSWORD")
        return hasattr(self._host.auth, "create_admin_user") and all(map(os.environ.get, variables))

    async def add_administrator(self, email: str, name: str | None) -> str:
        """Add an account as the host's own route does, with a password that nobody knows."""
        address = email.lower()
        # Open WebUI accepts them, and nobody would tell the account from the one without them.
        if not address.isprintable() or " " in address:
            message = (
                "Nothing was done: the e-mail address contains a space or an unprintable character"
            )
            raise RefusedError(message)
        if not self._host.misc.validate_email_format(address):
            message = "Nothing was done: Open WebUI does not accept this e-mail address"
            raise RefusedError(message)
        password = await call(self._host.auth.get_password_hash, secrets.token_urlsafe(32))
        name = name or address.partition("@")[0]
        user = await call_or_fail(
            self._host.auths.Auths.insert_new_auth, address, password, name, role=ADMIN
        )
        return str(user.id)

    async def promote(self, user_id: str) -> None:
        """Make an account an administrator."""
        await call_or_fail(self._host.users.Users.update_user_role_by_id, user_id, ADMIN)

    async def reset_password(self, user_id: str) -> None:
        """Set a password that nobody knows; from 0.12.0 on, this also ends the sessions."""
        password = await call(self._host.auth.get_password_hash, secrets.token_urlsafe(32))
        await call_or_fail(self._host.auths.Auths.update_user_password_by_id, user_id, password)

    @property
    def _ends_sessions(self) -> bool:
        """Whether a new password ends sessions, which contain a stamp from 0.12.0 on."""
        return hasattr(self._host.auths.Auth, "session_stamp")

    def consequence(self, account: Holder, *, reset: bool) -> str:
        """Return what a person must agree to before an existing account gets a key."""
        if reset:
            ended = "password and the sessions" if self._ends_sessions else "password"
            closed = f"the {ended} of {account.email} would stop working"
            if account.role == ADMIN:
                return closed[0].upper() + closed[1:]
            return (
                f"{account.email} (its role is {account.role}) would become an administrator, "
                f"and {closed}"
            )
        ended = " and ends its sessions" if self._ends_sessions else ""
        return (
            f"{account.email} (its role is {account.role}) would become an administrator, and so "
            "would anyone who knows its password or has one of its sessions: --reset-password "
            f"replaces the password{ended}"
        )

    def remark(self, email: str, *, reset: bool) -> str:
        """Return what a person should know about an account that already existed."""
        if not reset:
            return (
                f"Warning: the account {email} already existed: anyone who knows its password or "
                "has one of its sessions is an administrator"
            )
        if self._ends_sessions:
            return f"{email} has a new password that nobody knows, and its sessions have ended"
        return (
            f"Warning: {email} has a new password that nobody knows, but this Open WebUI cannot "
            "end sessions: a session token stays valid until it expires (JWT_EXPIRES_IN), "
            "WEBUI_SECRET_KEY changes or the account is deleted"
        )


def check_free(found: list[Holder], *, promote: bool) -> None:
    """Refuse an account that is not an administrator, or has a key.

    Raises:
        RefusedError: The account is refused.
    """
    email, role = found[0].email, found[0].role
    if role != ADMIN and not promote:
        message = (
            f"{email} is not an administrator (its role is {role}): add --promote to make it one"
        )
        raise RefusedError(message)
    if found[0].fingerprint is None:
        return
    if role == ADMIN:
        message = (
            f"{email} already has the API key {fingerprints(found)}; "
            f"to replace it: owui-keygate keys rotate {email}"
        )
        raise RefusedError(message)
    message = (
        f"{email} has the API key {fingerprints(found)}, and anyone who has the key would become "
        f"an administrator; to delete it first: owui-keygate keys revoke {email}"
    )
    raise RefusedError(message)
