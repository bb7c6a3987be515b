"""Creates, replaces and deletes API keys, through the host's own models."""

from __future__ import annotations

import time
from contextlib import aclosing
from typing import TYPE_CHECKING, NamedTuple

from owui_keygate._native import fingerprint
from owui_keygate.commands.keys import holders
from owui_keygate.commands.keys.accounts import Accounts, check_free
from owui_keygate.commands.keys.changes import Change, Deed, deletions, of_key
from owui_keygate.commands.keys.errors import (
    ConfirmationNeededError,
    NotReadyError,
    RefusedError,
)
from owui_keygate.commands.keys.expiry import Expiry
from owui_keygate.commands.keys.host import call_or_fail
from owui_keygate.commands.keys.key_rows import KeyRows
from owui_keygate.commands.keys.rendering import fingerprints
from owui_keygate.commands.keys.ways_in import ways_in
from owui_keygate.instants import instant
from owui_keygate.readers import ADMIN
from owui_keygate.readers.holder import Holder, has_ended, newest
from owui_keygate.readers.holders import every_holder, keeps_times

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from owui_keygate.commands.keys.host import Host
    from owui_keygate.commands.keys.selection import Selection
    from owui_keygate.readers.holders import Executor


class Made(NamedTuple):
    """A key that was created, or was there already.

    Attributes:
        api_key: The key.
        holder: Its holder.
        account: What happened to the account: `created`, `promoted` or `unchanged`.
        remarks: What a person should know about the account, one line each.
        changes: What was changed; nothing if the key was there already.
    """

    api_key: str
    holder: Holder
    account: str
    remarks: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()

    def __repr__(self) -> str:
        """Return a text without the key."""
        return f"Made({self.holder!r}, {self.account!r})"


