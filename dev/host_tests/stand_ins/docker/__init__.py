"""Stands in for the package of this name: the one container of the host's own tests.

It is a new database of the PostgreSQL whose socket `KEYGATE_POSTGRES_SOCKET` names, made
reachable at the port where the tests look for it.
"""

from __future__ import annotations

import os
import socket
import socketserver
import threading
from pathlib import Path

import psycopg2

PORT = 8081
DATABASE = "openwebui"


class DockerClient:
    """A client that knows one container."""

    def __init__(self) -> None:
        self.containers = self
        self._server: _Server | None = None

    def run(self, *_: object, **__: object) -> None:
        """Start the container: an empty database, and a way to it."""
        folder = str(Path(os.environ["KEYGATE_POSTGRES_SOCKET"]).parent)
        connection = psycopg2.connect(host=folder, user="postgres", dbname="postgres")
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
            cursor.execute('DROP ROLE IF EXISTS "user"')
            cursor.execute("CREATE ROLE \"user\" SUPERUSER LOGIN PASSWORD 'example'")
            cursor.execute(f'CREATE DATABASE {DATABASE} OWNER "user"')
        connection.close()
        self._server = _Server(("127.0.0.1", PORT), _Forward)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def get(self, _name: str) -> DockerClient:
        """Return the container."""
        return self

    def remove(self, **_: object) -> None:
        """Stop the container."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()


def from_env() -> DockerClient:
    """Return a client."""
    return DockerClient()


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class _Forward(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        with socket.socket(socket.AF_UNIX) as server:
            server.connect(os.environ["KEYGATE_POSTGRES_SOCKET"])
            back = threading.Thread(target=_copy, args=(server, self.request), daemon=True)
            back.start()
            _copy(self.request, server)
            back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return  # The other end has hung up.
