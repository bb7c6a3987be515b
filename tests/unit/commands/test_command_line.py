"""No word of the command line comes back, and one that holds a credential stops everything."""

from __future__ import annotations

import itertools
import warnings
from typing import TYPE_CHECKING, Any

import pytest

with warnings.catch_warnings():
    # This typer imports what this click has deprecated.
    warnings.simplefilter("ignore")
    import typer
    from owui_keygate.commands import cli
    from owui_keygate.commands.command_line import REFUSAL
    from typer.testing import CliRunner

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from click import Command

HEX = "0123456789abcdef" * 2
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJpZCI6IjEifQ.c2lnbmF0dXJl"
CREDENTIALS = [
    f"sk-{HEX}",
    f"SK-{HEX.upper()}",
    f"sk-{HEX[:12]}",
    f"  sk-{HEX}\n",
    f"sk-proj-{'Ab_9-' * 5}",
    f"Bearer sk-{HEX}",
    f"sk-{HEX}@example.org",
    JWT,
    JWT.rpartition(".")[0],
]
SECRET = "hunter2-is-a-password"


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `--install-completion` write elsewhere, should a test reach it."""
    monkeypatch.setenv("HOME", str(tmp_path))


def commands() -> Iterator[tuple[tuple[str, ...], Command]]:
    """Yield each command, with the words that lead to it."""
    top: Any = typer.main.get_command(cli.app)
    yield (), top
    for name, command in top.commands.items():
        yield (name,), command
        for inner, below in getattr(command, "commands", {}).items():
            yield (name, inner), below


def positions(words: tuple[str, ...], command: Command, value: str) -> Iterator[tuple[str, ...]]:
    """Yield command lines with a value wherever one can stand."""
    yield (*words, value)
    yield (*words, f"--{value}")
    yield (*words, f"-{value}")
    yield (*words, "a@example.org", value)
    yield (value, *words)
    for parameter in command.params:
        for option in (each for each in parameter.opts if each.startswith("-")):
            yield (*words, "a@example.org", option, value)
            yield (*words, option, value)
            yield (*words, f"{option}={value}")


LINES = [(words, command) for words, command in commands()]


def test_all_commands_are_tried() -> None:
    assert {"create", "ensure", "list", "rotate", "revoke", "prune"} <= {
        words[-1] for words, _ in LINES if words
    }


@pytest.mark.parametrize("credential", CREDENTIALS)
def test_a_credential_is_refused_in_every_position(credential: str) -> None:
    tried = list(itertools.chain.from_iterable(positions(*line, credential) for line in LINES))
    assert len(tried) > 50
    for arguments in tried:
        done = CliRunner().invoke(cli.app, list(arguments))
        assert (done.exit_code, done.stdout, done.stderr) == (2, "", f"{REFUSAL}\n"), arguments


@pytest.mark.parametrize(
    "word", ["sk-builders@example.org", "sk-a-long-team-name@example.org", "sk-bot.key", "sky-lab"]
)
def test_what_only_begins_like_a_credential_is_taken(word: str) -> None:
    done = CliRunner().invoke(cli.app, ["keys", "create", word, "--out", word, "--no-such-option"])
    assert REFUSAL not in done.stderr


def test_no_usage_error_repeats_what_was_typed() -> None:
    wrong = 0
    for words, command in LINES:
        for arguments in positions(words, command, SECRET):
            done = CliRunner().invoke(cli.app, list(arguments))
            assert SECRET not in done.output, arguments
            wrong += done.exit_code == 2
    assert wrong > 20


def test_a_usage_error_names_what_it_can() -> None:
    def said(*arguments: str) -> str:
        return " ".join(CliRunner().invoke(cli.app, ["keys", *arguments]).stderr.split())

    assert "EMAIL" in said("create")
    assert "--expires" in said("create", "a@example.org", "--expires", "soon")
    assert "--name" in said("create", "a@example.org", "--name")


@pytest.mark.parametrize("count", ["0", "-1", "1e3", "1.0", "\u0661", "", "1" * 10, "1" * 5000])
def test_what_is_no_count_is_no_limit(count: str) -> None:
    found = CliRunner().invoke(cli.app, ["keys", "list", "--limit", count])
    assert found.exit_code == 2
    assert "expected a number such as 20" in found.output
