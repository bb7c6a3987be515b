"""What a run of the benchmark has found."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


SQLITE = "SQLite"
POSTGRESQL = "PostgreSQL"
DISTANT = "PostgreSQL, 1 ms away"

RATE = "requests/s"
WAIT = "ms for a request"
CHECK = "ms in the check"
STATEMENTS = "statements for a request"

API_KEY = "API key"
SESSION = "session token"


@dataclass(frozen=True)
class Comparison:
    """One measure of both sides, in rounds that took turns.

    Attributes:
        measure: What was measured; more is better for requests/s, less for all else.
        database: The database behind both servers.
        credential: What the requests carried.
        clients: How many requests were under way at any time.
        stock: A value for each round of the stock server.
        keygate: The same with the extension.
        limit: The same with a check that asks no database, where that was measured: what any check
            can give.
        endpoint: The one endpoint it is about, unless all were called in turn.
    """

    measure: str
    database: str
    credential: str
    clients: int
    stock: list[float]
    keygate: list[float]
    endpoint: str = ""
    limit: list[float] = field(default_factory=list)

    @property
    def share(self) -> float | None:
        """What part of the limit the extension reaches: the median over the pairs of rounds."""
        if not self.limit:
            return None
        pairs = zip(self.keygate, self.limit, strict=True)
        return statistics.median(keygate / limit for keygate, limit in pairs)

    @property
    def ratio(self) -> float:
        """How many times better the extension does: the median over the pairs of rounds."""
        pairs = zip(self.stock, self.keygate, strict=True)
        ratios = [stock / keygate for stock, keygate in pairs]
        ratio = statistics.median(ratios)
        return 1 / ratio if self.measure == RATE else ratio

    def to_json(self) -> dict[str, Any]:
        """Return all of it, with the medians."""
        return {
            "measure": self.measure,
            "database": self.database,
            "credential": self.credential,
            "clients": self.clients,
            "endpoint": self.endpoint or "all in turn",
            "stock": _side(self.stock),
            "keygate": _side(self.keygate),
            "times_better": round(self.ratio, 3),
            "limit": _side(self.limit) if self.limit else None,
            "share_of_limit": self.share and round(self.share, 3),
        }


def _side(rounds: list[float]) -> dict[str, Any]:
    return {
        "median": round(statistics.median(rounds), 4),
        "rounds": [round(value, 4) for value in rounds],
    }


@dataclass(frozen=True)
class Memory:
    """The resident memory of both servers while they answer the same number of requests.

    Attributes:
        requests: How many requests each has answered when a sample was taken.
        stock: The samples of the stock server, in MB.
        keygate: The samples of the one with the extension.
    """

    requests: list[int]
    stock: list[float]
    keygate: list[float]

    @property
    def above_stock(self) -> float:
        """How much more the extension takes in the end, in MB."""
        return self.keygate[-1] - self.stock[-1]

    def growth(self, samples: list[float]) -> float:
        """Return by how much the peak of the second half is above that of the first, in MB.

        Resident memory falls by a megabyte now and then and fills up again, in stock as well, but
        a leak raises the peak.
        """
        half = len(samples) // 2
        return max(samples[half:]) - max(samples[:half])

    def to_json(self) -> dict[str, Any]:
        """Return all of it."""
        return {
            "requests": self.requests,
            "stock_mb": [round(value, 2) for value in self.stock],
            "keygate_mb": [round(value, 2) for value in self.keygate],
        }


@dataclass
class Results:
    """Everything that was measured.

    Attributes:
        machine: What it ran on.
        effort: How long and how often was measured.
        comparisons: Both sides beside each other.
        round_trip_ms: One round trip to the PostgreSQL that is 1 ms away.
        memory: The memory of both servers.
        decode_token: What `benches.sessions` found.
    """

    machine: dict[str, str]
    effort: dict[str, Any]
    comparisons: list[Comparison] = field(default_factory=list)
    round_trip_ms: float | None = None
    memory: Memory | None = None
    decode_token: dict[str, dict[str, float]] | None = None

    def select(
        self, measure: str, credential: str = API_KEY, endpoint: str = ""
    ) -> Iterator[Comparison]:
        """Yield the comparisons of one kind."""
        for comparison in self.comparisons:
            found = (comparison.measure, comparison.credential, comparison.endpoint)
            if found == (measure, credential, endpoint):
                yield comparison

    def find(self, measure: str, database: str, clients: int = 1) -> Comparison | None:
        """Return the comparison of one measure with API keys, if it was made."""
        for comparison in self.select(measure):
            if (comparison.database, comparison.clients) == (database, clients):
                return comparison
        return None

    def to_json(self) -> dict[str, Any]:
        """Return all of it."""
        return {
            "machine": self.machine,
            "effort": self.effort,
            "comparisons": [comparison.to_json() for comparison in self.comparisons],
            "round_trip_ms": self.round_trip_ms and round(self.round_trip_ms, 3),
            "memory": self.memory and self.memory.to_json(),
            "decode_token": self.decode_token,
        }
