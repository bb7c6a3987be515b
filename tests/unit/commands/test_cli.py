"""What a shell gets that asks for completions, and what there is on Windows."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

KEY = "sk-0123456789abcdef0123456789abcdef"
CALL = """
from owui_keygate.commands import cli
cli.app(prog_name="owui-keygate")
"""
ASK = """
import sys
from owui_keygate.commands import cli
try:
    cli.app(prog_name="owui-keygate")
finally:
    print("imported", *{"open_webui", "sqlalchemy"} & set(sys.modules))
"""


def call(code: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command from some code."""
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def ask(folder: Path, *arguments: str, **variables: str) -> list[str]:
    """Return the lines that a command prints, and last what it has imported of the host's."""
    done = call(ASK, *arguments, HOME=str(folder), PYTHONWARNINGS="ignore", **variables)
    assert done.stderr == ""
    assert KEY not in done.stdout
    lines = done.stdout.splitlines()
    assert lines.pop() == "imported"
    return lines


def completions(folder: Path, line: str) -> list[str]:
    """Return what Bash would offer at the end of a line."""
    words = line.split(" ")
    variables = {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    return ask(folder, _OWUI_KEYGATE_COMPLETE="complete_bash", **variables)


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("owui-keygate do", ["doctor"]),
        ("owui-keygate keys re", ["revoke"]),
        ("owui-keygate keys ro", ["rotate"]),
        ("owui-keygate keys list --ro", ["--role"]),
        ("owui-keygate keys list --role ", ["admin", "user", "pending"]),
        ("owui-keygate keys rotate ", []),
        (f"owui-keygate keys revoke {KEY} --y", ["--yes"]),
        (f"owui-keygate keys rotate {KEY}", []),
    ],
)
def test_bash_is_offered_commands_and_options(
    tmp_path: Path, line: str, offered: list[str]
) -> None:
    found = [each for each in completions(tmp_path, line) if each]
    assert [each for each in found if each in offered] == offered
    assert offered or not found


# Tests are started by no shell that could be detected.
NAMED = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_for_the_shell_is_shown(tmp_path: Path, shell: str) -> None:
    shown = ask(tmp_path, "--show-completion", shell, **NAMED)
    assert f"complete_{shell}" in "\n".join(shown)
    assert list(tmp_path.iterdir()) == []


def test_the_script_is_installed(tmp_path: Path) -> None:
    ask(tmp_path, "--install-completion", "bash", **NAMED)
    assert ".bash_completions/owui-keygate.sh" in (tmp_path / ".bashrc").read_text()
    script = (tmp_path / ".bash_completions" / "owui-keygate.sh").read_text()
    assert "_OWUI_KEYGATE_COMPLETE=complete_bash" in script


WITHOUT_POSIX = """
import os, signal, sys
for name in ("fcntl", "grp", "pty", "pwd", "resource", "termios"):
    sys.modules[name] = None
for name in ("getuid", "O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC"):
    vars(os).pop(name, None)
vars(signal).pop("SIGHUP", None)
"""
"""Takes from Python what it does not have on Windows."""


@pytest.mark.parametrize(
    "arguments",
    [["--version"], ["doctor", "--help"], ["doctor", "--quick"], ["policy", "presets"]],
    ids=" ".join,
)
def test_nothing_but_keys_needs_posix(arguments: list[str]) -> None:
    found, usual = call(WITHOUT_POSIX + CALL, *arguments), call(CALL, *arguments)
    assert (found.returncode, found.stdout) == (usual.returncode, usual.stdout)
    assert found.stderr == usual.stderr
    assert found.stdout


@pytest.mark.parametrize("arguments", [[], ["list", "--json"], ["revoke", "a@example.org", "-y"]])
def test_keys_says_that_it_needs_posix(arguments: list[str]) -> None:
    refused = call(WITHOUT_POSIX + CALL, "keys", *arguments)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith("Nothing was done: on Windows, owui-keygate keys ")
    helped = call(WITHOUT_POSIX + CALL, "keys", "--help")
    assert "not available on Windows" in helped.stdout
