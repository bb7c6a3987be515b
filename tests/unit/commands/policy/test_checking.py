"""`owui-keygate policy check`: every fault with its place, and warnings that are no faults."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.policy_file import ID, run, write

if TYPE_CHECKING:
    from pathlib import Path

FAULTY = f"""\
defaults = "deny"
[account.x]
user = "{ID}"
endpoints = ["GET /api/models", "get /b"]
[account.y]
user = "a@example.org"
networks = []
"""


def test_a_fine_file_is_said_to_be_fine_and_warned_of(tmp_path: Path) -> None:
    file = write(tmp_path)
    done = run("check", file)
    assert done.exit_code == 0, done.output
    first, second, last = done.stdout.splitlines()
    assert "no endpoints for account open" in first
    assert "account terraform change accounts or keys (" in second
    assert "read secrets or everybody's data (" in second
    assert last == f"{file}: fine, 3 accounts"


def test_every_fault_has_its_line_and_column(tmp_path: Path) -> None:
    file = write(tmp_path, FAULTY)
    done = run("check", file)
    assert done.exit_code == 1
    places = [line.removeprefix(f"{file}:").split(": ")[0] for line in done.stdout.splitlines()]
    assert places == ["1:1", "4:33", "7:12"]
    as_json = run("check", file, "--json")
    assert as_json.exit_code == 1
    facts = json.loads(as_json.stdout)
    assert [(fault["line"], fault["column"]) for fault in facts["faults"]] == [
        (1, 1),
        (4, 33),
        (7, 12),
    ]
    assert facts["faults"][1]["reason"].startswith("expected methods in upper case")
    assert facts["accounts"] == facts["warnings"] == []


def test_the_file_of_the_environment_is_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADMIN_API_KEY_POLICY_FILE", str(write(tmp_path)))
    facts = json.loads(run("check", "--json").stdout)
    assert (facts["accounts"], facts["faults"]) == (["open", "prometheus", "terraform"], [])
    monkeypatch.delenv("ADMIN_API_KEY_POLICY_FILE")
    done = run("check")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "ADMIN_API_KEY_POLICY_FILE" in done.stderr


def test_a_file_that_cannot_be_read_is_a_fault_without_a_place(tmp_path: Path) -> None:
    done = run("check", tmp_path / "none.toml")
    assert done.exit_code == 1
    assert done.stdout == "The policy file names no file: expected the path of a TOML file\n"
    file = write(tmp_path)
    file.chmod(0o646)
    facts = json.loads(run("check", file, "--json").stdout)
    [fault] = facts["faults"]
    assert (fault["line"], fault["column"]) == (None, None)
    assert "chmod go-w" in fault["reason"]


def test_presets_are_those_of_the_release(tmp_path: Path) -> None:
    file = write(tmp_path)
    assert run("check", file, "--release", "0.5.4").exit_code == 0
    for wrong in ("0.5.3", "new"):
        done = run("check", file, "--release", wrong)
        assert done.exit_code == 2
        assert "such as 0.12.4" in " ".join(done.stderr.split())


@pytest.mark.parametrize("command", ["check", "explain", "presets", "schema", "test"])
def test_every_command_has_help(command: str) -> None:
    done = run(command, "--help")
    assert done.exit_code == 0
    assert len(done.stdout.split()) > 15
