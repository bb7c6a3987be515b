"""Makes calls and tells what came of each."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MODEL = "echo"
QUESTION = "one two three"
URL, CREDENTIAL, *ONLY = sys.argv[1:]
PARALLEL = 100
BROKEN_OFF = 20
STATUS = re.compile(r"\b(?:status[= ]|HTTP |error ')?([45]\d\d)\b")


class FailedError(Exception):
    """A call failed, and the client says so in words or not at all."""

    def __init__(self, said: str = "") -> None:
        super().__init__(said)
        found = STATUS.search(said)
        self.status_code = found[1] if found else "without a status"


def report(calls: Mapping[str, Callable[[], object]], *failures: type[Exception]) -> None:
    """Make all calls or those that are named, and print what came of each.

    Args:
        calls: The calls by their names.
        failures: How the client says that it was refused.
    """
    every = (*failures, FailedError)
    made = {name: outcome(calls[name], every) for name in ONLY or calls}
    print(json.dumps(made))  # noqa: T201 (the test reads it)


def outcome(call: Callable[[], object], failures: tuple[type[Exception], ...]) -> str:
    """Return the result of a call, or the status with which it was refused."""
    try:
        return str(call())
    except failures as failure:
        answer = getattr(failure, "response", None)
        status = getattr(failure if answer is None else answer, "status_code", "without a status")
        return f"refused {status}"


def done(result: object) -> str:
    """Tell that a call worked whose result differs each time.

    Raises:
        FailedError: The client returned nothing.
    """
    if result is None or result is False:
        raise FailedError
    return "done"


def command(name: str, *arguments: str, **variables: str) -> str:
    """Run a command of this environment, and return what it printed.

    Raises:
        FailedError: It failed.
    """
    found = subprocess.run(
        [Path(sys.prefix) / "bin" / name, *arguments],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    if found.returncode:
        raise FailedError(found.stderr)
    return found.stdout
