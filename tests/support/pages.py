"""The examples in the pages of the documentation."""

from __future__ import annotations

import re

from harness.environments import ROOT


def blocks(page: str, language: str) -> list[str]:
    """Return the examples of a page in a language, in order."""
    text = (ROOT / page).read_text()
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)
