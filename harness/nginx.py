"""Debian's nginx in front of a server, with a configuration of one's own."""

from __future__ import annotations

import socket
import subprocess
from typing import TYPE_CHECKING, Self

from harness.server import free_port
from harness.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = "/usr/sbin/nginx"
STOP_SECONDS = 20
CONFIGURATION = """\
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


class NginxDiedError(Exception):
    """nginx ended before it listened; the message holds its log."""


class Nginx:
    """An nginx on 127.0.0.1; a context manager.

    Args:
        folder: Holds its configuration, its log and what it stores for a while.
        http: What its block `http` holds; `{port}` stands for its port.
        beside: What stands beside that block, such as a block `stream`.
    """

    def __init__(self, folder: Path, http: str, beside: str = "") -> None:
        self.port = free_port()
        self.folder = folder
        blocks = CONFIGURATION.replace("{http}", http).replace("{beside}", beside)
        self._configuration = blocks.replace("{port}", str(self.port))
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        """What it has logged so far."""
        return (self.folder / "log").read_text(errors="replace")

    def __enter__(self) -> Self:
        """Start it, and wait until it listens."""
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / "nginx.conf"
        file.write_text(self._configuration)
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [PROGRAM, "-p", str(self.folder), "-c", str(file), "-e", "stderr"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
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
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _listens(self) -> bool:
        if self._process is None or self._process.poll() is not None:
            raise NginxDiedError(self.log)
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) == 0


def version() -> str:
    """Return the version, such as `1.22.1`."""
    said = subprocess.run([PROGRAM, "-v"], check=True, capture_output=True, text=True)
    return said.stderr.strip().rpartition("/")[2].split()[0]