class Keys:
    """The API keys of a host, within one transaction.

    Args:
        host: The host; its functions take part in the transaction.
        execute: Executes statements in it.
    """

    def __init__(self, host: Host, execute: Executor) -> None:
        self._host = host
        self._users = host.users
        self._execute = execute
        self._accounts = Accounts(host)

    async def select(self, selection: Selection) -> AsyncGenerator[Holder, None]:
        """Yield some holders of keys, in order.

        Raises:
            RefusedError: The selection is about times that the host does not keep.
        """
        selection.check(keeps_times=keeps_times(self._users))
        async with (
            aclosing(every_holder(self._users, self._execute)) as every,
            aclosing(selection.of(every)) as selected,
        ):
            async for holder in selected:
                yield holder

    async def has(self, holder: Holder) -> bool:
        """Whether the holder's key exists."""
        keys = await holders.keys_of(self._users, self._execute, holder.id)
        return any(each.fingerprint == holder.fingerprint for each in keys)

    async def create(  # noqa: PLR0913 (they are the options)
        self,
        email: str,
        *,
        name: str | None,
        expiry: Expiry | None,
        promote: bool,
        reset_password: bool,
        confirmed: bool,
    ) -> Made:
        """Create an administrator's key, and the account if it does not exist.

        Args:
            email: The address of the account.
            name: The name of a new account; by default the part of the address before the `@`.
            expiry: When the key ends.
            promote: Whether an account with another role may become an administrator.
            reset_password: Whether an existing account gets a new password.
            confirmed: Whether a person has agreed to the last two.

        Raises:
            RefusedError: The account is not an administrator, or has a key.
            ConfirmationNeededError: The account would be promoted or get a new password.
        """
        self._check_times(expiry)
        found = await holders.find_account(self._users, self._execute, email)
        if not found:
            return await self._create_account(email, name, expiry)
        account = found[0]
        check_free(found, promote=promote)
        promoted = account.role != ADMIN
        if (promoted or reset_password) and not confirmed:
            raise ConfirmationNeededError(self._accounts.consequence(account, reset=reset_password))
        changes = []
        if promoted:
            await self._accounts.promote(account.id)
            changes.append(Change(Deed.PROMOTE_ACCOUNT, account.email))
        if reset_password:
            await self._accounts.reset_password(account.id)
            changes.append(Change(Deed.RESET_PASSWORD, account.email))
        made = await self._give_key(account.id, expiry)
        remark = self._accounts.remark(account.email, reset=reset_password)
        return made._replace(
            account="promoted" if promoted else "unchanged",
            remarks=(remark, *made.remarks),
            changes=(*changes, *made.changes),
        )

    async def ensure(
        self, email: str, api_key: str, *, name: str | None, expiry: Expiry | None
    ) -> Made:
        """Give an administrator exactly this key, and create the account if it does not exist.

        Args:
            email: The address of the account.
            api_key: The key.
            name: The name of a new account; by default the part of the address before the `@`.
            expiry: When the key ends, if it does not exist yet.

        Raises:
            RefusedError: The account is not an administrator or has another key, another account
                has this key, or it has ended.
            NotReadyError: The server is about to create the first account.
        """
        self._check_times(expiry)
        await self._check_first_account()
        found = await holders.find_account(self._users, self._execute, email)
        if not found:
            await self._check_unowned(api_key)
            return await self._create_account(email, name, expiry, api_key)
        account = newest(found)
        if account.role != ADMIN:
            message = (
                f"{account.email} is not an administrator (its role is {account.role}): make it "
                "one or delete it first"
            )
            raise RefusedError(message)
        if await self._is_current(api_key, account):
            return Made(api_key, account, "unchanged")
        if account.fingerprint is not None:
            message = (
                f"{account.email} has the API key {fingerprints(found)}, which is not the one in "
                f"the key file; to replace it: owui-keygate keys rotate {account.email} "
                "--key-file FILE"
            )
            raise RefusedError(message)
        made = await self._give_key(account.id, expiry, api_key)
        remark = self._accounts.remark(account.email, reset=False)
        return made._replace(remarks=(remark, *made.remarks))

    async def rotate(
        self,
        name: str,
        *,
        api_key: str | None = None,
        expiry: Expiry | None,
        overlap: int | None = None,
        confirmed: bool,
    ) -> Made:
        """Replace an administrator's key.

        Args:
            name: The e-mail address of its holder, or its fingerprint.
            api_key: The new key; by default the host makes one.
            expiry: When the new key ends; by default after the time that the old key had.
            overlap: How many seconds the account's old keys stay valid at most; by default they
                are deleted.
            confirmed: Whether a person has agreed.

        Raises:
            RefusedError: There is no such key, its holder is not an administrator, or has several
                keys and none may stay, or the new key is refused.
            ConfirmationNeededError: Nobody has agreed yet.
        """
        self._check_times(expiry)
        self._check_overlap(overlap)
        named = (await holders.find_keys(self._users, self._execute, name))[0]
        keys = await holders.keys_of(self._users, self._execute, named.id)
        current = newest(keys)
        if current.role != ADMIN:
            message = (
                f"{current.email} is not an administrator (its role is {current.role}): "
                "its key can be revoked, but not rotated"
            )
            raise RefusedError(message)
        if api_key is not None and await self._is_current(api_key, current):
            return Made(api_key, current, "unchanged")
        if overlap is None:
            _check_single(keys)
        expiry = expiry or _span(current)
        until = None if overlap is None else int(time.time()) + overlap
        _check_confirmed(keys, confirmed=confirmed, until=until)
        if until is None:
            made = await self._give_key(current.id, expiry, api_key)
            return made._replace(changes=(*made.changes, *deletions(keys)))
        return await self._overlap(keys, expiry, api_key, until)

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
            await self._rows.delete(holder)
        else:
            await call_or_fail(self._users.Users.delete_user_api_key_by_id, holder.id)
        return found

    async def prune(self, *, confirmed: bool) -> list[Holder]:
        """Delete the keys of all accounts that have ended, and return what they were.

        Args:
            confirmed: Whether a person has agreed.

        Raises:
            RefusedError: Keys of this host do not end, or one was replaced in the meantime.
            ConfirmationNeededError: Nobody has agreed yet.
        """
        if not keeps_times(self._users):
            message = "API keys cannot expire before Open WebUI 0.6.41: there is nothing to prune"
            raise RefusedError(message)
        now = int(time.time())
        async with aclosing(every_holder(self._users, self._execute)) as every:
            found = [each async for each in every if has_ended(each, now)]
        if found and not confirmed:
            listed = ", ".join(f"{each.fingerprint} of {each.email}" for each in found)
            many = f"{len(found)} API keys that have" if len(found) > 1 else "The API key that has"
            message = f"{many} ended would be deleted ({listed})"
            raise ConfirmationNeededError(message)
        for holder in found:
            await self._rows.delete(holder)
        return found

    @property
    def _rows(self) -> KeyRows:
        return KeyRows(self._users, self._execute)

    async def _overlap(
        self, keys: list[Holder], expiry: Expiry | None, api_key: str | None, until: int
    ) -> Made:
        """Give a new key to an account whose keys stay until then at the latest."""
        rows = await self._rows.of(keys[0].id)
        made = await self._give_key(keys[0].id, expiry, api_key)
        await self._rows.put_back(rows, made.api_key, until)
        before = {(each.fingerprint, each.expires_at) for each in keys}
        limited = [
            of_key(Deed.LIMIT_KEY, each)
            for each in await holders.keys_of(self._users, self._execute, made.holder.id)
            if each.fingerprint != made.holder.fingerprint
            and (each.fingerprint, each.expires_at) not in before
        ]
        return made._replace(changes=(*made.changes, *limited))

    async def _is_current(self, api_key: str, account: Holder) -> bool:
        """Whether a key is the current one of an account.

        Raises:
            RefusedError: It is the key of another account, or an old one, or has ended.
        """
        owner = await holders.find_owner(self._users, self._execute, api_key)
        if owner is None:
            return False
        if owner != account.id:
            raise RefusedError(_ANOTHERS)
        if fingerprint(api_key) != account.fingerprint:
            message = (
                f"The key file contains an old key of {account.email}, which has the API key "
                f"{account.fingerprint} by now: put a new key into the file"
            )
            raise RefusedError(message)
        if has_ended(account, time.time()):
            message = (
                f"The key in the key file is the API key of {account.email}, but has ended: put a "
                f"new key into the file, then run owui-keygate keys rotate {account.email} "
                "--key-file FILE"
            )
            raise RefusedError(message)
        return True

    async def _check_unowned(self, api_key: str) -> None:
        if await holders.find_owner(self._users, self._execute, api_key) is not None:
            raise RefusedError(_ANOTHERS)

    async def _check_first_account(self) -> None:
        """Let the server create its first administrator, which it does only while there is none."""
        if self._accounts.first_is_expected and not await holders.has_accounts(
            self._users, self._execute
        ):
            message = (
                "Open WebUI has no account yet, and would not create the administrator of "
                "WEBUI_ADMIN_EMAIL beside another: start the server first, or add --wait"
            )
            raise NotReadyError(message)

    def _check_times(self, expiry: Expiry | None) -> None:
        if expiry is not None and not keeps_times(self._users):
            message = "API keys cannot expire before Open WebUI 0.6.41: omit --expires"
            raise RefusedError(message)

    def _check_overlap(self, overlap: int | None) -> None:
        if overlap is not None and not keeps_times(self._users):
            message = (
                "An account has one API key only before Open WebUI 0.6.41, so that the old key "
                "cannot stay valid: omit --overlap"
            )
            raise RefusedError(message)

    async def _create_account(
        self, email: str, name: str | None, expiry: Expiry | None, api_key: str | None = None
    ) -> Made:
        made = await self._give_key(
            await self._accounts.add_administrator(email, name), expiry, api_key
        )
        created = Change(Deed.CREATE_ACCOUNT, made.holder.email)
        return made._replace(account="created", changes=(created, *made.changes))

    async def _give_key(
        self, user_id: str, expiry: Expiry | None, api_key: str | None = None
    ) -> Made:
        api_key = api_key or str(self._host.auth.create_api_key())
        await call_or_fail(self._users.Users.update_user_api_key_by_id, user_id, api_key)
        holder = await holders.get_holder(self._users, self._execute, user_id, api_key)
        if expiry is not None and holder.created_at is not None:
            end = expiry.after(holder.created_at)
            await self._rows.limit(api_key, end)
            holder = holder._replace(expires_at=end)
        remarks = await ways_in(self._host, self._execute, user_id, holder.email)
        created = of_key(Deed.CREATE_KEY, holder)
        return Made(api_key, holder, "unchanged", tuple(remarks), (created,))


_ANOTHERS = (
    "Another account has the key in the key file, and each key must belong to one account: put a "
    "new key into the file"
)


def _check_single(keys: list[Holder]) -> None:
    if len(keys) > 1:
        message = (
            f"{keys[0].email} has several API keys ({fingerprints(keys)}), and Open WebUI would "
            "delete all of them to create a new one: add --overlap, or first revoke all but one by "
            "fingerprint; `owui-keygate keys prune` deletes those that have ended"
        )
        raise RefusedError(message)


def _check_confirmed(found: list[Holder], *, confirmed: bool, until: int | None = None) -> None:
    if not confirmed:
        keys = "The API keys" if len(found) > 1 else "The API key"
        when = "" if until is None else f" at {instant(until)} at the latest"
        message = f"{keys} {fingerprints(found)} of {found[0].email} would stop working{when}"
        raise ConfirmationNeededError(message)


def _span(holder: Holder) -> Expiry | None:
    """Return how long a key was valid when it was created, or None if for ever."""
    if holder.expires_at is None or holder.created_at is None:
        return None
    span = holder.expires_at - holder.created_at
    if span <= 0:
        message = f"The key of {holder.email} expired before it was created: add --expires"
        raise RefusedError(message)
    return Expiry(span)
