"""What it means that Open WebUI refuses to be imported, which it says with a `SystemExit`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from owui_keygate.commands.find_host import find_host

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAME = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b")
_MOST_NAMES = 3
"""How many variables the sentence names, so that it stays readable."""


def explain_refusal(error: SystemExit) -> str:
    """Return what a refusal of Open WebUI means to its operator.

    Of its text only the names of environment variables are repeated, and only those that are in
    Open WebUI's source, because the rest may contain a secret.
    """
    known = set(_names_in_source())
    named = [name for name in dict.fromkeys(_NAME.findall(str(error.code))) if name in known]
    because = f" because of {', '.join(named[:_MOST_NAMES])}" if named else ""
    return (
        f"Open WebUI refuses to start with these environment variables{because}: run this command "
        "with the server's environment variables, or correct those that Open WebUI's log names"
    )


def _names_in_source() -> Iterator[str]:
    host = find_host()
    for name in ("env.py", "config.py"):
        file = host / "open_webui" / name if host is not None else None
        if file is not None and file.is_file():
            yield from _NAME.findall(file.read_text(encoding="utf-8", errors="replace"))
