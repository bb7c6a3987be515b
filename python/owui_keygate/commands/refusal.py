"""What it means that Open WebUI cannot be imported, without its text, which may hold a secret."""

from __future__ import annotations

import re
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from owui_keygate.commands.find_host import find_host

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAME = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b")
_MOST_NAMES = 3
"""How many variables the sentence names, so that it stays readable."""


def explain_refusal(error: SystemExit) -> str:
    """Return what a refusal of Open WebUI, which is a `SystemExit`, means to its operator."""
    return (
        "Open WebUI refuses to start with these environment variables"
        f"{_because(str(error.code))}: run this command with the server's environment variables, "
        "or correct those that Open WebUI's log names"
    )


def explain_failure(error: Exception) -> str:
    """Return what an error is, and where it was raised.

    The text of an `ImportError` is repeated, because it is about modules and files.
    """
    kind = type(error).__name__
    if isinstance(error, ImportError):
        return f"{kind}: {error}"
    [*_, last] = traceback.extract_tb(error.__traceback__)
    file = "/".join(Path(last.filename).parts[-2:])
    return (
        f"Open WebUI cannot be imported: {kind} in {file}, line {last.lineno}"
        f"{_because(str(error))}; start Open WebUI to see the text of the error"
    )


def _because(text: str) -> str:
    """Name the environment variables of a text, only such as Open WebUI's source names."""
    known = set(_names_in_source())
    named = [name for name in dict.fromkeys(_NAME.findall(text)) if name in known]
    return f" because of {', '.join(named[:_MOST_NAMES])}" if named else ""


def _names_in_source() -> Iterator[str]:
    host = find_host()
    for name in ("env.py", "config.py"):
        file = host / "open_webui" / name if host is not None else None
        if file is not None and file.is_file():
            yield from _NAME.findall(file.read_text(encoding="utf-8", errors="replace"))
