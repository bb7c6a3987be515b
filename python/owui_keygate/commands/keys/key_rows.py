"""Writes the rows of the host's table of API keys that the host's own functions cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select, update

from owui_keygate._native import fingerprint
from owui_keygate.commands.keys.errors import RefusedError

if TYPE_CHECKING:
    from types import ModuleType

    from owui_keygate.readers.holder import Holder
    from owui_keygate.readers.holders import Execute


class KeyRows:
    """The rows of a host that has such a table, which it has from 0.6.41 on.

    Args:
        users: The host's module `open_webui.models.users`.
        execute: Executes a statement.
    """

    def __init__(self, users: ModuleType, execute: Execute) -> None:
        self._key = users.ApiKey
        self._execute = execute

    async def of(self, user_id: str) -> list[dict[str, Any]]:
        """Return the rows of an account, locked until the end of the transaction."""
        columns = self._key.__table__.columns
        rows = select(*columns).where(self._key.user_id == user_id).with_for_update()
        return [dict(row) for row in (await self._execute(rows)).mappings()]

    async def put_back(self, rows: list[dict[str, Any]], api_key: str, end: int) -> None:
        """Insert rows that the host has deleted to create a key, and let them end.

        Args:
            rows: The rows.
            api_key: The key that the host has created.
            end: When they end, in seconds since 1970, unless they end before.
        """
        statement = select(self._key.id).where(self._key.key == api_key)
        taken = (await self._execute(statement)).scalar()
        for row in rows:
            # The host gives every key of an account the same id, so the old key needs another.
            again = row["id"] == taken
            identity = f"{row['id']}_{fingerprint(row['key'])}" if again else row["id"]
            last = end if row["expires_at"] is None else min(end, row["expires_at"])
            values = row | {"id": identity, "expires_at": last}
            # None in a column of JSON would become its `null`.
            values = {name: value for name, value in values.items() if value is not None}
            await self._execute(insert(self._key).values(**values))

    async def limit(self, api_key: str, end: int) -> None:
        """Let a key end, in seconds since 1970."""
        this = self._key.key == api_key
        await self._execute(update(self._key).where(this).values(expires_at=end))

    async def delete(self, holder: Holder) -> None:
        """Delete one key. The host's function would delete all keys of the account.

        Raises:
            RefusedError: The key was replaced in the meantime; the host reuses the id of its row.
        """
        this = self._key.id == holder.key_id
        statement = select(self._key.key).where(this).with_for_update()
        found = (await self._execute(statement)).scalar()
        if found is None or fingerprint(found) != holder.fingerprint:
            message = f"The API key {holder.fingerprint} was replaced or deleted in the meantime"
            raise RefusedError(message)
        await self._execute(delete(self._key).where(this))
