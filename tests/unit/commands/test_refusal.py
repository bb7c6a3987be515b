"""What an operator is told when Open WebUI refuses to be imported."""

from __future__ import annotations

from pathlib import Path

import pytest
from owui_keygate.commands import refusal
from owui_keygate.commands.keys.errors import HostUnusableError
from owui_keygate.commands.keys.quiet import failures_explained
from owui_keygate.commands.refusal import explain_failure, explain_refusal

BEGINNING = "Open WebUI refuses to start with these environment variables"
END = (
    ": run this command with the server's environment variables, or correct those that Open "
    "WebUI's log names"
)


@pytest.fixture(autouse=True)
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that reads a few variables."""
    package = tmp_path / "open_webui"
    package.mkdir()
    (package / "env.py").write_text(
        "os.getenv('WEBUI_SECRET_KEY'), os.getenv('REDIS_URL'), os.getenv('DATABASE_URL')"
    )
    (package / "config.py").write_text("os.getenv('CORS_ALLOW_ORIGIN')\n# \xff", "latin-1")
    monkeypatch.setattr(refusal, "find_host", lambda: tmp_path)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("WEBUI_SECRET_KEY is not set. See https://docs.example.org", "WEBUI_SECRET_KEY"),
        ("Set CORS_ALLOW_ORIGIN, then set CORS_ALLOW_ORIGIN", "CORS_ALLOW_ORIGIN"),
        (
            "DATABASE_URL, REDIS_URL, WEBUI_SECRET_KEY, CORS_ALLOW_ORIGIN",
            "DATABASE_URL, REDIS_URL, WEBUI_SECRET_KEY",
        ),
    ],
)
def test_the_variables_are_named(text: str, named: str) -> None:
    assert explain_refusal(SystemExit(text)) == f"{BEGINNING} because of {named}{END}"


@pytest.mark.parametrize("code", [1, None, "", "MY_PASS_WORD is too short", "sk-secret"])
def test_nothing_else_is_repeated(code: object) -> None:
    assert explain_refusal(SystemExit(code)) == BEGINNING + END


def fail(error: Exception) -> str:
    try:
        raise error
    except type(error) as raised:
        return explain_failure(raised)


def test_a_failure_is_named_with_its_place_and_not_with_its_text() -> None:
    said = fail(ValueError("REDIS_URL: redis://:sk-secret@nowhere MY_PASS_WORD"))
    line = fail.__code__.co_firstlineno + 2
    assert said == (
        f"Open WebUI cannot be imported: ValueError in commands/test_refusal.py, line {line} "
        "because of REDIS_URL; start Open WebUI to see the text of the error"
    )


@pytest.mark.parametrize("kind", [ImportError, ModuleNotFoundError])
def test_a_missing_module_is_named(kind: type[ImportError]) -> None:
    assert fail(kind("No module named 'ftfy'")) == f"{kind.__name__}: No module named 'ftfy'"


def test_without_a_host_nothing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusal, "find_host", lambda: None)
    assert explain_refusal(SystemExit("WEBUI_SECRET_KEY")) == BEGINNING + END
    monkeypatch.setattr(refusal, "find_host", lambda: Path("/nowhere"))
    assert explain_refusal(SystemExit("WEBUI_SECRET_KEY")) == BEGINNING + END


def test_the_command_keys_says_it() -> None:
    text = "REDIS_URL: redis://:sk-secret@nowhere"
    with pytest.raises(HostUnusableError) as failure, failures_explained():
        raise SystemExit(text)
    assert str(failure.value) == f"{BEGINNING} because of REDIS_URL{END}"
