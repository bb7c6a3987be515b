"""Whether the server has brought its database up to date.

Some releases read their tables when they are imported, and cannot be imported again in the same
process if that fails.
"""

from __future__ import annotations

import importlib
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from owui_keygate.commands.keys.errors import NotReadyError
from owui_keygate.commands.keys.quiet import failures_explained, silence

if TYPE_CHECKING:
    from types import ModuleType

    from sqlalchemy import ColumnClause

    from owui_keygate.commands.keys.waiting import Patience

_BEHIND = (
    "The database has not been migrated to this release of Open WebUI: start the server with the "
    "same release and the same environment variables"
)


def wait_for_migrations(database: ModuleType, patience: Patience) -> None:
    """Wait until the last of the host's migrations has been applied.

    Args:
        database: The host's module `open_webui.internal.db`.
        patience: How long.

    Raises:
        NotReadyError: It was not applied in time.
    """
    alembic: Any = importlib.import_module("alembic.script")
    folder = str(Path(str(database.__file__)).parents[1] / "migrations")
    with failures_explained(), silence():
        heads = set(alembic.ScriptDirectory(folder).get_heads())
    patience.until_ready(partial(_expect, database, heads))


def _expect(database: ModuleType, heads: set[str]) -> None:
    with failures_explained(), silence():
        if _applied(database) != heads:
            raise NotReadyError(_BEHIND)


def _applied(database: ModuleType) -> set[str]:
    from sqlalchemy import column, select, table

    name: ColumnClause[str] = column("version_num")
    versions = table("alembic_version", name, schema=database.Base.metadata.schema)
    # The sessions must stay as they are: the host uses them when it is imported.
    with database.engine.connect() as connection:
        return set(connection.execute(select(name).select_from(versions)).scalars())
