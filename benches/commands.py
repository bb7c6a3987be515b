"""What the commands cost that an operator waits for, or that a health check runs again and again.

`doctor --quick`, `doctor`, `keys list` and an interpreter that does nothing take turns, first with
the compiled bytecode that pip leaves, then without any. The benchmark fails where the median
`doctor --quick` takes longer than two seconds.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from harness.environments import USUAL_SPEED, Environment, host_environment, say
from harness.server import BYPASS_ON, Server, make_database

if TYPE_CHECKING:
    from collections.abc import Iterator

RUNS = {"compiled": 7, "not compiled": 2}
LIMIT_SECONDS = 2.0
QUICK = "doctor --quick"
COMMANDS = {
    "python -c pass": ("python", "-c", "pass"),
    QUICK: ("owui-keygate", "doctor", "--quick"),
    "doctor": ("owui-keygate", "doctor"),
    "keys list": ("owui-keygate", "keys", "list"),
}


def run(environment: Environment, folder: Path, settings: dict[str, str], name: str) -> float:
    """Run a command that must succeed, and return the seconds it took.

    Raises:
        RuntimeError: It failed.
    """
    begin = time.perf_counter()
    found = environment.run(*COMMANDS[name], env=settings, cwd=folder)
    seconds = time.perf_counter() - begin
    if found.returncode != 0:
        message = f"{name} ended with {found.returncode}: {found.stderr}"
        raise RuntimeError(message)
    return seconds


def measure(
    environment: Environment, folder: Path, settings: dict[str, str], runs: int
) -> Iterator[tuple[str, float]]:
    """Yield each command and its median."""
    rounds = [
        {name: run(environment, folder, settings, name) for name in COMMANDS} for _ in range(runs)
    ]
    for name in COMMANDS:
        yield name, statistics.median(each[name] for each in rounds)


def main() -> int:
    """Print the medians, and fail if the quick one is slow."""
    environment = host_environment(with_wheel=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        server = Server(environment, folder, BYPASS_ON)
        make_database(server)
        usual = server.settings | USUAL_SPEED
        # Python looks for compiled bytecode in that folder alone, and is told to write none.
        without = {"PYTHONPYCACHEPREFIX": str(folder / "no-bytecode")}
        say("Running each command in turn ...")
        medians = {
            kind: dict(measure(environment, folder, usual | settings, RUNS[kind]))
            for kind, settings in (("compiled", {}), ("not compiled", without))
        }
    for name in COMMANDS:
        shown = ", ".join(f"{medians[kind][name]:6.2f} s {kind}" for kind in RUNS)
        print(f"{name:<16}{shown}")
    print(f"{QUICK}: limit {LIMIT_SECONDS} s where Python has compiled the packages")
    return 0 if medians["compiled"][QUICK] <= LIMIT_SECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
