"""A server of the Open WebUI that is installed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ADMIN = {"name": "Admin", "email": "admin@example.com", "password": "an-administrators-password"}
START_SECONDS = 180
SERVER = ("-m", "uvicorn", "open_webui.main:app")
REPLACES_THE_CHECK = """
import sys
import uvicorn
from open_webui.utils import auth
auth.get_current_user_by_api_key = lambda *_: None
sys.exit(uvicorn.main())
"""


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_until_healthy(process: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/health", timeout=3).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    pytest.fail(f"the server does not answer; it ended with {process.poll()}")


@pytest.fixture(scope="session")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that runs as long as the tests."""
    folder = tmp_path_factory.mktemp("instance")
    (folder / "static").mkdir()
    port = free_port()
    settings = {"DATA_DIR": str(folder / "data"), "STATIC_DIR": str(folder / "static")}
    server = SERVER
    if "OWUI_TEST_REPLACES_THE_CHECK" in os.environ:
        server = ("-c", REPLACES_THE_CHECK, "open_webui.main:app")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, *server, f"--port={port}"],
            env=os.environ | settings,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until_healthy(process, url)
        yield url
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture(scope="session")
def admin(instance: str) -> Iterator[httpx.Client]:
    """A client of the first account, which has signed in."""
    with httpx.Client(base_url=instance, timeout=60) as client:
        token = client.post("/api/v1/auths/signup", json=ADMIN).raise_for_status().json()["token"]
        client.headers["Authorization"] = f"Bearer {token}"
        yield client
