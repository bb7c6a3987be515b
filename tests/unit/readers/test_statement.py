"""What a row means, where the real host cannot be made to give such a row."""

from __future__ import annotations

from types import MappingProxyType, SimpleNamespace
from typing import Any

import pytest
from owui_keygate.readers import PERMISSIONS
from owui_keygate.readers.statement import AnswerMixedUpError, Statement
from pydantic import BaseModel
from sqlalchemy import JSON, BigInteger, Text
from sqlalchemy.dialects import sqlite
from sqlalchemy.orm import DeclarativeBase, mapped_column


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "user"
    id = mapped_column(Text, primary_key=True)
    role = mapped_column(Text)
    info = mapped_column(JSON)


class ApiKey(Base):
    __tablename__ = "api_key"
    key = mapped_column(Text, primary_key=True)
    user_id = mapped_column(Text)
    expires_at = mapped_column(BigInteger)
    created_at = mapped_column(BigInteger)


class Config(Base):
    __tablename__ = "config"
    key = mapped_column(Text, primary_key=True)
    value = mapped_column(JSON)
    DEFAULTS: Any = MappingProxyType({})

    @staticmethod
    def persistent_enabled_for(_key: str) -> bool:
        return True


class UserModel(BaseModel):
    id: str
    role: str
    info: dict[str, Any] | None


ROW = ("id", "user", '{"a": []}', "sk-key", 7, 3, "true", "false", '""', '{"features": {}}')


def statement(model: type[BaseModel] = UserModel) -> Statement:
    users: Any = SimpleNamespace(User=User, ApiKey=ApiKey, UserModel=model)
    config: Any = Config
    return Statement(users, config, sqlite.dialect())


def test_a_row_about_another_key_is_an_error() -> None:
    found = statement().reading([ROW], "sk-key", rules_bind_admins=True)
    assert found is not None
    assert found.rules is not None
    assert (found.user.id, found.expires_at, found.created_at) == ("id", 7, 3)
    assert found.rules.keys_enabled
    with pytest.raises(AnswerMixedUpError):
        statement().reading([ROW], "sk-kez", rules_bind_admins=True)


def test_two_rows_are_an_error() -> None:
    with pytest.raises(ValueError, match="too many values"):
        statement().reading([ROW, ROW], "sk-key", rules_bind_admins=True)


def test_nothing_that_can_be_changed_is_given_twice() -> None:
    """The host's `has_permission` fills in what is missing in the permissions it is given."""
    reads = statement()
    one, other = (reads.reading([ROW], "sk-key", rules_bind_admins=True) for _ in range(2))
    assert one is not None
    assert other is not None
    assert one == other
    assert one.user is not other.user
    assert one.user.info is not other.user.info  # type: ignore[attr-defined]
    assert one.rules is not None
    assert other.rules is not None
    assert one.rules.permissions is not other.rules.permissions


def test_rules_that_do_not_bind_an_administrator_are_not_read() -> None:
    admin = ("id", "admin", *ROW[2:6], None, None, None, None)
    for row, is_read in ((admin, False), (ROW, True), (ROW[:6], False)):
        found = statement().reading([row], "sk-key", rules_bind_admins=False)
        assert found is not None
        assert (found.rules is not None) == is_read


def test_the_permissions_are_read_of_those_who_are_no_administrators() -> None:
    text = statement().query(sqlite.dialect()).text
    assert "CASE WHEN (user.role IS NOT 'admin') THEN (SELECT CAST" in text
    assert text.count(f"'{PERMISSIONS}'") == 1


def test_a_field_without_a_column_does_not_fit() -> None:
    class More(UserModel):
        more: str

    with pytest.raises(AttributeError, match="more"):
        statement(More)
