"""How long a check holds up the event loop where the SQLite file is on a slow disk.

Both checks run in one process on one database: the host's own, which reads in threads, and the one
that replaces it, which reads in the event loop's own thread and steps aside where reads are slow.
The benchmark fails where one of our checks in twenty holds it up for longer than the limit and than
twice as long as on stock. It ends with 2 where this machine can have no such disk.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

from benches.blocking import CHECKS, KEY, LIMIT_MS, PERCENTILES
from harness.environments import USUAL_SPEED, host_environment, say
from harness.oracle import Oracle, person
from harness.slow_disk import SlowDisk, lacking

READS_MS = (0, 1, 10, 100)
"""How long a read takes. With 1 ms the reads of a check take less than the reader bears."""


def measure() -> dict[int, dict[str, list[float]]]:
    """Return how long, in ms, each check of both kinds holds it up, by the length of a read."""
    environment = host_environment(with_wheel=True)
    found = {}
    with tempfile.TemporaryDirectory() as temporary, SlowDisk(Path(temporary)) as disk:
        settings = USUAL_SPEED | {
            "DATABASE_URL": f"sqlite:///{disk.folder / 'webui.db'}",
            "DATABASE_ENABLE_SQLITE_WAL": "false",
        }
        with Oracle(environment, Path(temporary) / "oracle", settings) as oracle:
            oracle.store([person()])
            for read in READS_MS:
                disk.take(0)
                oracle.wait_until_fast(KEY)
                disk.take(read / 1000)
                say(f"{read} ms for a read: {CHECKS} checks of each kind ...")
                found[read] = oracle.ask("longest_steps", key=KEY, path="/", checks=CHECKS)
            disk.take(0)
    return found


def main() -> int:
    """Print what was found."""
    missing = lacking()
    if missing:
        print(f"No slow disk here, and nothing was measured. It needs {' and '.join(missing)}.")
        return 2
    found = measure()
    names = [f"{kind} {what}" for kind in ("stock", "ours") for what in (*PERCENTILES, "most")]
    print(f"{'event loop held up, ms':24}" + "".join(f"{name:>12}" for name in names))
    missed = False
    for read, steps in found.items():
        stock, ours = _shown(steps["stock"]), _shown(steps["ours"])
        name = f"{read} ms for a read"
        print(f"{name:24}" + "".join(f"{ms:12.2f}" for ms in (*stock, *ours)))
        missed |= ours[-2] > max(LIMIT_MS, 2 * stock[-2])
    print(
        f"95 of 100 of our checks: {LIMIT_MS} ms at most, or twice as long as stock: "
        f"{'missed' if missed else 'reached'}"
    )
    return 1 if missed else 0


def _shown(steps: list[float]) -> list[float]:
    cuts = statistics.quantiles(steps, n=100)
    return [*(cuts[percent - 1] for percent in PERCENTILES), max(steps)]


if __name__ == "__main__":
    sys.exit(main())
