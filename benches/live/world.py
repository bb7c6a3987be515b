"""The data that both sides start from: made once on a stock server, and copied for each."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from benches.live.results import API_KEY, SESSION
from harness import people
from harness.client import bearer
from harness.environments import host_environment
from harness.server import Server, host_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.postgres import Postgres

COLLEAGUES = 300
ENDPOINTS = (
    "/api/v1/users/user/info",
    "/api/v1/users/default/permissions/defaults",
    "/api/v1/auths/admin/config/oauth",
)
"""What automations of an administrator ask for: whom a key belongs to, and how the server is set.

Of all GET routes that were measured on 0.12.4 these have the least work of their own: they ask the
database for nothing. A server answers them about as fast as it can answer anybody it has to check;
any other route adds a millisecond or more that no check can save.
"""
INFO = {"automation": "nightly"}


@dataclass(frozen=True)
class World:
    """Data, and what is needed to ask for it.

    Attributes:
        folder: The data folder that servers get a copy of.
        key: The API key of an administrator.
        session: A session token of the same administrator.
        bodies: What the stock host answered on each endpoint; every answer must be equal.
        postgres: Where the database is, unless it is SQLite's file in the folder.
        address: Gives the address of a database of that PostgreSQL.
    """

    folder: Path
    key: str = field(repr=False)
    session: str = field(repr=False)
    bodies: dict[str, str] = field(repr=False)
    postgres: Postgres | None
    address: Callable[[str], str] | None

    def copy(self, folder: Path) -> dict[str, str]:
        """Copy the data for a server in a folder, and return the settings that it needs."""
        shutil.copytree(self.folder / "data", folder / "data")
        if self.postgres is None or self.address is None:
            return {}
        self.postgres.create(folder.name, template=self.folder.name)
        return {"DATABASE_URL": self.address(folder.name)}

    def behind(self, address: Callable[[str], str]) -> World:
        """Return the same data in databases that are reached at other addresses."""
        return replace(self, address=address)

    @property
    def credentials(self) -> dict[str, str]:
        """Both ways to ask, by the names they go by in the results."""
        return {API_KEY: self.key, SESSION: self.session}


def make_world(folder: Path, postgres: Postgres | None, colleagues: int = COLLEAGUES) -> World:
    """Make the data on a stock server: an administrator with a key, and colleagues."""
    stock = host_environment(with_wheel=False)
    settings = {"DATABASE_URL": postgres.create(folder.name)} if postgres else {}
    with Server(stock, folder, settings) as server:
        client = server.client()
        admin = people.sign_up(client)
        people.set_rules(client, admin, enabled=True)
        key = people.make_key(client, admin)
        client.call("POST", "/api/v1/users/user/info/update", admin.session, INFO)
        bodies = {}
        for endpoint in ENDPOINTS:
            client.call("GET", endpoint, key)
            bodies[endpoint] = client.request("GET", endpoint, bearer(key)).body.decode()
        client.close()
    filled = stock.run(
        "python",
        *("-P", Path(__file__).with_name("fill.py"), str(colleagues)),
        env=host_settings(folder) | settings,
    )
    if filled.returncode:
        raise RuntimeError(filled.stderr)
    return World(folder, key, admin.session, bodies, postgres, postgres.url if postgres else None)
