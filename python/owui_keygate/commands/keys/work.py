"""What the commands do, through the host's own models."""

from __future__ import annotations

import inspect
import secrets
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import delete, select, update

from owui_keygate._native import fingerprint
from owui_keygate.commands.keys import holders
from owui_keygate.commands.keys.errors import (
    ConfirmationNeededError,
    HostUnusableError,
    RefusedError,
)
from owui_keygate.commands.keys.holders import Holder, keeps_times
from owui_keygate.commands.keys.ways_in import ways_in
from owui_keygate.readers import ADMIN

if TYPE_CHECKING:
    from collections.abc import Callable

    from owui_keygate.commands.keys.host import Host
    from owui_keygate.commands.keys.transaction import Execute


class Made(NamedTuple):
    """A key that was made.

    Attributes:
        api_key: The key.
        holder: Whose it is.
        account: What became of the account: `created`, `promoted` or `unchanged`.
        remarks: What a person should know about the account, a line each.
    """

    api_key: str
    holder: Holder
    account: str
    remarks: tuple[str, ...] = ()

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

    async def has(self, holder: Holder) -> bool:
        """Whether somebody has this key."""
        return any(each.fingerprint == holder.fingerprint for each in await self.every())

    async def create(  # noqa: PLR0913 (they are the options)
        self,
        email: str,
        *,
        name: str | None,
        life: int | None,
        promote: bool,
        reset_password: bool,
        confirmed: bool,
    ) -> Made:
        """Make an administrator's key, and the account if there is none.

        Args:
            email: Whose key it is.
            name: The name of a new account; else it is what the address begins with.
            life: For how many seconds the key is good.
            promote: Whether an account of another role may become an administrator's.
            reset_password: Whether the password and the sessions of an existing account end.
            confirmed: Whether a person has agreed to either.

        Raises:
            RefusedError: The account is not an administrator's, or has a key.
            ConfirmationNeededError: The account would become an administrator's, or be closed to
                those who are in.
        """
        self._check(life)
        found = await holders.find_account(self._users, self._execute, email)
        if not found:
            user_id = await self._add_administrator(email, name)
            return await self._give_key(user_id, life, "created")
        account = found[0]
        _check_free(found, promote=promote)
        promoted = account.role != ADMIN
        if (promoted or reset_password) and not confirmed:
            raise ConfirmationNeededError(self._consequence(account, reset=reset_password))
        if promoted:
            await _done(self._users.Users.update_user_role_by_id, account.id, ADMIN)
        if reset_password:
            await self._reset_password(account.id)
        made = await self._give_key(account.id, life, "promoted" if promoted else "unchanged")
        remark = self._remark(account.email, reset=reset_password)
        return made._replace(remarks=(remark, *made.remarks))

    async def rotate(self, name: str, *, life: int | None, confirmed: bool) -> Made:
        """Replace an administrator's key; the new one lives as long as the old one was meant to.

        Args:
            name: The e-mail address of its holder, or its fingerprint.
            life: For how many seconds the key is good, if not as long as the old one.
            confirmed: Whether a person has agreed to it.

        Raises:
            RefusedError: There is no such key, its holder is no administrator, or has several.
            ConfirmationNeededError: Nobody has agreed yet.
        """
        self._check(life)
        holder = (await holders.find_keys(self._users, self._execute, name))[0]
        if holder.role != ADMIN:
            message = (
                f"{holder.email} is no administrator (its role is {holder.role}): "
                "its key can be revoked, not replaced"
            )
            raise RefusedError(message)
        keys = [each for each in await self.every() if each.id == holder.id]
        if len(keys) > 1:
            message = (
                f"{holder.email} has several API keys ({_names(keys)}), and Open WebUI deletes all "
                "of them for a new one: revoke all but one first, by their fingerprints"
            )
            raise RefusedError(message)
        life = life or _span(holder)
        _check_confirmed(keys, confirmed=confirmed)
        return await self._give_key(holder.id, life, "unchanged")

    async def revoke(self, name: str, *, confirmed: bool) -> list[Holder]:
        """Delete the keys of an account or the one with a fingerprint, and return what they were.

        Args:
            name: The e-mail address of the account, or the fingerprint.
            confirmed: Whether a person has agreed to it.

        Raises:
            RefusedError: There is no such key, or several have the fingerprint.
            ConfirmationNeededError: Nobody has agreed yet.
        """
        found = await holders.find_keys(self._users, self._execute, name)
        _check_confirmed(found, confirmed=confirmed)
        holder = found[0]
        if not keeps_times(self._users):
            await _done(self._users.Users.update_user_api_key_by_id, holder.id, None)
        elif name == holder.fingerprint:
            await self._delete_row(holder)
        else:
            await _done(self._users.Users.delete_user_api_key_by_id, holder.id)
        return found

    async def _delete_row(self, holder: Holder) -> None:
        """Delete one key; the function of the host deletes all that an account has.

        Raises:
            RefusedError: It was replaced meanwhile; the host gives the new row the same id.
        """
        key = self._users.ApiKey
        this = key.id == holder.key_id
        found = (await self._execute(select(key.key).where(this).with_for_update())).scalar()
        if found is None or fingerprint(found) != holder.fingerprint:
            message = f"The API key {holder.fingerprint} was replaced or deleted meanwhile"
            raise RefusedError(message)
        await self._execute(delete(key).where(this))

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
            message = "That is no e-mail address that Open WebUI takes, and nothing was made"
            raise RefusedError(message)
        password = await _result(self._host.auth.get_password_hash, secrets.token_urlsafe(32))
        name = name or address.partition("@")[0]
        user = await _done(
            self._host.auths.Auths.insert_new_auth, address, password, name, role=ADMIN
        )
        return str(user.id)

    async def _reset_password(self, user_id: str) -> None:
        """Set a password that nobody knows; from 0.12.0 on that ends the sessions as well."""
        password = await _result(self._host.auth.get_password_hash, secrets.token_urlsafe(32))
        await _done(self._host.auths.Auths.update_user_password_by_id, user_id, password)

    @property
    def _ends_sessions(self) -> bool:
        """Whether a new password ends sessions, which hold a stamp from 0.12.0 on."""
        return hasattr(self._host.auths.Auth, "session_stamp")

    def _consequence(self, account: Holder, *, reset: bool) -> str:
        if reset:
            ended = "password and the sessions" if self._ends_sessions else "password"
            closed = f"the {ended} of {account.email} would stop working"
            if account.role == ADMIN:
                return closed[0].upper() + closed[1:]
            return (
                f"{account.email} (its role is {account.role}) would become an administrator, "
                f"and {closed}"
            )
        remedy = "both" if self._ends_sessions else "the password"
        return (
            f"{account.email} (its role is {account.role}) would become an administrator, and so "
            "would whoever knows its password or has a session of it: --reset-password ends "
            f"{remedy}"
        )

    def _remark(self, email: str, *, reset: bool) -> str:
        """Return what a person should know about an account that was there before."""
        if not reset:
            return (
                f"Warning: the account {email} was there before: whoever knows its password or has "
                "a session of it is an administrator"
            )
        if self._ends_sessions:
            return f"Nobody knows the password of {email} any more, and its sessions have ended"
        return (
            f"Warning: nobody knows the password of {email} any more, but this Open WebUI cannot "
            "end sessions: a session token is good until it expires (JWT_EXPIRES_IN), "
            "WEBUI_SECRET_KEY changes or the account is deleted"
        )

    async def _give_key(self, user_id: str, life: int | None, account: str) -> Made:
        api_key = str(self._host.auth.create_api_key())
        await _done(self._users.Users.update_user_api_key_by_id, user_id, api_key)
        holder = await holders.get_holder(self._users, self._execute, user_id, api_key)
        if life is not None and holder.created_at is not None:
            end = holder.created_at + life
            key = self._users.ApiKey
            await self._execute(update(key).where(key.key == api_key).values(expires_at=end))
            holder = holder._replace(expires_at=end)
        remarks = await ways_in(self._host, self._execute, user_id, holder.email)
        return Made(api_key, holder, account, tuple(remarks))


def _check_free(found: list[Holder], *, promote: bool) -> None:
    """Refuse an account that is not an administrator's, or has a key.

    Raises:
        RefusedError: It is such an account.
    """
    email, role = found[0].email, found[0].role
    if role != ADMIN and not promote:
        message = f"{email} is no administrator (its role is {role}): add --promote to make it one"
        raise RefusedError(message)
    if found[0].fingerprint is None:
        return
    if role == ADMIN:
        message = (
            f"{email} has the API key {_names(found)} already; "
            f"to replace it: owui-keygate keys rotate {email}"
        )
        raise RefusedError(message)
    message = (
        f"{email} has the API key {_names(found)}, and whoever holds it would be an administrator; "
        f"to delete it: owui-keygate keys revoke {email}"
    )
    raise RefusedError(message)


def _names(found: list[Holder]) -> str:
    return ", ".join(str(each.fingerprint) for each in found)


def _check_confirmed(found: list[Holder], *, confirmed: bool) -> None:
    if not confirmed:
        keys = "The API keys" if len(found) > 1 else "The API key"
        message = f"{keys} {_names(found)} of {found[0].email} would stop working"
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
