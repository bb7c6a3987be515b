"""What grows with the number of people: the check, the start of the server, the list of keys."""

from __future__ import annotations

import functools
import os
import statistics
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benches.live.load import Load
from benches.live.measure import check_times
from harness.environments import host_environment, say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benches.live.pair import Pair
    from benches.size.worlds import Crowded
    from harness.server import Server

CHECK_ONE = "us in the check, one key"
CHECK_MANY = "us in the check, 100 keys in turn"
START = "s until the server answers"
LIST = "MB of `keys list` at its peak"
MOST_TIMES = 1.3


@dataclass(frozen=True)
class Growth:
    """One measure with few people and with many, in rounds that took turns.

    Attributes:
        measure: What was measured.
        database: The database behind the servers.
        side: `stock` or `keygate`.
        few: A value for each round with few people.
        many: The same with many.
    """

    measure: str
    database: str
    side: str
    few: list[float]
    many: list[float]

    @property
    def times(self) -> float:
        """How many times more it is with many: the median over the pairs of rounds."""
        return statistics.median(b / a for a, b in zip(self.few, self.many, strict=True))

    @property
    def is_judged(self) -> bool:
        """Whether it is about the extension, and not about Open WebUI alone."""
        return self.side == "keygate"

    @property
    def is_reached(self) -> bool:
        """Whether it grows no more than it may."""
        return self.times <= MOST_TIMES


@dataclass(frozen=True)
class Effort:
    """How long and how often to measure.

    Attributes:
        seconds: The length of a round of one side.
        rounds: How many rounds each side gets.
        starts: How often each server is started.
    """

    seconds: float
    rounds: int
    starts: int


@dataclass(frozen=True)
class Sizes:
    """Both sides with few people and with many, running and instrumented.

    Attributes:
        database: The database behind them.
        few: The world with few people, and its servers.
        many: The same with many.
    """

    database: str
    few: tuple[Crowded, Pair]
    many: tuple[Crowded, Pair]

    def grow(self, effort: Effort) -> Iterator[Growth]:
        """Measure all that could grow."""
        for measure in (CHECK_ONE, CHECK_MANY):
            check = functools.partial(_check, measure, effort.seconds)
            # The first round warms everything up.
            yield from self._grow(measure, check, effort.rounds, warming=1)
        yield from self._grow(LIST, _peak_of_list, effort.starts, sides=("keygate",))
        yield from self._grow(START, _start, effort.starts)

    def _grow(
        self,
        measure: str,
        value_of: Callable[[Crowded, Server], float],
        rounds: int,
        *,
        warming: int = 0,
        sides: tuple[str, ...] = ("stock", "keygate"),
    ) -> Iterator[Growth]:
        """Take a measure in rounds, in which sizes and sides take turns."""
        say(f"  {self.database}: {measure} ...")
        values: dict[str, tuple[list[float], list[float]]] = {side: ([], []) for side in sides}
        for turn in range(warming + rounds):
            for place, (crowded, pair) in enumerate((self.few, self.many)):
                for side, found in values.items():
                    value = value_of(crowded, getattr(pair, side))
                    if turn >= warming:
                        found[place].append(value)
        for side, (few, many) in values.items():
            yield Growth(measure, self.database, side, few, many)


def _check(measure: str, seconds: float, crowded: Crowded, server: Server) -> float:
    keys = crowded.keys if measure == CHECK_MANY else (crowded.world.key,)
    load = Load(server.port, keys[0], crowded.world.bodies, seconds=seconds, others=keys[1:])
    return statistics.median(check_times(server, load)) * 1e6


def _start(_crowded: Crowded, server: Server) -> float:
    server.stop()
    begin = time.perf_counter()
    server.start()
    server.wait_until_healthy()
    return time.perf_counter() - begin


def _peak_of_list(_crowded: Crowded, server: Server) -> float:
    command = host_environment(with_wheel=True).command("owui-keygate")
    process = subprocess.Popen(
        [command, "keys", "list"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=server.settings,
        cwd=server.folder,
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        message = f"`keys list` ended with {process.returncode}"
        raise RuntimeError(message)
    return used.ru_maxrss / 1024
