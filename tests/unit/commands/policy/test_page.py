"""Each command of docs/policy.md does what the page says."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

import pytest

from tests.support import policy_file
from tests.support.pages import blocks

if TYPE_CHECKING:
    from pathlib import Path

PAGE = "docs/policy.md"
POLICY, CASES = blocks(PAGE, "toml")
[COMMANDS] = blocks(PAGE, "sh")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with the files of the page."""
    for name, text in (("owui-keygate.toml", POLICY), ("cases.toml", CASES)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o600)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(line: str, *, code: int = 0) -> str:
    """Run a command of the page, and return what it prints."""
    command, group, *arguments = shlex.split(line.partition(" > ")[0])
    assert (command, group) == ("owui-keygate", "policy")
    found = policy_file.run(*arguments)
    assert found.exit_code == code, found.output
    return found.stdout


@pytest.mark.usefixtures("folder")
def test_the_page_from_beginning_to_end() -> None:
    check, explain, ask, schema, presets = COMMANDS.splitlines()
    run(check)
    explained = run(explain)
    assert explained.startswith("allowed")
    assert "terraform" in explained
    run(ask)
    assert json.loads(run(schema))["$defs"]
    assert "@status" in run(presets)


def test_a_case_that_differs_is_found(folder: Path) -> None:
    wrong = CASES.replace('"refused"', '"allowed"')
    assert wrong != CASES
    (folder / "cases.toml").write_text(wrong)
    assert "and nothing else" in run(COMMANDS.splitlines()[2], code=1)
