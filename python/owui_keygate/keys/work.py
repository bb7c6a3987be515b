"""What the commands do, through the host's own models."""

from __future__ import annotations

import inspect
import secrets
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import update

from owui_keygate.keys import holders
from owui_keygate.keys.errors import ConfirmationNeededError, HostUnusableError, RefusedError
from owui_keygate.keys.holders import Holder, keeps_times
from owui_keygate.readers import ADMIN

if TYPE_CHECKING:
    from collections.abc import Callable

    from owui_keygate.keys.host import Host
    from owui_keygate.keys.transaction import Execute


class Made(NamedTuple):
    """A key that was made.

    Attributes:
        api_key: The key.
        holder: Whose it is.
        account: What became of the account: `created`, `promoted` or `unchanged`.
    """

    api_key: str
    holder: Holder
    account: str

    def __repr__(self) -> str:
        """Return it without the key."""
        return f"Made({self.holder!r}, {self.account!r})"


class Keys:
    """The API keys of a host, within one transaction.

    Args:
        host: The host; its functions take part in the transaction.
        execute: Executes a statement in it.
    """

    def __init__(self, host: Host, execute: Execute) -> None:
        self._host = host
        self._users = host.users
        self._execute = execute

    async def every(self) -> list[Holder]:
        """Return all holders of keys."""
        return await holders.every_holder(self._users, self._execute)

    async def create(
        self, email: str, *, name: str | None, life: int | None, promote: bool, confirmed: bool
    ) -> Made:
        """Make an administrator's key, and the account if there is none.

        Args:
            email: Whose key it is.
            name: The name of a new account; else it is what the address begins with.
            life: For how many seconds the key is good.
            promote: Whether an account of another role may become an administrator's.
            confirmed: Whether a person has agreed to that.

        Raises:
            RefusedError: The account is not an administrator's, or has a key.
            ConfirmationNeededError: The account would become an administrator's.
        """
        self._check(life)
        account = await holders.find_account(self._users, self._execute, email)
        if account is None:
            user_id = await self._add_administrator(email, name)
            return await self._give_key(user_id, life, "created")
        if account.role != ADMIN and not promote:
            message = (
                f"{email} is no administrator (its role is {account.role}): "
                "add --promote to make it one"
            )
            raise RefusedError(message)
        if account.fingerprint is not None:
            message = (
                f"{email} has the API key {account.fingerprint} already; "
                f"to replace it: owui-keygate keys rotate {email}"
            )
            raise RefusedError(message)
        if account.role == ADMIN:
            return await self._give_key(account.id, life, "unchanged")
        if not confirmed:
            message = f"{email} (its role is {account.role}) would become an administrator"
            raise ConfirmationNeededError(message)
        await _done(self._users.Users.update_user_role_by_id, account.id, ADMIN)
        return await self._give_key(account.id, life, "promoted")

    async def rotate(self, name: str, *, life: int | None, confirmed: bool) -> Made:
        """Replace an administrator's key; the new one lives as long as the old one was meant to.

        Args:
            name: The e-mail address of its holder, or its fingerprint.
            life: For how many seconds the key is good, if not as long as the old one.
            confirmed: Whether a person has agreed to it.

        Raises:
            RefusedError: There is no such key, or its holder is no administrator.
            ConfirmationNeededError: Nobody has agreed yet.
        """
        self._check(life)
        holder = await holders.find_holder(self._users, self._execute, name)
        if holder.role != ADMIN:
            message = (
                f"{holder.email} is no administrator (its role is {holder.role}): "
                "its key can be revoked, not replaced"
            )
            raise RefusedError(message)
        life = life or _span(holder)
        _check_confirmed(holder, confirmed=confirmed)
        return await self._give_key(holder.id, life, "unchanged")

    async def revoke(self, name: str, *, confirmed: bool) -> Holder:
        """Delete a key, and return whose it was.

        Args:
            name: The e-mail address of its holder, or its fingerprint.
            confirmed: Whether a person has agreed to it.

        Raises:
            RefusedError: There is no such key, or there are several.
            ConfirmationNeededError: Nobody has agreed yet.
        """
        holder = await holders.find_holder(self._users, self._execute, name)
        _check_confirmed(holder, confirmed=confirmed)
        if keeps_times(self._users):
            await _done(self._users.Users.delete_user_api_key_by_id, holder.id)
        else:
            await _done(self._users.Users.update_user_api_key_by_id, holder.id, None)
        return holder

    def _check(self, life: int | None) -> None:
        if life is not None and not keeps_times(self._users):
            message = (
                "This Open WebUI has no end of a key, which came with 0.6.41: leave --expires out"
            )
            raise RefusedError(message)

    async def _add_administrator(self, email: str, name: str | None) -> str:
        """Add the account as the host's own route does, with a password that nobody knows."""
        address = email.lower()
        if not self._host.misc.validate_email_format(address):
            message = f"{email} is no e-mail address that Open WebUI takes"
            raise RefusedError(message)
        password = await _result(self._host.auth.get_password_hash, secrets.token_urlsafe(32))
        name = name or address.partition("@")[0]
        user = await _done(
            self._host.auths.Auths.insert_new_auth, address, password, name, role=ADMIN
        )
        return str(user.id)

    async def _give_key(self, user_id: str, life: int | None, account: str) -> Made:
        api_key = str(self._host.auth.create_api_key())
        await _done(self._users.Users.update_user_api_key_by_id, user_id, api_key)
        holder = await holders.get_account(self._users, self._execute, user_id)
        if life is not None and holder.created_at is not None:
            end = holder.created_at + life
            key = self._users.ApiKey
            await self._execute(update(key).where(key.user_id == user_id).values(expires_at=end))
            holder = holder._replace(expires_at=end)
        return Made(api_key, holder, account)


def _check_confirmed(holder: Holder, *, confirmed: bool) -> None:
    if not confirmed:
        message = f"The API key {holder.fingerprint} of {holder.email} would stop working"
        raise ConfirmationNeededError(message)


def _span(holder: Holder) -> int | None:
    """Return for how many seconds a key was good when it was made, or None if for ever."""
    if holder.expires_at is None or holder.created_at is None:
        return None
    span = holder.expires_at - holder.created_at
    if span <= 0:
        message = f"The key of {holder.email} was never good, so say how long: add --expires"
        raise RefusedError(message)
    return span


async def _done(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:  # noqa: ANN401
    """Call a function of the host that returns something if it did what it should.

    Raises:
        HostUnusableError: It did not.
    """
    result = await _result(function, *arguments, **options)
    if not result:
        message = (
            f"Open WebUI failed at {function.__name__}, and everything was undone: "
            "see whether its database is in order"
        )
        raise HostUnusableError(message)
    return result


async def _result(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:  # noqa: ANN401
    """Call a function of the host, which is async in later releases."""
    result = function(*arguments, **options)
    return await result if inspect.isawaitable(result) else result
