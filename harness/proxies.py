"""Debian's nginx and Caddy in front of a server, with a configuration of one's own."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Self

from harness.processes import end, listens, start
from harness.server import free_port
from harness.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

NGINX = "/usr/sbin/nginx"
CADDY = "/usr/bin/caddy"
NGINX_FILE = """\
load_module /usr/lib/nginx/modules/ngx_stream_module.so;
daemon off;
master_process off;
pid pid;
events { worker_connections 128; }
http {
access_log off;
client_body_temp_path body;
proxy_temp_path proxy;
fastcgi_temp_path fastcgi;
uwsgi_temp_path uwsgi;
scgi_temp_path scgi;
{http}
}
{beside}
"""


class ProxyDiedError(Exception):
    """A proxy ended before it listened; the message holds its log."""


class Proxy:
    """A proxy on 127.0.0.1; a context manager.

    Args:
        folder: Holds its configuration, its log and what it stores for a while.
        command: What starts it.
        configuration: Goes into the file `configuration`; `{port}` stands for its port.
    """

    def __init__(self, folder: Path, command: list[str], configuration: str) -> None:
        self.port = free_port()
        self.folder = folder
        self._command = command
        self._configuration = configuration.replace("{port}", str(self.port))
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        """What it has logged so far."""
        return (self.folder / "log").read_text(errors="replace")

    def __enter__(self) -> Self:
        """Start it, and wait until it listens."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "configuration").write_text(self._configuration)
        settings = {"HOME": str(self.folder), "PATH": "/usr/bin:/bin"}
        self._process = start(self._command, self.folder, settings)
        try:
            wait_until(self._listens, lambda: self.log)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self.stop()

    def stop(self) -> None:
        """Stop it."""
        process, self._process = self._process, None
        if process is not None:
            end(process)

    def _listens(self) -> bool:
        if self._process is None or self._process.poll() is not None:
            raise ProxyDiedError(self.log)
        return listens(self.port)


class Nginx(Proxy):
    """An nginx.

    Args:
        folder: See `Proxy`.
        http: What its block `http` holds; `{port}` stands for its port.
        beside: What stands beside that block, such as a block `stream`.
    """

    def __init__(self, folder: Path, http: str, beside: str = "") -> None:
        file = NGINX_FILE.replace("{http}", http).replace("{beside}", beside)
        command = [NGINX, "-p", str(folder), "-c", str(folder / "configuration"), "-e", "stderr"]
        super().__init__(folder, command, file)

    @staticmethod
    def version() -> str:
        """Return the version, such as `1.22.1`."""
        said = subprocess.run([NGINX, "-v"], check=True, capture_output=True, text=True)
        return said.stderr.strip().rpartition("/")[2].split()[0]


class Caddy(Proxy):
    """A Caddy.

    Args:
        folder: See `Proxy`.
        sites: Its sites; `{port}` stands for its port.
    """

    def __init__(self, folder: Path, sites: str) -> None:
        command = [CADDY, "run", "--config", "configuration", "--adapter", "caddyfile"]
        super().__init__(folder, command, f"{{\nadmin off\n}}\n{sites}")

    @staticmethod
    def version() -> str:
        """Return the version, such as `2.6.2`."""
        said = subprocess.run([CADDY, "version"], check=True, capture_output=True, text=True)
        return said.stdout.split()[0].removeprefix("v")
