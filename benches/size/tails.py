"""The slowest calls of the check, with few clients and with many.

The time is that from the call of the check to its answer, in the server. Where the check waits, the
requests that are served meanwhile are part of it: with 256 clients that is nearly all of it.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from benches.live.load import Load, send
from benches.live.measure import check_times
from benches.live.pair import SIDES
from harness.environments import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benches.live.pair import Pair
    from benches.live.world import World

CLIENTS = (1, 32, 256)
WARM_UP = 3
"""How many requests each client sends before."""
PERCENTILES = (50.0, 99.0, 99.9)


@dataclass(frozen=True)
class Tail:
    """The time in the check on one side.

    Attributes:
        database: The database behind the server.
        clients: How many requests were under way at any time.
        side: `stock` or `keygate`.
        requests: How many there were.
        ms: The time below which a share of the calls was, for each of `PERCENTILES`.
    """

    database: str
    clients: int
    side: str
    requests: int
    ms: list[float]


def tails(database: str, world: World, pair: Pair, requests: int) -> Iterator[Tail]:
    """Measure both sides with each number of clients; the pair is instrumented."""
    for clients in CLIENTS:
        say(f"  {database}: {requests} requests of {clients} clients to each side ...")
        for side, server in zip(SIDES, pair, strict=False):
            load = Load(server.port, world.key, world.bodies, clients, requests=requests)
            send(replace(load, requests=WARM_UP * clients))
            times = check_times(server, load)
            yield Tail(database, clients, side, len(times), percentiles(times))


def percentiles(times: list[float]) -> list[float]:
    """Return `PERCENTILES` of times in seconds, in milliseconds."""
    cuts = statistics.quantiles(times, n=1000, method="inclusive")
    return [cuts[round(percent * 10) - 1] * 1000 for percent in PERCENTILES]
