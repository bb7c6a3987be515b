"""A running server of the host."""

from __future__ import annotations

import atexit
import socket
import urllib.error
import urllib.request
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Self

import psutil

from harness.client import Client
from harness.processes import end, start
from harness.waiting import wait_until

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from harness.environments import Environment

START_SECONDS = 180
PATIENCE = "60"
BYPASS_ON = {"ENABLE_ADMIN_API_KEY_BYPASS": "true"}
STRICT = {"OWUI_KEYGATE_STRICT": "true"}
SECRET_KEY = "a-secret-key-for-sessions-of-this-test"  # noqa: S105


class ServerDiedError(Exception):
    """The server ended before it answered; the message holds the end of its log."""


class Server:
    """The host on 127.0.0.1, with its data under a folder; a context manager.

    Args:
        environment: Where the host is installed.
        folder: Holds the database, the static files and the log.
        settings: Environment variables on top of the ones every server gets.
        command: What is started instead of `open-webui serve`, for instance `by_uvicorn`;
            `{port}` stands for the port.
    """

    def __init__(
        self,
        environment: Environment,
        folder: Path,
        settings: dict[str, str] | None = None,
        command: list[str] | None = None,
    ) -> None:
        self.port = free_port()
        self.folder = folder
        self._command = [
            part.format(port=self.port)
            for part in command
            or [
                str(environment.command("open-webui")),
                *("serve", "--host", "127.0.0.1", "--port", "{port}"),
            ]
        ]
        self.settings = host_settings(folder) | (settings or {})
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The id of the process that answers.

        Raises:
            ServerDiedError: There is none.
        """
        if self._process is None:
            raise ServerDiedError(self.end_of_log())
        return self._process.pid

    @property
    def log(self) -> str:
        """What the server has printed so far."""
        return (self.folder / "log").read_text(errors="replace")

    def end_of_log(self) -> str:
        """Return what an error can show of the log."""
        return self.log[-4000:]

    def client(self) -> Client:
        """Return a new client."""
        return Client(self.port)

    def __enter__(self) -> Self:
        """Start the server and wait until it answers."""
        self.start()
        try:
            self.wait_until_healthy()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the server and all it has started."""
        self.stop()

    def workers(self) -> list[psutil.Process]:
        """Return the processes that answer requests."""
        if self._process is None:
            return []
        main = psutil.Process(self._process.pid)
        # With several workers, Python's resource tracker is a child as well.
        children = [child for child in main.children() if "spawn_main" in " ".join(child.cmdline())]
        return children or [main]

    def start(self) -> None:
        """Start the server; `wait_until_healthy` waits for it."""
        self._process = start(self._command, self.folder, self.settings)

    def wait_until_healthy(self) -> None:
        """Wait until the server answers.

        Raises:
            ServerDiedError: It ended instead.
            TimeoutError: It does neither.
        """
        wait_until(self._is_healthy, self.end_of_log, START_SECONDS)

    def wait_until_dead(self) -> None:
        """Wait until the server ends by itself."""
        if self._process is not None:
            self._process.wait()

    def stop(self) -> None:
        """Stop the server and all it has started."""
        process, self._process = self._process, None
        if process is not None:
            end(process)

    def _is_healthy(self) -> bool:
        if self._process is None or self._process.poll() is not None:
            raise ServerDiedError(self.end_of_log())
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=2) as answer:  # noqa: S310
                return bool(answer.status == 200)  # noqa: PLR2004
        except (urllib.error.URLError, OSError):
            return False


def make_database(server: Server) -> None:
    """Run a server once, so that its database is there before several workers start on it.

    On a new one each worker of the host makes the tables, and the slower one dies of finding them
    there; Uvicorn ends the other workers with it, seconds later (0.12.4).
    """
    with server:
        pass


@contextmanager
def running(servers: Sequence[Server]) -> Iterator[None]:
    """Start servers side by side, wait until each answers, and stop them in the end."""
    with ExitStack() as stack:
        for server in servers:
            server.start()
            stack.callback(server.stop)
        for server in servers:
            server.wait_until_healthy()
        yield


def by_uvicorn(
    environment: Environment, *options: str, app: str = "open_webui.main:app", workers: int = 1
) -> list[str]:
    """Return the command that serves an application as the image does, with `FROM_INIT_PY=true`.

    On a machine that stands still for five seconds, Uvicorn would hang up on its clients and put
    new workers in the place of those that give no sign of life. Here it waits longer.
    """
    command = [str(environment.command("uvicorn")), app, "--no-access-log", *options]
    command += ["--host", "127.0.0.1", "--port", "{port}", "--timeout-keep-alive", PATIENCE]
    if workers > 1:
        command += ["--workers", str(workers), "--timeout-worker-healthcheck", PATIENCE]
    return command


def host_settings(folder: Path) -> dict[str, str]:
    """Return the environment of a server that keeps to itself, with its data under a folder.

    The first releases do not make the folder of their static files themselves.
    """
    (folder / "static").mkdir(parents=True, exist_ok=True)
    return {
        "CORS_ALLOW_ORIGIN": "*",
        "DATA_DIR": str(folder / "data"),
        "ENABLE_OLLAMA_API": "false",
        "ENABLE_OPENAI_API": "false",
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "OFFLINE_MODE": "true",
        "PATH": "/usr/bin:/bin",
        "PYTHONDONTWRITEBYTECODE": "1",
        "RAG_EMBEDDING_ENGINE": "openai",
        "STATIC_DIR": str(folder / "static"),
        "USE_SLIM_DOCKER": "true",
        "WEBUI_SECRET_KEY": SECRET_KEY,
    }


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on, and nobody else gets meanwhile.

    A server may take its time to listen. Until this process ends, the port stays bound by a socket
    that does not listen, and `SO_REUSEADDR` lets a server that sets it as well listen beside it.
    """
    holder = socket.socket()
    holder.bind(("127.0.0.1", 0))
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    atexit.register(holder.close)
    return int(holder.getsockname()[1])
