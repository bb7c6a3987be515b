"""The rows of keys, where another program changes them in the meantime."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from owui_keygate._native import fingerprint
from owui_keygate.commands.keys.errors import RefusedError
from owui_keygate.commands.keys.key_rows import KeyRows
from owui_keygate.readers.holder import Holder
from owui_keygate.replacements.run_sync import run_sync
from sqlalchemy import create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Executable

OLD, NEW = "sk-" + 16 * "a1", "sk-" + 16 * "b2"


class Base(DeclarativeBase):
    pass


class ApiKey(Base):
    """As in Open WebUI, which gives every key of an account the same id."""

    __tablename__ = "api_key"
    id: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str]


@pytest.fixture
def session() -> Iterator[Session]:
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all([ApiKey(id="key_1", key=OLD), ApiKey(id="key_2", key="another")])
        yield session
    engine.dispose()


def delete(session: Session, key_id: str) -> None:
    """Delete the key that this program has seen in a row."""

    async def execute(statement: Executable) -> Any:
        return session.execute(statement)

    rows = KeyRows(SimpleNamespace(ApiKey=ApiKey), execute)  # type: ignore[arg-type]
    seen = Holder("1", "a@b", "admin", fingerprint(OLD), None, None, None, key_id)
    run_sync(rows.delete(seen))


def kept(session: Session) -> list[str]:
    return sorted(session.execute(select(ApiKey.key)).scalars())


def test_one_key_is_deleted(session: Session) -> None:
    delete(session, "key_1")
    assert kept(session) == ["another"]


def test_a_key_in_the_place_of_the_one_that_was_seen_stays(session: Session) -> None:
    session.get_one(ApiKey, "key_1").key = NEW
    session.flush()
    with pytest.raises(RefusedError, match=f"{fingerprint(OLD)} was replaced"):
        delete(session, "key_1")
    assert kept(session) == ["another", NEW]


def test_a_key_that_has_gone_is_not_said_to_be_deleted(session: Session) -> None:
    with pytest.raises(RefusedError, match=f"{fingerprint(OLD)} was replaced or deleted"):
        delete(session, "key_3")
    assert kept(session) == ["another", OLD]
