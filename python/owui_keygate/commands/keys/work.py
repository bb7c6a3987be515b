"""Creates, replaces and deletes API keys, through the host's own models."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import delete, select, update

from owui_keygate._native import fingerprint
from owui_keygate.commands.keys import holders
from owui_keygate.commands.keys.accounts import Accounts, check_free
from owui_keygate.commands.keys.errors import ConfirmationNeededError, RefusedError
from owui_keygate.commands.keys.holders import fingerprints
from owui_keygate.commands.keys.host import call_or_fail
from owui_keygate.commands.keys.ways_in import ways_in
from owui_keygate.readers import ADMIN
from owui_keygate.readers.holders import Holder, every_holder, keeps_times

if TYPE_CHECKING:
    from owui_keygate.commands.keys.host import Host
    from owui_keygate.readers.holders import Execute


class Made(NamedTuple):
    """A key that was created.

    Attributes:
        api_key: The key.
        holder: Its holder.
        account: What happened to the account: `created`, `promoted` or `unchanged`.
        remarks: What a person should know about the account, one line each.
    """

    api_key: str
    holder: Holder
    account: str
    remarks: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Return a text without the key."""
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
        self._accounts = Accounts(host)

    async def every(self) -> list[Holder]:
        """Return all holders of keys."""
        return await every_holder(self._users, self._execute)

    async def has(self, holder: Holder) -> bool:
        """Whether the holder's key exists."""
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
        """Create an administrator's key, and the account if it does not exist.

        Args:
            email: The address of the account.
            name: The name of a new account; by default the part of the address before the `@`.
            life: How many seconds the key stays valid.
            promote: Whether an account with another role may become an administrator.
            reset_password: Whether an existing account gets a new password.
            confirmed: Whether a person has agreed to the last two.

        Raises:
            RefusedError: The account is not an administrator, or has a key.
            ConfirmationNeededError: The account would be promoted or get a new password.
        """
        self._check(life)
        found = await holders.find_account(self._users, self._execute, email)
        if not found:
            user_id = await self._accounts.add_administrator(email, name)
            return await self._give_key(user_id, life, "created")
        account = found[0]
        check_free(found, promote=promote)
        promoted = account.role != ADMIN
        if (promoted or reset_password) and not confirmed:
            raise ConfirmationNeededError(self._accounts.consequence(account, reset=reset_password))
        if promoted:
            await self._accounts.promote(account.id)
        if reset_password:
            await self._accounts.reset_password(account.id)
        made = await self._give_key(account.id, life, "promoted" if promoted else "unchanged")
        remark = self._accounts.remark(account.email, reset=reset_password)
        return made._replace(remarks=(remark, *made.remarks))

    async def rotate(self, name: str, *, life: int | None, confirmed: bool) -> Made:
        """Replace an administrator's key.

        Args:
            name: The e-mail address of its holder, or its fingerprint.
            life: How many seconds the new key stays valid; by default as long as the old key.
            confirmed: Whether a person has agreed.

        Raises:
            RefusedError: There is no such key, or its holder is not an administrator or has several
                keys.
            ConfirmationNeededError: Nobody has agreed yet.
        """
        self._check(life)
        holder = (await holders.find_keys(self._users, self._execute, name))[0]
        if holder.role != ADMIN:
            message = (
                f"{holder.email} is not an administrator (its role is {holder.role}): "
                "its key can be revoked, but not rotated"
            )
            raise RefusedError(message)
        keys = [each for each in await self.every() if each.id == holder.id]
        if len(keys) > 1:
            message = (
                f"{holder.email} has several API keys ({fingerprints(keys)}), and Open WebUI would "
                "delete all of them to create a new one: first revoke all but one by fingerprint"
            )
            raise RefusedError(message)
        life = life or _span(holder)
        _check_confirmed(keys, confirmed=confirmed)
        return await self._give_key(holder.id, life, "unchanged")

    async def revoke(self, name: str, *, confirmed: bool) -> list[Holder]:
        """Delete the keys of an account, or the key with a fingerprint, and return what they were.

        Args:
            name: The e-mail address of the account, or the fingerprint.
            confirmed: Whether a person has agreed.

        Raises:
            RefusedError: There is no such key, or several have the fingerprint.
            ConfirmationNeededError: Nobody has agreed yet.
        """
        found = await holders.find_keys(self._users, self._execute, name)
        _check_confirmed(found, confirmed=confirmed)
        holder = found[0]
        if not keeps_times(self._users):
            await call_or_fail(self._users.Users.update_user_api_key_by_id, holder.id, None)
        elif name == holder.fingerprint:
            await self._delete_row(holder)
        else:
            await call_or_fail(self._users.Users.delete_user_api_key_by_id, holder.id)
        return found

    async def _delete_row(self, holder: Holder) -> None:
        """Delete one key. The host's function would delete all keys of the account.

        Raises:
            RefusedError: The key was replaced in the meantime; the host reuses the id of its row.
        """
        key = self._users.ApiKey
        this = key.id == holder.key_id
        found = (await self._execute(select(key.key).where(this).with_for_update())).scalar()
        if found is None or fingerprint(found) != holder.fingerprint:
            message = f"The API key {holder.fingerprint} was replaced or deleted in the meantime"
            raise RefusedError(message)
        await self._execute(delete(key).where(this))

    def _check(self, life: int | None) -> None:
        if life is not None and not keeps_times(self._users):
            message = "API keys cannot expire before Open WebUI 0.6.41: omit --expires"
            raise RefusedError(message)

    async def _give_key(self, user_id: str, life: int | None, account: str) -> Made:
        api_key = str(self._host.auth.create_api_key())
        await call_or_fail(self._users.Users.update_user_api_key_by_id, user_id, api_key)
        holder = await holders.get_holder(self._users, self._execute, user_id, api_key)
        if life is not None and holder.created_at is not None:
            end = holder.created_at + life
            key = self._users.ApiKey
            await self._execute(update(key).where(key.key == api_key).values(expires_at=end))
            holder = holder._replace(expires_at=end)
        remarks = await ways_in(self._host, self._execute, user_id, holder.email)
        return Made(api_key, holder, account, tuple(remarks))


def _check_confirmed(found: list[Holder], *, confirmed: bool) -> None:
    if not confirmed:
        keys = "The API keys" if len(found) > 1 else "The API key"
        message = f"{keys} {fingerprints(found)} of {found[0].email} would stop working"
        raise ConfirmationNeededError(message)


def _span(holder: Holder) -> int | None:
    """Return how many seconds a key was valid when it was created, or None if for ever."""
    if holder.expires_at is None or holder.created_at is None:
        return None
    span = holder.expires_at - holder.created_at
    if span <= 0:
        message = f"The key of {holder.email} expired before it was created: add --expires"
        raise RefusedError(message)
    return span
