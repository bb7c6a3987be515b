"""What is said to a person at a terminal, and asked."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from owui_keygate.commands.keys.errors import RefusedError


def say(line: str) -> None:
    """Say one line on standard error."""
    tell(f"{printable(line)}\n")


def ask(consequence: str) -> None:
    """Go on only if somebody at a terminal agrees.

    Raises:
        RefusedError: Nobody does.
    """
    if sys.stdin is None or not sys.stdin.isatty():
        message = f"{consequence}: add --yes if that is meant, as there is nobody to ask"
        raise RefusedError(message)
    # The prompts of typer print a space to standard output, which is for the key alone.
    tell(f"{printable(consequence)}. Go on? [y/N] ")
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        message = "Nothing was done"
        raise RefusedError(message)


def printable(text: str) -> str:
    """Return a text without what a terminal would obey: whoever signs up chooses an address."""
    return "".join(character if character.isprintable() else "?" for character in text)


def tell(line: str) -> None:
    """Write to standard error; where that fails there is nobody to tell."""
    with suppress(OSError):
        os.write(2, line.encode(errors="replace"))
