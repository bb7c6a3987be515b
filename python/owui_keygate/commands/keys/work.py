"""What the commands do, through the host's own models."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import delete, select, update

from owui_keygate._native import fingerprint
from owui_keygate.commands.keys import holders
from owui_keygate.commands.keys.accounts import Accounts, check_free
from owui_keygate.commands.keys.errors import ConfirmationNeededError, RefusedError
from owui_keygate.commands.keys.holders import Holder, fingerprints, keeps_times
from owui_keygate.commands.keys.host import call_or_fail
from owui_keygate.commands.keys.ways_in import ways_in
from owui_keygate.readers import ADMIN

if TYPE_CHECKING:
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
        self._accounts = Accounts(host)

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
                f"{holder.email} has several API keys ({fingerprints(keys)}), and Open WebUI "
                "deletes all of them for a new one: revoke all but one first, by their fingerprints"
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
            await call_or_fail(self._users.Users.update_user_api_key_by_id, holder.id, None)
        elif name == holder.fingerprint:
            await self._delete_row(holder)
        else:
            await call_or_fail(self._users.Users.delete_user_api_key_by_id, holder.id)
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
    """Return for how many seconds a key was good when it was made, or None if for ever."""
    if holder.expires_at is None or holder.created_at is None:
        return None
    span = holder.expires_at - holder.created_at
    if span <= 0:
        message = f"The key of {holder.email} was never good, so say how long: add --expires"
        raise RefusedError(message)
    return span
