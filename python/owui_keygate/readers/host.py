"""Reads through the host's own models and sessions, from any database that the host can use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from owui_keygate.readers import RULES, Reader, Reading, rules_bind, rules_of
from owui_keygate.readers.statement import select_by_key

if TYPE_CHECKING:
    from types import ModuleType

    from owui_keygate.readers import Config, Rules, User


class HostReader(Reader):
    """A `Reader` for hosts with asynchronous sessions, as slow as the host's own check.

    Args:
        users: The host's module `open_webui.models.users`.
        config: The host's class `Config`, or None if the rules are not in the database.
    """

    def __init__(self, users: ModuleType, config: Config | None) -> None:
        self._config = config
        self._session = users.get_async_db_context
        self._to_model = users.UserModel.model_validate
        self._statement = select_by_key(users, [users.User])

    async def read(self, api_key: str, *, rules_bind_admins: bool) -> Reading | None:
        """Return what the database contains about a key now, in two statements at most."""
        async with self._session() as session:
            row = (await session.execute(self._statement, {"api_key": api_key})).first()
            if row is None:
                return None
            user = self._to_model(row[0])
        rules = await self._rules(user, rules_bind_admins=rules_bind_admins)
        return Reading(user, row[2], row[3], rules)

    async def _rules(self, user: User, *, rules_bind_admins: bool) -> Rules | None:
        if self._config is None or not rules_bind(user, rules_bind_admins=rules_bind_admins):
            return None
        return rules_of(await self._config.get_many(*RULES))


class BlockingHostReader(Reader):
    """A `Reader` for hosts with blocking sessions, where the rules are not in the database.

    It never waits for the event loop, so `run_sync` can run a coroutine that uses it.

    Args:
        users: The host's module `open_webui.models.users`.
    """

    def __init__(self, users: ModuleType) -> None:
        self._session = users.get_db
        self._to_model = users.UserModel.model_validate
        self._statement = select_by_key(users, [users.User])

    async def read(self, api_key: str, *, rules_bind_admins: bool) -> Reading | None:  # noqa: ARG002
        """Return what the database contains about a key now, in one statement."""
        with self._session() as session:
            row = session.execute(self._statement, {"api_key": api_key}).first()
            return None if row is None else Reading(self._to_model(row[0]), row[2], row[3], None)
