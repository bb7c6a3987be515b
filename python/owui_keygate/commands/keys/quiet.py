"""Keeps what the host prints, logs and raises from being shown.

The host prints and logs when it is imported, and its texts about a database may contain a password.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from owui_keygate.commands.keys.errors import (
    READY_LATER,
    ConfirmationNeededError,
    HostUnusableError,
    NotReadyError,
    OutputError,
    RefusedError,
    explain,
)
from owui_keygate.commands.refusal import explain_refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

_OURS = (ConfirmationNeededError, HostUnusableError, OutputError, RefusedError)


@contextmanager
def failures_explained() -> Iterator[None]:
    """Turn every failure of the host into one line that repeats nothing from the host.

    Raises:
        HostUnusableError: Something failed.
        NotReadyError: It may succeed once the server or its database has started.
    """
    try:
        yield
    except _OURS:
        raise
    except SystemExit as error:
        raise HostUnusableError(explain_refusal(error)) from None
    except Exception as error:  # noqa: BLE001 (its text may contain a secret)
        line = explain(error)
        raise (NotReadyError if line in READY_LATER else HostUnusableError)(line) from None


@contextmanager
def silence() -> Iterator[None]:
    """Discard what this process prints, including the output of C libraries."""
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
    """Flush the standard streams; a process can be started without them."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
