"""The same world with more people in it, made by the database itself."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from harness.crowd import add_crowd

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from benches.live.world import World

KEYS = 100
"""How many administrators send requests in turn: more than a reader remembers rows of."""


@dataclass(frozen=True)
class Crowded:
    """A world with many people.

    Attributes:
        world: The world.
        people: How many people there are besides the first administrator.
        keys: The keys of administrators among them, from one end of the table to the other.
    """

    world: World
    people: int
    keys: tuple[str, ...]


def crowded(world: World, folder: Path, people: int) -> Crowded:
    """Return a copy of a world with people more, which is kept in a folder."""
    step = people // KEYS
    if world.postgres is None:
        shutil.copytree(world.folder / "data", folder / "data")
        file = folder / "data" / "webui.db"

        def execute(statement: str) -> Sequence[tuple[Any, ...]]:
            with closing(sqlite3.connect(file)) as database, database:
                return database.execute(statement).fetchall()

        add_crowd(execute, "sqlite", people, admin_every=step)
    else:
        postgres = world.postgres
        postgres.create(folder.name, template=world.folder.name)
        (folder / "data").mkdir(parents=True)

        def execute(statement: str) -> Sequence[tuple[Any, ...]]:
            return postgres.execute(statement, (), folder.name)

        add_crowd(execute, "postgresql", people, admin_every=step)
    execute("ANALYZE")
    keys = tuple(f"sk-{number:032x}" for number in range(0, people, step))
    return Crowded(replace(world, folder=folder), people, keys)
