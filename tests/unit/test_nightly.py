"""What is run at night: nothing is run twice without need, and the page says what came of it."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from benches.live import machine
from dev import nightly
from harness.environments import ROOT

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("signals_are_heeded")

PASSES = "echo one; echo '== 3 passed in 1s =='; echo the end"
FOR_EVER = "while :; do sleep 0.1; done"
FAILS = "echo '1 failed | 2 passed'; exit 3"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three parts, of which the second fails."""
    parts = {"a": ("first", PASSES), "b": ("second", FAILS), "c": ("third", "touch c")}
    replaced: dict[str, Any] = {
        "PARTS": parts,
        "ROOT": tmp_path,
        "LOGS": tmp_path / "logs",
        "PAGE": tmp_path / "proof.md",
        "committed": lambda: "abc123",
    }
    for name, value in replaced.items():
        monkeypatch.setattr(nightly, name, value)
    monkeypatch.setattr(machine, "describe", lambda: {"cores": "2"})
    return tmp_path


def test_a_run_goes_on_where_it_was(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert nightly.run_all([]) == 1
    assert capsys.readouterr().out == (
        '2 passed, 1 failed or not run\nRun them: make nightly PARTS="b"\n'
    )
    page = (place / "proof.md").read_text()
    assert "| a | first | abc123 |" in page
    assert "| passed | 3 passed in 1s |" in page
    assert "| **failed** | 1 failed / 2 passed |" in page
    (place / "c").unlink()
    assert nightly.run_all([]) == 1
    assert not (place / "c").exists(), "it has passed on this commit"
    assert nightly.run_all(["c"]) == 1
    assert (place / "c").exists()
    monkeypatch.setitem(nightly.PARTS, "b", ("second", "true"))
    assert nightly.run_all(["b"]) == 0


@pytest.mark.usefixtures("place")
def test_on_another_commit_all_is_run_again(monkeypatch: pytest.MonkeyPatch) -> None:
    nightly.run_all([])
    monkeypatch.setattr(nightly, "committed", lambda: "def456")
    nightly.run_all(["b"])
    commits = {part: found.commit for part, found in nightly.read().items()}
    assert commits == {"a": "abc123", "b": "def456", "c": "abc123"}
    assert nightly.run_all([]) == 1
    assert {found.commit for found in nightly.read().values()} == {"def456"}


def test_the_page_holds_all_that_is_known_of_the_parts(place: Path) -> None:
    outcomes = {
        "a": nightly.Outcome("abc123", "2026-11-27", 11.0, passed=True, summary="1 passed (0:05)"),
        "b": nightly.Outcome("0def45", "2026-11-28", 0.7, passed=False, summary=""),
    }
    (place / "proof.md").write_text(nightly.page(outcomes, {"cores": "2"}))
    assert nightly.read() == outcomes


@pytest.mark.usefixtures("place")
def test_a_part_that_was_taken_out_leaves_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    nightly.run_all([])
    monkeypatch.delitem(nightly.PARTS, "a")
    assert nightly.read().keys() == {"b", "c"}


def test_nothing_is_proved_of_what_is_not_committed(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nightly, "committed", lambda: None)
    assert nightly.run_all([]) == 2
    assert not (place / "proof.md").exists()


def test_a_part_that_does_not_end_is_ended(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nightly, "SECONDS", 0.2)
    monkeypatch.setitem(nightly.PARTS, "a", ("first", "sleep 600"))
    assert nightly.run_all(["a"]) == 1
    assert "**failed**" in (place / "proof.md").read_text()


def test_a_part_that_ignores_ctrl_c_is_ended(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for limit in ("SECONDS", "SECONDS_TO_TIDY_UP"):
        monkeypatch.setattr(nightly, limit, 0.2)
    monkeypatch.setitem(nightly.PARTS, "a", ("first", f"trap '' INT; {FOR_EVER}"))
    assert nightly.run_all(["a"]) == 1
    assert "**failed**" in (place / "proof.md").read_text()


PART = """
import os, pathlib, signal, sys

try:
    os.kill(os.getppid(), int(sys.argv[1]))
    signal.pause()
except KeyboardInterrupt:
    pathlib.Path("tidied").touch()
"""
NIGHT = """
import pathlib, sys
from benches.live import machine
from dev import nightly

machine.describe = dict
nightly.ROOT = nightly.LOGS = pathlib.Path.cwd()
nightly.PAGE = nightly.ROOT / "proof.md"
nightly.PARTS = {"a": ("first", sys.argv.pop()), "b": ("second", "touch b")}
nightly.committed = lambda: "abc123"
sys.exit(nightly.main())
"""


def night(folder: Path, part: str, ignored: str) -> subprocess.CompletedProcess[str]:
    """Run a part and another one in a process that a shell has told to ignore some signals."""
    shell = f'trap "" {ignored}; exec "$0" -c "$1" "$2"'
    return subprocess.run(
        ["/bin/sh", "-c", shell, sys.executable, NIGHT, part],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=False,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("sent", [signal.SIGHUP, signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_broken_off_ends_its_part(tmp_path: Path, sent: signal.Signals) -> None:
    """Also one that a shell has started in the background, where Ctrl-C is ignored."""
    part = shlex.join(["exec", sys.executable, "-c", PART, str(int(sent))])
    ended = night(tmp_path, part, ignored="INT TERM")
    assert ended.returncode == 130, ended.stderr
    assert ended.stderr.splitlines()[-1] == "Broken off. `make nightly` goes on with this part."
    assert {path.name for path in tmp_path.iterdir()} == {"a.log", "tidied"}


def test_nohup_lets_it_go_on(tmp_path: Path) -> None:
    ended = night(tmp_path, "kill -HUP $PPID", ignored="HUP")
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "b").exists()


def test_what_make_was_told_is_not_told_to_the_parts(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MAKEFLAGS", "PARTS"):
        monkeypatch.setenv(name, "PARTS=a")
    (place / "Makefile").write_text("told:\n\t@echo \"told '$(PARTS)', 1 passed\"\n")
    monkeypatch.setitem(nightly.PARTS, "a", ("first", "make told"))
    nightly.run_all(["a"])
    assert "| told '', 1 passed |" in (place / "proof.md").read_text()


def test_documents_do_not_change_what_is_proved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nightly, "ROOT", tmp_path)

    def git(*command: str) -> str:
        who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        asked = ("git", "-C", str(tmp_path), *who, *command)
        return subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()

    def commit(name: str) -> str:
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(file.read_text() + "more" if file.is_file() else "some")
        git("add", "--all")
        git("commit", "--quiet", "--message", name)
        return git("rev-parse", "--short", "HEAD")

    git("init", "--quiet")
    first = commit("code")
    assert nightly.committed() == first
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "proof.md").write_text("written by a part")
    assert nightly.committed() == first
    commit("docs/page.md")
    assert nightly.committed() == first
    (tmp_path / "code").write_text("another")
    assert nightly.committed() is None
    second = commit("code")
    assert nightly.committed() == second
