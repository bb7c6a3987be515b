"""Debian's MariaDB on a Unix socket."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Self

from harness.waiting import wait_until

USER = "mysql"


class MariaDB:
    """A running MariaDB with an empty database; a context manager.

    Attributes:
        socket: Where it listens.
    """

    def __init__(self) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="keygate-mariadb-")
        self._folder = Path(self._temporary.name)
        self.socket = self._folder / "socket"
        # Without this user it does not run as root.
        self._user = [f"--user={USER}"] if os.geteuid() == 0 else []
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Start it, and wait until it answers."""
        if self._user:
            shutil.chown(self._folder, USER)
        options = ["--no-defaults", *self._user, f"--datadir={self._folder / 'data'}"]
        methods = ("--auth-root-authentication-method=normal", "--skip-test-db")
        with self._log.open("wb") as log:
            install = ["/usr/bin/mariadb-install-db", *options, *methods]
            subprocess.run(install, check=True, stdout=log, stderr=log)
            options += ["--skip-networking", f"--socket={self.socket}"]
            options += [f"--pid-file={self._folder / 'pid'}"]
            self._process = subprocess.Popen(
                ["/usr/sbin/mariadbd", *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        wait_until(self.socket.exists, self._log.read_text)
        self.execute("CREATE DATABASE openwebui CHARACTER SET utf8mb4")
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it and remove its data."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
        self._temporary.cleanup()

    @property
    def _log(self) -> Path:
        return self._folder / "log"

    def url(self, driver: str) -> str:
        """Return the address of its database, for a driver."""
        return f"mysql+{driver}://root@localhost/openwebui?unix_socket={self.socket}"

    def execute(self, statement: str) -> str:
        """Run a statement, and return what the client prints."""
        client = ["/usr/bin/mariadb", "--no-defaults", "--user=root", f"--socket={self.socket}"]
        command = [*client, "--skip-column-names", f"--execute={statement}"]
        return subprocess.check_output(command, text=True).strip()
