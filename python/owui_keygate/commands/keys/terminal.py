"""Messages and questions for a person at a terminal."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from owui_keygate.commands.keys.errors import RefusedError


def say(line: str) -> None:
    """Print one line to standard error."""
    tell(f"{printable(line)}\n")


def ask(consequence: str) -> None:
    """Ask somebody at a terminal to agree.

    Raises:
        RefusedError: Nobody agrees.
    """
    if sys.stdin is None or not sys.stdin.isatty():
        message = f"{consequence}: add --yes to confirm, because there is no terminal to ask at"
        raise RefusedError(message)
    # The prompts of typer print a space to standard output, which must contain the key alone.
    tell(f"{printable(consequence)}. Continue? [y/N] ")
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        message = "Nothing was done"
        raise RefusedError(message)


def printable(text: str) -> str:
    """Return a text without control sequences, which an account's address may contain."""
    return "".join(character if character.isprintable() else "?" for character in text)


def tell(line: str) -> None:
    """Write to standard error, ignoring failures, which nobody could be told about."""
    with suppress(OSError):
        os.write(2, line.encode(errors="replace"))
