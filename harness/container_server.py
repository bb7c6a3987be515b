"""A running server of the host in a container."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from harness.environments import Environment
from harness.server import Server

if TYPE_CHECKING:
    from harness.buildah import Container

ALONE = {
    "ENABLE_OLLAMA_API": "false",
    "ENABLE_OPENAI_API": "false",
    "HOST": "127.0.0.1",
    "OFFLINE_MODE": "true",
    "RAG_EMBEDDING_ENGINE": "openai",
}
"""Keeps a server to itself, and from loading models that the stand-in does not have."""
DATA = "/app/backend/data"
"""Where the data are in the image."""


class ContainerServer(Server):
    """The host in a container, on 127.0.0.1; a context manager.

    Args:
        container: The container.
        folder: Holds the log.
    """

    def __init__(self, container: Container, folder: Path) -> None:
        served = container.having(ALONE | {"PORT": "{port}"})
        command = served.command("bash", "start.sh")
        super().__init__(Environment(Path("/usr")), folder, command=command)
        self._container = container

    @property
    def beside(self) -> Container:
        """What runs a command beside the server, in its container and with its variables."""
        return self._container.having(ALONE | {"PORT": str(self.port)})

    def stop(self) -> None:
        """Stop the server and all it has started: buildah hands no signal on."""
        if self._process is not None and self._process.poll() is None:
            for process in psutil.Process(self._process.pid).children(recursive=True):
                if "buildah" not in process.name():
                    process.terminate()
        super().stop()
