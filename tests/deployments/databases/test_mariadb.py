"""Open WebUI does not start on MariaDB: it uses one URL for blocking and for asynchronous engines.

The migrations want a blocking driver and everything else an asynchronous one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.libraries import AIOMYSQL_VERSION, PYMYSQL_VERSION, install
from harness.mariadb import MariaDB
from harness.server import BYPASS_ON, Server, ServerDiedError

if TYPE_CHECKING:
    from pathlib import Path

    from harness.environments import Environment
    from tests.support.tried import Tried

ERRORS = {
    "pymysql": "The asyncio extension requires an async driver",
    "aiomysql": "greenlet_spawn has not been called",
}


def test_open_webui_does_not_start_on_mariadb(
    stock: Environment, keygate: Environment, tmp_path: Path, tried: Tried
) -> None:
    """It ends in the same way with the extension as without."""
    drivers = (install("pymysql", PYMYSQL_VERSION), install("aiomysql", AIOMYSQL_VERSION))
    settings = BYPASS_ON | {
        "PYTHONPATH": ":".join(map(str, drivers)),
        # The slim image refuses every database but SQLite and PostgreSQL.
        "USE_SLIM_DOCKER": "false",
    }
    with MariaDB() as mariadb:
        version = mariadb.execute("SELECT version()")
        for driver, error in ERRORS.items():
            url = {"DATABASE_URL": mariadb.url(driver)}
            for environment in (stock, keygate):
                folder = tmp_path / driver / environment.folder.name
                server = Server(environment, folder, settings | url)
                with pytest.raises(ServerDiedError, match=error), server:
                    pass
    tried(
        "MariaDB, with a blocking driver and with an asynchronous one",
        "Open WebUI itself ends at start, without the extension too: it has one URL for blocking "
        "and for asynchronous engines",
        MariaDB=version.split("-")[0],
        PyMySQL=PYMYSQL_VERSION,
        aiomysql=AIOMYSQL_VERSION,
    )
