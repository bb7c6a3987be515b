"""The two sides: a stock server and one with the extension, with the same data and settings."""

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

IN_PLACE = "the bypass is on"
INSTRUMENTED = Path(__file__).with_name("instrumented.py")


class SidesDoNotDifferError(Exception):
    """The extension is not in place where it must be, or is where it must not be."""


@dataclass(frozen=True)
class Pair:
    """Both sides, running."""

    stock: Server
    keygate: Server

    def __iter__(self) -> Iterator[Server]:
        """Yield each side."""
        return iter((self.stock, self.keygate))


@contextmanager
def running(world: World, folder: Path, *, instrumented: bool = False) -> Iterator[Pair]:
    """Start both sides on copies of the same data.

    Raises:
        SidesDoNotDifferError: The extension has not taken its place, or has on the stock side.
    """
    pair = Pair(
        _server(
            world, folder / f"{folder.name}-stock", with_wheel=False, instrumented=instrumented
        ),
        _server(
            world, folder / f"{folder.name}-keygate", with_wheel=True, instrumented=instrumented
        ),
    )
    with side_by_side([*pair]):
        if [IN_PLACE in server.log for server in pair] != [False, True]:
            message = "the sides do not differ as they should"
            raise SidesDoNotDifferError(message)
        yield pair


def _server(world: World, folder: Path, *, with_wheel: bool, instrumented: bool) -> Server:
    environment = host_environment(with_wheel=with_wheel)
    settings = BYPASS_ON | USUAL_SPEED | world.copy(folder)
    if not instrumented:
        return Server(environment, folder, settings)
    # `open-webui serve` sets this for itself.
    settings |= {"FROM_INIT_PY": "true"}
    # -P keeps the folder of the script, and what is in it, from being imported by the host.
    command = [str(environment.python), "-P", str(INSTRUMENTED), "{port}"]
    return Server(environment, folder, settings, command)
