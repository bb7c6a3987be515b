"""Reads through the host's own models and sessions: any database the host can use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, select

from owui_keygate.readers import RULES, Reading, rules_bind, rules_of

if TYPE_CHECKING:
    from types import ModuleType


class HostReader:
    """A `Reader` for generation D that costs what the host's own check costs.

    Args:
        users: The host's module `open_webui.models.users`.
        config: The host's class `Config`.
    """

    def __init__(self, users: ModuleType, config: type) -> None:
        self._config = config
        self._session = users.get_async_db_context
        self._to_model = users.UserModel.model_validate
        key = users.ApiKey
        self._statement = (
            select(users.User, key.expires_at)
            .join(key, users.User.id == key.user_id)
            .where(key.key == bindparam("api_key"))
        )

    async def read(self, api_key: str, *, rules_bind_admins: bool) -> Reading | None:
        """Return what is known about a key now, in two statements at most."""
        async with self._session() as session:
            row = (await session.execute(self._statement, {"api_key": api_key})).first()
            if row is None:
                return None
            user = self._to_model(row[0])
        if not rules_bind(user, rules_bind_admins=rules_bind_admins):
            return Reading(user, row[1], None)
        values = await self._config.get_many(*RULES)  # type: ignore[attr-defined]
        return Reading(user, row[1], rules_of(values))
