"""Measures the sides of a pair, in rounds that take turns: stock, keygate, limit, stock, ..."""

from __future__ import annotations

import statistics
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psutil

from benches.live import statement_log
from benches.live.load import Load, send
from benches.live.results import API_KEY, CHECK, RATE, SESSION, STATEMENTS, WAIT, Comparison, Memory
from harness.environments import say

if TYPE_CHECKING:
    from collections.abc import Callable

    from benches.live.load import Answered
    from benches.live.pair import Pair
    from benches.live.world import World
    from harness.server import Server

MEMORY_CLIENTS = 8
MEMORY_SAMPLES = 20
PROGRESS = 5
COUNTED_REQUESTS = 120


@dataclass(frozen=True)
class Effort:
    """How long and how often to measure.

    Attributes:
        seconds: The length of a round of one side.
        rounds: How many rounds each side gets.
        clients: The numbers of clients.
        memory_requests: How many requests each side answers while its memory is looked at.
        thorough: Whether to measure what no target is about: requests/s of session tokens with
            many clients, and of any credential on a distant database.
    """

    seconds: float
    rounds: int
    clients: tuple[int, ...]
    memory_requests: int
    thorough: bool


@dataclass(frozen=True)
class Measurements:
    """Measures one pair, on one kind of database.

    Attributes:
        pair: Both servers.
        world: The data they were started on.
        database: The name of the kind of database.
        effort: How long and how often.
    """

    pair: Pair
    world: World
    database: str
    effort: Effort

    def throughput(self) -> list[Comparison]:
        """Compare requests per second, and with one client how long each endpoint takes a key."""
        found = []
        for clients in self.effort.clients:
            for credential in self.world.credentials:
                if credential == SESSION and clients > 1 and not self.effort.thorough:
                    continue

                def measure(
                    server: Server, clients: int = clients, credential: str = credential
                ) -> dict[tuple[str, str], float]:
                    answered = self._send(server, credential, clients)
                    values = {(RATE, ""): answered.rate}
                    if clients == 1 and credential == API_KEY:
                        for endpoint, waits in answered.waits.items():
                            values[WAIT, endpoint] = statistics.median(waits) * 1000
                    return values

                limit = self.pair.limit if credential == API_KEY else None
                found += self._in_turn(measure, credential, clients, limit)
        return found

    def check(self) -> list[Comparison]:
        """Compare the time inside the check, with one client; the pair is instrumented."""

        def measure(server: Server) -> dict[tuple[str, str], float]:
            times = check_times(server, self._load(server, API_KEY))
            return {(CHECK, ""): statistics.median(times) * 1000}

        return self._in_turn(measure, API_KEY)

    def statements(self) -> list[Comparison]:
        """Compare how many statements a request takes; the pair is instrumented."""
        found = []
        for credential in self.world.credentials:
            stock, keygate = ([self._count(server, credential)] for server in self.pair)
            found.append(Comparison(STATEMENTS, self.database, credential, 1, stock, keygate))
        return found

    def memory(self) -> Memory:
        """Sample the memory of both sides while both answer the same number of requests."""
        step = self.effort.memory_requests // MEMORY_SAMPLES
        processes = [psutil.Process(server.pid) for server in self.pair]
        samples: list[list[float]] = []
        with ThreadPoolExecutor() as threads:
            for done in range(MEMORY_SAMPLES):
                if done % PROGRESS == 0:
                    say(f"  memory: {done * step:,} of {MEMORY_SAMPLES * step:,} requests ...")
                list(threads.map(lambda server: self._send_many(server, step), self.pair))
                samples.append([process.memory_info().rss / 2**20 for process in processes])
        requests = [step * (done + 1) for done in range(MEMORY_SAMPLES)]
        stock, keygate = (list(side) for side in zip(*samples, strict=True))
        return Memory(requests, stock, keygate)

    def _in_turn(
        self,
        measure: Callable[[Server], dict[tuple[str, str], float]],
        credential: str,
        clients: int = 1,
        limit: Server | None = None,
    ) -> list[Comparison]:
        say(f"  {self.database}, {credential}, {clients} at once ...")
        servers = [*self.pair, *([limit] if limit else [])]
        for server in servers:
            self._send(server, credential, clients)
        rounds: dict[tuple[str, str], list[list[float]]] = defaultdict(lambda: [[], [], []])
        for _ in range(self.effort.rounds):
            for side, server in enumerate(servers):
                for name, value in measure(server).items():
                    rounds[name][side].append(value)
        return [
            Comparison(name, self.database, credential, clients, stock, keygate, endpoint, of_limit)
            for (name, endpoint), (stock, keygate, of_limit) in rounds.items()
        ]

    def _send(self, server: Server, credential: str, clients: int = 1) -> Answered:
        return send(self._load(server, credential, clients))

    def _load(self, server: Server, credential: str, clients: int = 1) -> Load:
        bodies = self.world.bodies
        secret = self.world.credentials[credential]
        return Load(server.port, secret, bodies, clients, seconds=self.effort.seconds)

    def _send_many(self, server: Server, requests: int) -> Answered:
        bodies = self.world.bodies
        return send(Load(server.port, self.world.key, bodies, MEMORY_CLIENTS, requests=requests))

    def _count(self, server: Server, credential: str) -> float:
        secret, postgres = self.world.credentials[credential], self.world.postgres
        load = Load(server.port, secret, self.world.bodies, requests=COUNTED_REQUESTS)
        send(load)
        _control(server, "record?what=statements")
        in_log = 0
        if postgres is None:
            send(load)
        else:
            in_log = statement_log.count(postgres, server.folder.name, lambda: send(load))
        in_process: int = _control(server, "recorded")["statements"]
        return (in_process + in_log) / COUNTED_REQUESTS


def check_times(server: Server, load: Load) -> list[float]:
    """Send a load to an instrumented server, and return how long each check took, in seconds.

    Raises:
        RuntimeError: Not every request has called the check once.
    """
    _control(server, "record?what=times")
    answered = send(load)
    times: list[float] = _control(server, "recorded")["times"]
    if len(times) != answered.requests:
        message = f"{answered.requests} requests made {len(times)} calls of the check"
        raise RuntimeError(message)
    return times


def _control(server: Server, action: str) -> Any:  # noqa: ANN401
    client = server.client()
    try:
        return client.call("GET", f"/benchmark/{action}", "")
    finally:
        client.close()
