"""The statement that reads user, key and rules together, and the meaning of its row."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import JSON, Boolean, Text, bindparam, case, cast, literal_column, null, or_, select

from owui_keygate.readers import ADMIN, PERMISSIONS, RULES, Reading, rules_bind, rules_of
from owui_keygate.readers.users import Users

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType

    from sqlalchemy import ColumnElement, Dialect, ScalarSelect, Select

    from owui_keygate.readers import Config

_DISTINCT_TEXTS = 64


class AnswerMixedUpError(Exception):
    """The database answered about another key than the one in the question."""


class Query(NamedTuple):
    """The statement as text.

    Attributes:
        text: The text; its parameters are `api_key` and, where it reads rules, `rules_bind_admins`.
        places: The names of its parameters in order, if the parameters are numbered.
    """

    text: str
    places: Sequence[str]


class Statement:
    """The statement, built from the host's own tables, so that names, schema and types match.

    JSON is read as text. Only what follows from a text or from a whole row alone is remembered.

    Args:
        users: The host's module `open_webui.models.users`.
        config: The host's class `Config`, or None if the rules are not in the database.
        dialect: The dialect of the host's engine; it turns columns into values.

    Raises:
        AttributeError: A field of the host's user object is not a column of its table.
    """

    def __init__(self, users: ModuleType, config: Config | None, dialect: Dialect) -> None:
        self._config = config
        columns = {name: getattr(users.User, name) for name in users.UserModel.model_fields}
        self._width = len(columns)
        # PostgreSQL's own type leaves parsing to the driver, but here JSON is read as text.
        json: Any = JSON()
        self._parse: Callable[[str], Any] = json.result_processor(dialect, None)
        self._parse_once = functools.lru_cache(_DISTINCT_TEXTS)(self._parse)
        self._users = Users(users.UserModel, _processors(columns, dialect, self._parse))
        self._without_rules = select_by_key(users, _as_text(columns, dialect))
        rules = [] if config is None else _rules(users, config)
        self._with_rules = self._without_rules.add_columns(*rules)

    def query(self, dialect: Dialect, *, rules: bool = True) -> Query:
        """Return the statement, with or without the rules, in a dialect.

        Args:
            dialect: The dialect.
            rules: Whether to read the rules of users whom they bind.
        """
        select = self._with_rules if rules else self._without_rules
        compiled = select.compile(dialect=dialect)
        return Query(str(compiled), compiled.positiontup or ())

    def reading(
        self, rows: Sequence[Sequence[Any]], api_key: str, *, rules_bind_admins: bool
    ) -> Reading | None:
        """Return what the rows mean: at most one row, because the column `api_key.key` is unique.

        Raises:
            AnswerMixedUpError: They are about another key.
            Exception: The host cannot read them either, such as a role that is NULL.
        """
        if not rows:
            return None
        [row] = rows
        key, expires_at, created_at, *values = row[self._width :]
        if key != api_key:
            raise AnswerMixedUpError
        user = self._users.of(row[: self._width])
        config = self._config
        if (
            config is None
            or not values
            or not rules_bind(user, rules_bind_admins=rules_bind_admins)
        ):
            return Reading(user, expires_at, created_at, None)
        return Reading(user, expires_at, created_at, rules_of(self._values(config, values)))

    def copies(self, rows: Sequence[Sequence[Any]]) -> Callable[[], Reading]:
        """Return what makes a reading of rows that `reading` has read, a new one each time.

        It has no rules, so it is for people whom they do not bind.
        """
        [row] = rows
        _key, expires_at, created_at, *_ = row[self._width :]
        user = self._users.copies_of(row[: self._width])
        return lambda: Reading(user(), expires_at, created_at, None)

    def _values(self, config: Config, texts: Sequence[str | None]) -> dict[str, object]:
        """Return what the host's `Config.get_many` would return."""
        values: dict[str, object] = {}
        for key, text in zip(RULES, texts, strict=True):
            if text is not None and config.persistent_enabled_for(key):
                # The host's own functions receive the permissions and might change them.
                parse = self._parse if key == PERMISSIONS else self._parse_once
                values[key] = parse(text)
            elif key in config.DEFAULTS:
                values[key] = config.default_value(key)
        return values


def select_by_key(users: ModuleType, columns: Sequence[Any]) -> Select[Any]:
    """Return a statement: columns of the user whom a key names, then the key and its two times.

    From 0.6.41 on, keys have a table of their own. Before that they were a column of the user, and
    had no times.
    """
    asked: Any = bindparam("api_key")
    key = getattr(users, "ApiKey", None)
    if key is None:
        column = users.User.api_key
        return select(*columns, column, null(), null()).where(column == asked)
    joined = select(*columns, key.key, key.expires_at, key.created_at).join_from(
        key, users.User, users.User.id == key.user_id
    )
    return joined.where(key.key == asked)


def _rules(users: ModuleType, config: Config) -> list[ColumnElement[Any]]:
    """Return the columns of the rules; the database reads only the branch of CASE that applies."""
    not_admin = users.User.role.is_distinct_from(literal_column(f"'{ADMIN}'"))
    bound = or_(not_admin, bindparam("rules_bind_admins", type_=Boolean))
    values: list[Any] = [case((bound, _value(config, key))) for key in RULES[:-1]]
    # The permissions of administrators are never needed.
    return [*values, case((not_admin, _value(config, PERMISSIONS)))]


def _value(config: Config, key: str) -> ScalarSelect[str]:
    statement = select(cast(config.value, Text)).where(config.key == literal_column(f"'{key}'"))
    return statement.scalar_subquery()


def _as_text(columns: dict[str, Any], dialect: Dialect) -> list[Any]:
    """Return the columns, with JSON as text, which it is in SQLite anyway."""
    if dialect.name == "sqlite":
        return list(columns.values())
    return [cast(c, Text) if isinstance(c.type, JSON) else c for c in columns.values()]


def _processors(
    columns: dict[str, Any], dialect: Dialect, parse: Callable[[str], Any]
) -> dict[str, Callable[[Any], Any]]:
    """Return what SQLAlchemy does to the values of each column, if it does anything."""
    found = {
        name: parse
        if isinstance(column.type, JSON)
        else column.type.dialect_impl(dialect).result_processor(dialect, None)
        for name, column in columns.items()
    }
    return {name: process for name, process in found.items() if process is not None}
