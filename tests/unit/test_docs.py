"""The documents name what is there, and leave out nothing that an operator may see in the log."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
MESSAGE = re.compile(r'\blog\.(?:warning|error)\(\s*"([^"%]+)%s')
"""A message of a level that an operator looks into, up to what differs each time."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_into_the_project_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
    inside = [link for link in links if not link.startswith("https://")]
    assert [link for link in inside if not (page.parent / link).exists()] == []


def test_each_message_of_the_log_is_explained() -> None:
    sources = sorted((ROOT / "python").rglob("*.py"))
    texts = [text for file in sources for text in MESSAGE.findall(file.read_text(encoding="utf-8"))]
    assert len(texts) > 8
    explained = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    assert [text for text in texts if text.strip() not in explained] == []
