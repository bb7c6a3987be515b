"""A server behind a proxy on this machine, which it believes about the addresses of clients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.server import Server, by_uvicorn

if TYPE_CHECKING:
    from pathlib import Path

    from harness.environments import Environment
    from tests.support.world import World

INSIDE = "10.20.30.40"
"""A client in the networks that the limits of several tests allow."""


def serve(world: World, keygate: Environment, folder: Path, settings: dict[str, str]) -> Server:
    """Return a server of which Uvicorn itself is told whom to believe, as the image does."""
    command = by_uvicorn(keygate, "--forwarded-allow-ips", "127.0.0.1")
    return world.server(keygate, folder, settings | {"FROM_INIT_PY": "true"}, command)
