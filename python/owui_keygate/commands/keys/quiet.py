"""Nothing of what the host says gets out of a command.

The host prints and logs as it is imported, and its texts about a database may hold a password, so
none of what it says is shown.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from owui_keygate.commands.keys.errors import (
    ConfirmationNeededError,
    HostUnusableError,
    OutputError,
    RefusedError,
    explain,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_OURS = (ConfirmationNeededError, HostUnusableError, OutputError, RefusedError)


@contextmanager
def failures_explained() -> Iterator[None]:
    """Make one line of whatever fails, and of nothing that it says.

    Raises:
        HostUnusableError: Something failed.
    """
    try:
        yield
    except _OURS:
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001 (its text may hold a secret)
        raise HostUnusableError(explain(error)) from None


@contextmanager
def silence() -> Iterator[None]:
    """Lead what this process prints into nothing, the output of C libraries included."""
    _flush()
    kept = [os.dup(1), os.dup(2)]
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    os.close(nothing)
    try:
        yield
    finally:
        _flush()
        for number, original in enumerate(kept, start=1):
            os.dup2(original, number)
            os.close(original)


def _flush() -> None:
    """Flush the standard streams, of which a process can be started without any."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
