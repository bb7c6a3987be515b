"""A server behind nginx: where proxies and clients are, and what a client gets."""

from __future__ import annotations

import re
from base64 import b64encode
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from harness.client import Client, bearer
from harness.proxies import Nginx
from harness.server import BYPASS_ON
from harness.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from harness.server import Server

SETTINGS = "/api/v1/users/user/settings"
LOCAL, PROXY, SECOND, STRANGER = "127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4"
"""Three proxies that the server trusts, and one that it does not trust."""
INSIDE, OUTSIDE = "127.10.0.7", "127.20.0.7"
"""A client in a network that is allowed, and one in none."""
LIMITED = BYPASS_ON | {
    "ADMIN_API_KEY_ALLOWED_NETWORKS": "127.10.0.0/16, 10.20.0.0/16, 2001:db8::/32",
    "FORWARDED_ALLOW_IPS": f"{LOCAL},{PROXY},{SECOND}",
    "OWUI_KEYGATE_AUDIT": "all",
}
APPENDED = "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;"
REPLACED = "proxy_set_header X-Forwarded-For $remote_addr;"
_CLIENT = re.compile(r'owui_keygate\.audit.*? (?:bypass|refused) user=.* client="([^"]*)"')


class Outcome(NamedTuple):
    """What a request came to: the status, and the client that the server saw."""

    status: int
    client: str


def proxy(port: int, *lines: str, listen: str = "", address: str = PROXY, path: str = "") -> str:
    """Return the server of an nginx in front of a port, with further lines for what it passes on.

    Args:
        port: Where it passes requests on to.
        lines: Lines of its location.
        listen: What its `listen` has beside the address, such as `ssl`.
        address: The address that it calls from.
        path: What follows the port in `proxy_pass`.
    """
    return "\n".join(
        [
            "server {",
            f"listen 127.0.0.1:{{port}} {listen};",
            "location / {",
            f"proxy_pass http://127.0.0.1:{port}{path};",
            f"proxy_bind {address};",
            "proxy_http_version 1.1;",
            *lines,
            "}",
            "}",
        ]
    )


def basic(user: str, password: str) -> dict[str, str]:
    """Return the header that carries a password for nginx."""
    return {"Authorization": f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"}


@dataclass(frozen=True)
class Behind:
    """A server that writes each decision into its log, and what stands in front of it.

    Attributes:
        server: It trusts `LOCAL`, `PROXY` and `SECOND`, and lets keys in from a few networks.
        key: An administrator's.
        folder: Each nginx gets a folder in it.
        write: The fixture `tried`.
    """

    server: Server
    key: str = field(repr=False)
    folder: Path
    write: Callable[..., None]

    def nginx(self, *lines: str, address: str = PROXY, name: str = "nginx") -> Nginx:
        """Return an nginx in front of the server; see `proxy`."""
        return Nginx(self.folder / name, proxy(self.server.port, *lines, address=address))

    def ask(
        self, port: int, headers: dict[str, str] | None = None, source: str = INSIDE
    ) -> Outcome:
        """Ask by the key, through what listens on a port."""
        before = len(self.clients())
        with closing(Client(port, source)) as client:
            answer = client.request("GET", SETTINGS, bearer(self.key) | (headers or {}))
        return self.outcome(answer.status, before)

    def outcome(self, status: int, before: int) -> Outcome:
        """Return what a request came to, which the log has after a number of others."""
        wait_until(lambda: len(self.clients()) > before, lambda: f"{status}: not in the log")
        return Outcome(status, self.clients()[-1])

    def tried(self, what: str, result: str) -> None:
        """Write a row of docs/deployments.md, with the version of nginx."""
        self.write(what, result, nginx=Nginx.version())

    def clients(self) -> list[str]:
        """Return the clients that the audit names, in order."""
        return _CLIENT.findall(self.server.log)
