"""Writes what was found as tables for people."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from benches.size.growth import MOST_TIMES
from benches.size.tails import PERCENTILES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benches.size.growth import Growth
    from benches.size.tails import Tail

HEAD = """\
# At any size

`make bench-size WRITE=1` writes this page. It starts real servers of Open WebUI, stock and with the
extension, with few people and with very many, on the same machine in one run.
"""
OF_TAILS = """\
## The slowest checks

The time from the call of the check to its answer, inside the server with many people, in ms. Where
the check waits for the database, the requests that the server answers meanwhile are part of it.
With 256 clients that is most of the time, and a check that does not wait is not held up by them.
"""


def markdown(
    machine: dict[str, str],
    people: dict[str, tuple[int, int]],
    growths: Sequence[Growth],
    tails: Sequence[Tail],
) -> str:
    """Return the page.

    Args:
        machine: What the results depend on.
        people: How few and how many people there were, by database.
        growths: What was measured with few and with many.
        tails: The slowest checks.
    """
    return "\n".join(_lines(machine, people, growths, tails)) + "\n"


def _lines(
    machine: dict[str, str],
    people: dict[str, tuple[int, int]],
    growths: Sequence[Growth],
    tails: Sequence[Tail],
) -> Iterator[str]:
    yield HEAD
    yield ", ".join(f"{name}: {value}" for name, value in machine.items()) + "."
    yield ""
    for database, (few, many) in people.items():
        yield f"- {database}: {few:,} and {many:,} people, each with a key"
    yield ""
    yield "| measure | database | side | few | many | times | target |"
    yield "| --- | --- | --- | ---: | ---: | ---: | --- |"
    for growth in growths:
        yield _row(growth)
    yield ""
    if tails:
        yield OF_TAILS
        names = " | ".join(f"p{percent:g}" for percent in PERCENTILES)
        yield f"| database | clients | side | requests | {names} |"
        yield f"| --- | ---: | --- | ---: |{' ---: |' * len(PERCENTILES)}"
        for tail in tails:
            times = " | ".join(f"{ms:.2f}" for ms in tail.ms)
            begin = f"| {tail.database} | {tail.clients} | {tail.side} | {tail.requests:,} |"
            yield f"{begin} {times} |"


def _row(growth: Growth) -> str:
    few, many = (_shown(statistics.median(values)) for values in (growth.few, growth.many))
    verdict = "reached" if growth.is_reached else "missed"
    target = f"{MOST_TIMES:g} at most: {verdict}" if growth.is_judged else ""
    begin = f"| {growth.measure} | {growth.database} | {growth.side} |"
    return f"{begin} {few} | {many} | {growth.times:.2f} | {target} |"


def _shown(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"  # noqa: PLR2004 (three digits)
