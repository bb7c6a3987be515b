"""The sides: a stock server and one with the extension, with the same data and settings.

A third one has a check that asks no database. It is the limit of what any check can give.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.environments import USUAL_SPEED, host_environment
from harness.server import BYPASS_ON, Server
from harness.server import running as side_by_side

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benches.live.world import World

SIDES = ("stock", "keygate", "limit")
IN_PLACE = "the bypass is on"
INSTRUMENTED = Path(__file__).with_name("instrumented.py")
LIMIT = Path(__file__).with_name("limit.py")


class SidesDoNotDifferError(Exception):
    """The extension is not in place where it must be, or is where it must not be."""


@dataclass(frozen=True)
class Pair:
    """Both sides, running.

    Attributes:
        stock: The stock server.
        keygate: The one with the extension.
        limit: The one whose check asks no database; None where the sides are instrumented.
    """

    stock: Server
    keygate: Server
    limit: Server | None = None

    def __iter__(self) -> Iterator[Server]:
        """Yield each side."""
        return iter((self.stock, self.keygate))


@contextmanager
def running(world: World, folder: Path) -> Iterator[Pair]:
    """Start both sides and the limit on copies of the same data.

    Raises:
        SidesDoNotDifferError: The extension has not taken its place, or has where it must not.
    """
    stock, keygate, limit = (folder / f"{folder.name}-{side}" for side in SIDES)
    pair = Pair(
        _server(world, stock, with_wheel=False),
        _server(world, keygate, with_wheel=True),
        _server(world, limit, with_wheel=False, script=LIMIT),
    )
    with _in_place(pair):
        yield pair


@contextmanager
def instrumented(world: World, folder: Path) -> Iterator[Pair]:
    """Start both sides so that one can look inside.

    Raises:
        SidesDoNotDifferError: The extension has not taken its place, or has where it must not.
    """
    stock, keygate, _ = (folder / f"{folder.name}-{side}" for side in SIDES)
    pair = Pair(
        _server(world, stock, with_wheel=False, script=INSTRUMENTED),
        _server(world, keygate, with_wheel=True, script=INSTRUMENTED),
    )
    with _in_place(pair):
        yield pair


@contextmanager
def _in_place(pair: Pair) -> Iterator[None]:
    servers = [server for server in (*pair, pair.limit) if server is not None]
    with side_by_side(servers):
        if [server for server in servers if IN_PLACE in server.log] != [pair.keygate]:
            message = "the sides do not differ as they should"
            raise SidesDoNotDifferError(message)
        yield


def _server(world: World, folder: Path, *, with_wheel: bool, script: Path | None = None) -> Server:
    environment = host_environment(with_wheel=with_wheel)
    settings = BYPASS_ON | USUAL_SPEED | world.copy(folder)
    if script is None:
        return Server(environment, folder, settings)
    # `open-webui serve` sets this for itself.
    settings |= {"FROM_INIT_PY": "true"}
    # -P keeps the folder of the script, and what is in it, from being imported by the host.
    return Server(
        environment, folder, settings, [str(environment.python), "-P", str(script), "{port}"]
    )
