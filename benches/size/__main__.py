"""Measures servers of the real host with few people and with very many, in one run.

Both sizes, and stock and extension, answer the same requests in rounds that take turns. It ends
with 0 if nothing of the extension grows by more than the limit, with 1 if something does.
"""

from __future__ import annotations

import argparse
import resource
import signal
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from benches.live import machine, targets
from benches.live.pair import instrumented
from benches.live.results import POSTGRESQL, SQLITE
from benches.live.world import make_world
from benches.size import report
from benches.size.growth import Effort, Growth, Sizes
from benches.size.tails import Tail, tails
from benches.size.worlds import KEYS, crowded
from harness.environments import ROOT, host_environment, say
from harness.postgres import Postgres

if TYPE_CHECKING:
    from benches.live.world import World

DATABASES = {"sqlite": SQLITE, "postgresql": POSTGRESQL}
PAGE = ROOT / "docs" / "benchmarks" / "size.md"


def arguments() -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m benches.size", description=__doc__)
    parser.add_argument(
        "--databases", nargs="+", choices=DATABASES, default=list(DATABASES), help="(both)"
    )
    parser.add_argument("--few", type=int, default=100, help="people at first (100)")
    parser.add_argument("--sqlite", type=int, default=100_000, help="people on SQLite (100000)")
    parser.add_argument(
        "--postgresql", type=int, default=1_000_000, help="people on PostgreSQL (1000000)"
    )
    parser.add_argument("--seconds", type=float, default=3, help="length of a round (3)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds for each server (5)")
    parser.add_argument("--starts", type=int, default=3, help="starts of each server (3)")
    parser.add_argument(
        "--tail-requests",
        type=int,
        default=5000,
        help="requests whose slowest are looked at, for each side and number of clients; 0 leaves "
        "them out (5000)",
    )
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks/size.md")
    asked = parser.parse_args()
    if min(asked.few, asked.sqlite, asked.postgresql) < KEYS:
        parser.error(f"at least {KEYS} people")
    return asked


def measure(
    name: str, asked: argparse.Namespace, world: World, folder: Path
) -> tuple[list[Growth], list[Tail]]:
    """Measure all there is to measure on one database."""
    database, many_people = DATABASES[name], vars(asked)[name]
    say(f"Making {asked.few:,} and {many_people:,} people on {database} ...")
    few = crowded(world, folder / f"{name}-few-world", asked.few)
    many = crowded(world, folder / f"{name}-many-world", many_people)
    say(f"Starting four servers on {database} ...")
    with (
        instrumented(few.world, folder / f"{name}-few") as pair_of_few,
        instrumented(many.world, folder / f"{name}-many") as pair_of_many,
    ):
        sizes = Sizes(database, (few, pair_of_few), (many, pair_of_many))
        found: list[Tail] = []
        if asked.tail_requests:
            found += tails(database, many.world, pair_of_many, asked.tail_requests)
        return list(sizes.grow(Effort(asked.seconds, asked.rounds, asked.starts))), found


def main() -> int:
    """Measure and print the tables; a request to end also ends the servers."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    asked = arguments()
    # Each client has a descriptor, on both sides.
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    for with_wheel in (False, True):
        host_environment(with_wheel=with_wheel)
    described = machine.describe()
    growths: list[Growth] = []
    slowest: list[Tail] = []
    with tempfile.TemporaryDirectory(prefix="keygate-size-") as temporary, ExitStack() as stack:
        folder = Path(temporary)
        for name in asked.databases:
            postgres = None if name == "sqlite" else stack.enter_context(Postgres())
            world = make_world(folder / f"{name}-world", postgres, colleagues=0)
            grown, found = measure(name, asked, world, folder)
            growths += grown
            slowest += found
    people = {DATABASES[name]: (asked.few, vars(asked)[name]) for name in asked.databases}
    page = report.markdown(described, people, growths, slowest)
    print(page)
    if asked.write:
        PAGE.write_text(page, encoding="utf-8")
    return targets.conclude([each.is_reached for each in growths if each.is_judged])


if __name__ == "__main__":
    sys.exit(main())
