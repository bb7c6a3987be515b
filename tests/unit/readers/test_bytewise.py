"""One order of texts for all databases."""

from __future__ import annotations

import pytest
from owui_keygate.readers.bytewise import Bytewise
from sqlalchemy import Text, column, select
from sqlalchemy.dialects import postgresql, sqlite


@pytest.mark.parametrize(
    ("dialect", "order"),
    [(sqlite.dialect(), "email"), (postgresql.dialect(), 'email COLLATE "C"')],  # type: ignore[no-untyped-call]
)
def test_only_postgresql_must_be_told(dialect: object, order: str) -> None:
    email = column("email", Text)
    statement = select(email).order_by(Bytewise(email))
    assert str(statement.compile(dialect=dialect)).endswith(f"ORDER BY {order}")  # type: ignore[arg-type]
