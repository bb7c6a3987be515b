"""Measures servers of the real host, stock and with the extension, in one run.

Both have the same data and answer the same requests, one side after the other while the other one
rests. A third server, whose check asks no database, gives the limit of what any check can reach.
Each answer is compared with the expected one before its time counts. It ends with 0 if every target
is reached, with 1 if one is missed.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from benches import sessions
from benches.live import machine, report, targets
from benches.live.measure import Effort, Measurements
from benches.live.pair import instrumented, running
from benches.live.proxy import one_millisecond_away, round_trip_ms
from benches.live.results import DISTANT, POSTGRESQL, SQLITE, Results
from benches.live.world import make_world
from harness.environments import ROOT, host_environment, say
from harness.postgres import Postgres

if TYPE_CHECKING:
    from benches.live.world import World

DATABASES = {"sqlite": SQLITE, "postgresql": POSTGRESQL, "postgresql-1ms": DISTANT}


def arguments() -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m benches.live",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="examples:\n"
        "  python -m benches.live                      everything, about half an hour\n"
        "  python -m benches.live --quick              a first impression, about three minutes\n"
        "  python -m benches.live --databases sqlite --clients 1 --memory-requests 0\n",
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="short rounds of what is judged, and memory over 5,000 requests, too few to judge it",
    )
    parser.add_argument(
        "--seconds", type=float, help="length of a round of one side (3; quick 0.6)"
    )
    parser.add_argument("--rounds", type=int, help="rounds for each side (5; quick 3)")
    parser.add_argument(
        "--clients", type=int, nargs="+", help="how many requests at once (1 8 32; quick 1 8)"
    )
    parser.add_argument(
        "--databases",
        nargs="+",
        choices=DATABASES,
        default=list(DATABASES),
        help="what both servers keep their data in; postgresql-1ms is a PostgreSQL behind a proxy "
        "that adds a millisecond to each round trip (all)",
    )
    parser.add_argument(
        "--memory-requests",
        type=int,
        help="how many requests both sides answer while their memory is looked at, on the first "
        "database; 0 leaves that out (100000; quick 5000)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        help="folder for results.md, results.json and results.svg (docs/benchmarks; "
        "quick target/benchmarks)",
    )
    return parser.parse_args()


def effort_of(asked: argparse.Namespace) -> Effort:
    """Return how long and how often to measure."""
    usual = Effort(3, 5, (1, 8, 32), targets.MEMORY_REQUESTS, thorough=True)
    if asked.quick:
        usual = Effort(0.6, 3, (1, 8), 5_000, thorough=False)
    return Effort(
        asked.seconds or usual.seconds,
        asked.rounds or usual.rounds,
        tuple(asked.clients or usual.clients),
        usual.memory_requests if asked.memory_requests is None else asked.memory_requests,
        usual.thorough,
    )


def run(databases: list[str], effort: Effort, folder: Path) -> Results:
    """Measure everything, with all data under a folder."""
    results = Results(machine.describe(), asdict(effort))
    with ExitStack() as stack:
        postgres = None
        worlds: dict[str, World] = {}
        if "sqlite" in databases:
            say("Making the data in SQLite ...")
            worlds["sqlite"] = make_world(folder / "sqlite-world", None)
        if {"postgresql", "postgresql-1ms"} & set(databases):
            say("Making the data in PostgreSQL ...")
            postgres = stack.enter_context(Postgres())
            results.machine["PostgreSQL"] = postgres.execute("SHOW server_version")[0][0]
            worlds["postgresql"] = make_world(folder / "postgresql-world", postgres)
        if postgres and "postgresql-1ms" in databases:
            proxy = stack.enter_context(one_millisecond_away(folder, postgres))
            worlds["postgresql-1ms"] = worlds["postgresql"].behind(proxy.url)
        for name in databases:
            measure_database(results, name, worlds[name], effort, folder)
    results.decode_token = sessions.measure()
    return results


def measure_database(
    results: Results, name: str, world: World, effort: Effort, folder: Path
) -> None:
    """Measure all there is to measure on one database."""
    database = DATABASES[name]
    distant = database == DISTANT
    if effort.thorough or not distant:
        say(f"Starting the servers on {database} ...")
        with running(world, folder / name) as pair:
            measurements = Measurements(pair, world, database, effort)
            if effort.memory_requests and results.memory is None:
                results.memory = measurements.memory()
            results.comparisons += measurements.throughput()
    say(f"Starting both servers on {database}, to look inside ...")
    with instrumented(world, folder / f"{name}-inside") as pair:
        measurements = Measurements(pair, world, database, effort)
        if distant and world.address is not None:
            results.round_trip_ms = round_trip_ms(world.address("postgres"))
        results.comparisons += measurements.check()
        if not distant:  # The statements are the same at any distance.
            results.comparisons += measurements.statements()


def main() -> int:
    """Measure, write the results, print the tables; a request to end also ends the servers."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    asked = arguments()
    for with_wheel in (False, True):
        host_environment(with_wheel=with_wheel)
    with tempfile.TemporaryDirectory(prefix="keygate-bench-") as folder:
        results = run(asked.databases, effort_of(asked), Path(folder))
    out = asked.out or ROOT / ("target" if asked.quick else "docs") / "benchmarks"
    report.write(results, out)
    print(report.markdown(results))
    return targets.conclude([verdict.reached for verdict in targets.judge(results)])


if __name__ == "__main__":
    sys.exit(main())
