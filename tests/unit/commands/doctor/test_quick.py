"""What `doctor --quick` makes of what it has read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from owui_keygate.commands.doctor import quick
from owui_keygate.commands.doctor.diagnosis import Diagnosis, ExitCode

SETTINGS: dict[str, Any] = {
    "enabled": True,
    "strict": False,
    "bypass": True,
    "problems": [],
    "report": [],
}
WRONG = SETTINGS | {
    "bypass": False,
    "problems": [{"variable": "ADMIN_API_KEY_MAX_AGE", "reason": "is invalid: expected 90d"}],
}
FACTS: dict[str, Any] = {
    "host_version": "0.12.4",
    "generation": "D",
    "tried": True,
    "functions": {"one": "fits", "other": "fits"},
    "host_fits": True,
    "failure": None,
    "settings": SETTINGS,
}
MISFIT = {
    "functions": {"one": "fits", "other": "it is not there"},
    "host_fits": False,
    "failure": "other: it is not there",
}


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return what is found out of some facts."""

    def look(*, is_installed: bool = True, **facts: Any) -> Diagnosis:
        monkeypatch.setattr(quick, "find_host", lambda: Path("/host"))
        monkeypatch.setattr(quick, "is_installed", lambda: is_installed)
        monkeypatch.setattr(quick, "_read", lambda _: FACTS | facts)
        return quick.look()

    return look


@pytest.mark.parametrize(
    ("facts", "code", "verdict"),
    [
        (
            {},
            ExitCode.ACTIVE,
            "Ready to be active, and the bypass is on; owui-keygate doctor ",
        ),
        (
            {"settings": SETTINGS | {"bypass": False}},
            ExitCode.ACTIVE,
            "Ready to be active, but the bypass is off: ",
        ),
        (
            {"settings": WRONG},
            ExitCode.NOT_ACTIVE,
            "Invalid setting: ADMIN_API_KEY_MAX_AGE is invalid: expected 90d; the bypass stays off",
        ),
        (
            {"settings": SETTINGS | {"enabled": False}} | MISFIT,
            ExitCode.NOT_ACTIVE,
            "Not ready: OWUI_KEYGATE is off",
        ),
        (
            {"is_installed": False},
            ExitCode.NOT_ACTIVE,
            "Not ready: Python did not read owui_keygate_startup.pth when it started; ",
        ),
        (
            {"settings": WRONG, "is_installed": False} | MISFIT,
            ExitCode.UNSUPPORTED_HOST,
            "Unsupported Open WebUI: other: it is not there",
        ),
    ],
)
def test_the_verdict(found: Any, facts: dict[str, Any], code: ExitCode, verdict: str) -> None:
    diagnosis = found(**facts)
    assert diagnosis.code is code
    assert diagnosis.verdict.startswith(verdict)
    assert quick.render(diagnosis)[-1] == diagnosis.verdict


def test_it_never_claims_that_the_extension_is_active(found: Any) -> None:
    for settings in (SETTINGS, SETTINGS | {"bypass": False}):
        printed = "\n".join(quick.render(found(settings=settings)))
        assert "Active" not in printed
        assert " is active" not in printed


def test_it_says_what_it_did_not_look_at(found: Any) -> None:
    diagnosis = found()
    lines = quick.render(diagnosis)
    assert lines.index("not checked by --quick") < lines.index(f"  {quick.NOT_CHECKED[0]}")
    assert json.loads(json.dumps(diagnosis.facts))["not_checked"] == list(quick.NOT_CHECKED)


def test_what_does_not_fit_is_named(found: Any) -> None:
    lines = quick.render(found(**MISFIT))
    assert "functions     1 of 2 fit" in lines
    assert "  other: it is not there" in lines


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (PermissionError(13, "no", "sk-secret"), "a file of Open WebUI cannot be read: Permission"),
        (UnicodeDecodeError("utf-8", b"sk-secret", 0, 1, "x"), "a file of Open WebUI cannot be "),
        (ImportError("No module named 'fastapi'"), "No module named 'fastapi'"),
    ],
)
def test_what_cannot_be_read_is_a_verdict(
    found: Any, monkeypatch: pytest.MonkeyPatch, error: Exception, verdict: str
) -> None:
    found()

    def fail(_: Path) -> dict[str, Any]:
        raise error

    monkeypatch.setattr(quick, "_read", fail)
    diagnosis = quick.look()
    assert diagnosis.code is ExitCode.NOT_ACTIVE
    assert diagnosis.verdict.startswith(f"Not ready: {verdict}")
    assert "sk-secret" not in str(quick.render(diagnosis)) + str(diagnosis.facts)
