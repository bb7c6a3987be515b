"""What a test of deployments tells docs/deployments.md."""

from __future__ import annotations

from typing import Protocol


class Tried(Protocol):
    """Writes a row of docs/deployments.md.

    Args:
        what: What was tried.
        result: What came of it, in a few words.
        versions: Of what took part, besides Open WebUI.
    """

    def __call__(self, what: str, result: str, **versions: str) -> None: ...
