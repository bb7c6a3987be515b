"""The one statement that reads user, key and rules together, and what its row means."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, Text, bindparam, case, cast, literal_column, select

from owui_keygate.readers import PERMISSIONS, RULES, Reading, rules_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType

    from sqlalchemy import ColumnElement, Dialect, ScalarSelect

_DISTINCT_TEXTS = 64


class AnswerMixedUpError(Exception):
    """The database answered about another key than it was asked about."""


class Statement:
    """The statement, made of the host's own tables, so that names, schema and types are its own.

    The rules travel as the text of their JSON. Parsing is remembered for each text; that is all
    that is remembered.

    Args:
        users: The host's module `open_webui.models.users`.
        config: The host's class `Config`.
        dialect: The dialect of the host's engine; it turns columns into values.

    Raises:
        AttributeError: A field of the host's user object is no column of its table.
    """

    def __init__(self, users: ModuleType, config: Any, dialect: Dialect) -> None:  # noqa: ANN401
        self._config = config
        self._to_model = users.UserModel.model_validate
        self._names = tuple(users.UserModel.model_fields)
        columns = [getattr(users.User, name) for name in self._names]
        self._processors = _processors(self._names, columns, dialect)
        # PostgreSQL's own type leaves parsing to the driver, which hands these over as text.
        json: Any = JSON()
        self._parse: Callable[[str], Any] = json.result_processor(dialect, None)
        self._parse_once = functools.lru_cache(_DISTINCT_TEXTS)(self._parse)
        values: list[ColumnElement[str]] = [_value(config, key) for key in RULES[:-1]]
        # The permissions are long, and nobody asks for those of an administrator.
        not_admin = users.User.role.is_distinct_from(literal_column("'admin'"))
        values.append(case((not_admin, _value(config, PERMISSIONS))))
        self._select = (
            select(*columns, users.ApiKey.key, users.ApiKey.expires_at, *values)
            .join_from(users.ApiKey, users.User, users.User.id == users.ApiKey.user_id)
            .where(users.ApiKey.key == bindparam("api_key"))
        )

    def text(self, dialect: Dialect) -> str:
        """Return the statement in the words of a dialect; its one parameter is the API key."""
        return str(self._select.compile(dialect=dialect))

    def reading(self, rows: Sequence[Sequence[Any]], api_key: str) -> Reading | None:
        """Return what the rows mean: one row at most, as the column `api_key.key` is unique.

        Raises:
            AnswerMixedUpError: They are about another key.
            Exception: They have no meaning for the host either, such as a role that is NULL.
        """
        if not rows:
            return None
        [row] = rows
        width = len(self._names)
        key, expires_at, *values = row[width:]
        if key != api_key:
            raise AnswerMixedUpError
        fields = dict(zip(self._names, row[:width], strict=True))
        for name, process in self._processors:
            if fields[name] is not None:
                fields[name] = process(fields[name])
        return Reading(self._to_model(fields), expires_at, rules_of(self._values(values)))

    def _values(self, texts: Sequence[str | None]) -> dict[str, object]:
        """Return what the host's `Config.get_many` would."""
        values: dict[str, object] = {}
        for key, text in zip(RULES, texts, strict=True):
            if text is not None and self._config.persistent_enabled_for(key):
                # The host's own functions get the permissions, and might change them.
                parse = self._parse if key == PERMISSIONS else self._parse_once
                values[key] = parse(text)
            elif key in self._config.DEFAULTS:
                values[key] = self._config.default_value(key)
        return values


def _value(config: Any, key: str) -> ScalarSelect[str]:  # noqa: ANN401
    statement = select(cast(config.value, Text)).where(config.key == literal_column(f"'{key}'"))
    return statement.scalar_subquery()


def _processors(
    names: tuple[str, ...], columns: list[Any], dialect: Dialect
) -> list[tuple[str, Callable[[Any], Any]]]:
    """Return what SQLAlchemy does to the values of each column, where it does anything."""
    found = [
        (name, column.type.dialect_impl(dialect).result_processor(dialect, None))
        for name, column in zip(names, columns, strict=True)
    ]
    return [(name, process) for name, process in found if process is not None]
