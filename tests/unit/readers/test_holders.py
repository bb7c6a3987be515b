"""The list of keys: its order, and how many rows are held at once."""

from __future__ import annotations

import random
import sqlite3
from contextlib import aclosing
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from owui_keygate.commands.keys.transaction import BATCH, transaction
from owui_keygate.readers.holder import Holder, rank
from owui_keygate.readers.holders import every_holder, first_holders
from owui_keygate.replacements.run_sync import run_sync
from sqlalchemy import StaticPool, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Engine

EMAILS = ("Zoe@b", "a@b", "a_b@b", "aa@b", "ab@b", "é@b", "\N{OLD ITALIC LETTER A}@b", "\ufb01@b")
TIMES = (None, 0, 5, 5, 7)


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "user"
    id: Mapped[str] = mapped_column(primary_key=True)
    email: Mapped[str]
    role: Mapped[str]


class ApiKey(Base):
    __tablename__ = "api_key"
    id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str]
    key: Mapped[str | None]
    created_at: Mapped[int | None]
    expires_at: Mapped[int | None]
    last_used_at: Mapped[int | None]


class Cursor(sqlite3.Cursor):
    """Counts the rows that are fetched from it."""

    fetched = 0

    def fetchmany(self, size: int | None = 1) -> list[Any]:
        rows = super().fetchmany(size)
        Cursor.fetched += len(rows)
        return rows


class Connection(sqlite3.Connection):
    def cursor(self, *_: object) -> Any:
        return super().cursor(Cursor)


USERS: Any = SimpleNamespace(User=User, ApiKey=ApiKey)


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"factory": Connection})
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


def store(engine: Engine, rows: Sequence[Base]) -> None:
    with Session(engine) as session, session.begin():
        session.add_all(rows)


def read(engine: Engine, count: int | None = None, *, check: bool = True) -> list[Holder]:
    """Read in the transaction of the command, all or so many, and check the other way to do so."""
    database: Any = SimpleNamespace(engine=engine, SessionLocal=sessionmaker())

    async def reading() -> list[Holder]:
        async with transaction(database, changes=False) as execute:
            found = []
            async with aclosing(every_holder(USERS, execute)) as every:
                async for holder in every:
                    found.append(holder)
                    if len(found) == count:
                        break
            if check:
                assert await first_holders(USERS, execute, len(found)) == found
            return found

    return run_sync(reading())


def test_the_order_is_that_of_the_characters_and_of_the_age(engine: Engine) -> None:
    chance = random.Random(1)  # noqa: S311 (it guards nothing)
    accounts = [User(id=str(n), email=EMAILS[n % 8], role="user") for n in range(12)]
    keys = [
        ApiKey(
            id=f"{n:02}",
            user_id=str(chance.randrange(12)),
            key=f"sk-{n}",
            created_at=chance.choice(TIMES),
            expires_at=chance.choice(TIMES),
        )
        for n in range(99)
    ]
    store(engine, [*accounts, *keys])
    found = read(engine)
    assert len(found) == 99
    ranked = sorted(found, key=lambda each: (each.email, each.id, rank(each), each.key_id))
    assert found == ranked


def test_accounts_without_a_key_are_left_out(engine: Engine) -> None:
    store(engine, [User(id=name, email=f"{name}@b", role="user") for name in "abc"])
    store(engine, [ApiKey(id="1", user_id="b", key="sk-1")])
    store(engine, [ApiKey(id="2", user_id="c", key=""), ApiKey(id="3", user_id="c")])
    assert [each.email for each in read(engine)] == ["b@b"]


def test_a_few_rows_are_held_of_many(engine: Engine) -> None:
    store(engine, [User(id="1", email="a@b", role="user")])
    store(engine, [ApiKey(id=str(n), user_id="1", key=f"sk-{n}") for n in range(BATCH * 3)])
    for needed, fetched in ((1, BATCH), (BATCH, BATCH), (BATCH + 1, 2 * BATCH)):
        Cursor.fetched = 0
        read(engine, needed, check=False)
        assert Cursor.fetched == fetched
