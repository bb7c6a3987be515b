"""Reads through the host's own models and sessions: any database the host can use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, select

from owui_keygate.readers import Principal, Rules

if TYPE_CHECKING:
    from types import ModuleType

    from owui_keygate.readers import User

_ENABLED = "auth.enable_api_keys"
_RESTRICTED = "auth.api_key.endpoint_restrictions"
_ENDPOINTS = "auth.api_key.allowed_endpoints"
_PERMISSIONS = "user.permissions"


class HostReader:
    """A `Reader` for generation D.

    Args:
        auth: The host's module `open_webui.utils.auth`.
        users: The host's module `open_webui.models.users`.
    """

    def __init__(self, auth: ModuleType, users: ModuleType) -> None:
        self._config = auth.Config
        self._has_permission = auth.has_permission
        self._session = users.get_async_db_context
        self._to_model = users.UserModel.model_validate
        key = users.ApiKey
        self._statement = (
            select(users.User, key.expires_at)
            .join(key, users.User.id == key.user_id)
            .where(key.key == bindparam("api_key"))
        )

    async def principal(self, api_key: str) -> Principal | None:
        """Return whom a key names now, in one statement, or None."""
        async with self._session() as session:
            row = (await session.execute(self._statement, {"api_key": api_key})).first()
            if row is None:
                return None
            return Principal(user=self._to_model(row[0]), expires_at=row[1])

    async def rules(self) -> Rules:
        """Return the rules in force now, in one statement."""
        values = await self._config.get_many(_ENABLED, _RESTRICTED, _ENDPOINTS, _PERMISSIONS)
        restricted = values.get(_RESTRICTED)
        return Rules(
            keys_enabled=bool(values.get(_ENABLED)),
            allowed_endpoints=str(values.get(_ENDPOINTS, "")) if restricted else None,
            permissions=values.get(_PERMISSIONS),
        )

    async def permitted(self, user: User, rules: Rules) -> bool:
        """Return the host's own answer."""
        return bool(await self._has_permission(user.id, "features.api_keys", rules.permissions))
