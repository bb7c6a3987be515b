"""What the start-up file costs an interpreter that never imports the host.

Two environments that differ in the wheel alone are started in turn. The benchmark fails where the
median start costs more than a millisecond above the one without.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from harness.environments import Environment, built_wheel, make_environment, say

RUNS = 200
LIMIT_MS = 1.0
CODE = "import sys; sys.exit('owui_keygate' in sys.modules)"


def start(environment: Environment) -> tuple[float, int]:
    """Start the interpreter of an environment; return the time in ms and the exit code."""
    begin = time.perf_counter()
    code = os.spawnv(os.P_WAIT, environment.python, [str(environment.python), "-c", CODE])
    return (time.perf_counter() - begin) * 1000, code


def main() -> int:
    """Print the medians and the difference."""
    with tempfile.TemporaryDirectory() as folder:
        without = make_environment(Path(folder) / "without")
        with_wheel = make_environment(Path(folder) / "with")
        # Compiled at once, as pip does it.
        with_wheel.pip("install", "--no-deps", "--compile-bytecode", built_wheel())
        say(f"Starting each interpreter {RUNS} times, in turn ...")
        if (start(without)[1], start(with_wheel)[1]) != (0, 1):
            message = "the environments do not differ as they should"
            raise RuntimeError(message)
        pairs = [(start(without)[0], start(with_wheel)[0]) for _ in range(RUNS)]
    medians = [statistics.median(times) for times in zip(*pairs, strict=True)]
    added = statistics.median(after - before for before, after in pairs)
    print(f"start of an interpreter: {medians[0]:.2f} ms without the package, ", end="")
    print(f"{medians[1]:.2f} ms with it; median difference {added:.2f} ms (limit {LIMIT_MS} ms)")
    return 0 if added <= LIMIT_MS else 1


if __name__ == "__main__":
    sys.exit(main())
