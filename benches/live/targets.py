"""What the extension must reach, judged on the ratios of one run."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benches.live.results import CHECK, DISTANT, POSTGRESQL, RATE, SQLITE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benches.live.results import Memory, Results

TIMES_BETTER = (
    (CHECK, SQLITE, 1, 45.0),
    (CHECK, POSTGRESQL, 1, 14.0),
    (RATE, SQLITE, 1, 2.0),
    (RATE, SQLITE, 8, 2.0),
    (RATE, POSTGRESQL, 1, 1.7),
    (RATE, POSTGRESQL, 8, 1.7),
)
SHARES_OF_LIMIT = (
    (SQLITE, 1, 0.95),
    (SQLITE, 8, 0.95),
    (POSTGRESQL, 1, 0.88),
    (POSTGRESQL, 8, 0.93),
)
BEYOND_ROUND_TRIP_MS = 0.5
DECODE_TOKEN_TIMES_BETTER = 6.0
MEMORY_REQUESTS = 100_000
ABOVE_STOCK_MB = 8.0
# A leak of ten bytes for a request is as much.
FLAT_MB = 0.5


@dataclass(frozen=True)
class Verdict:
    """A target, what was found, and whether that reaches it."""

    target: str
    found: str
    reached: bool


def conclude(reached: list[bool]) -> int:
    """Say how many targets are reached, and return the exit code: 0 if all are, 1 if not."""
    print(f"{sum(reached)} of {len(reached)} targets are reached")
    return 0 if all(reached) else 1


def judge(results: Results) -> Iterator[Verdict]:
    """Yield a verdict for each target that this run has measured."""
    for measure, database, clients, wanted in TIMES_BETTER:
        comparison = results.find(measure, database, clients)
        if comparison is not None:
            target = f"{measure}, API key, {database}, {clients} at once: {wanted:g} times better"
            found = f"{comparison.ratio:.2f} times"
            yield Verdict(target, found, comparison.ratio >= wanted)
    for database, clients, wanted in SHARES_OF_LIMIT:
        comparison = results.find(RATE, database, clients)
        if comparison is not None and comparison.share is not None:
            target = f"{RATE}, API key, {database}, {clients} at once: {wanted:g} of the limit"
            yield Verdict(target, f"{comparison.share:.3f}", comparison.share >= wanted)
    distant = results.find(CHECK, DISTANT)
    if distant is not None and results.round_trip_ms is not None:
        limit = results.round_trip_ms + BEYOND_ROUND_TRIP_MS
        found_ms = statistics.median(distant.keygate)
        yield Verdict(
            f"{CHECK}, API key, {DISTANT}: a round trip ({results.round_trip_ms:.2f}) and "
            f"{BEYOND_ROUND_TRIP_MS:g} at most",
            f"{found_ms:.2f} ms",
            found_ms <= limit,
        )
    if results.decode_token is not None:
        ratio = results.decode_token["loop"]["ratio"]
        yield Verdict(
            f"decode_token: {DECODE_TOKEN_TIMES_BETTER:g} times better than PyJWT",
            f"{ratio:.1f} times",
            ratio >= DECODE_TOKEN_TIMES_BETTER,
        )
    if results.memory is not None and results.memory.requests[-1] >= MEMORY_REQUESTS:
        yield from _judge_memory(results.memory)


def _judge_memory(memory: Memory) -> Iterator[Verdict]:
    yield Verdict(
        f"memory above stock after {memory.requests[-1]:,} requests: {ABOVE_STOCK_MB:g} MB at most",
        f"{memory.above_stock:.1f} MB",
        memory.above_stock <= ABOVE_STOCK_MB,
    )
    stock, keygate = memory.growth(memory.stock), memory.growth(memory.keygate)
    yield Verdict(
        f"peak memory, second half above the first: {FLAT_MB:g} MB more than stock at most",
        f"{keygate:+.1f} MB, stock {stock:+.1f} MB",
        keygate - max(0.0, stock) <= FLAT_MB,
    )
