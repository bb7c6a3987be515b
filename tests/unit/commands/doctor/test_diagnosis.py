"""What `doctor` makes of the states of the patch points."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from owui_keygate.commands.doctor import diagnosis
from owui_keygate.commands.doctor.diagnosis import ExitCode, diagnose, render

if TYPE_CHECKING:
    from collections.abc import Callable

FACTS: dict[str, Any] = {
    "host_version": "0.12.4",
    "generation": "D",
    "tried": True,
    "host_fits": True,
    "failure": None,
    "import_error": None,
    "reader": {"name": "sqlite", "reason": "the database is a SQLite file"},
    "settings": {"enabled": True, "strict": False, "bypass": False, "problems": [], "report": []},
    "start_up_file_active": True,
    "warnings": [],
}


@pytest.mark.parametrize("bypass", [False, True])
def test_where_ends_are_not_checked_it_says_what_names_them(
    monkeypatch: pytest.MonkeyPatch, *, bypass: bool
) -> None:
    settings = FACTS["settings"] | {"bypass": bypass}
    facts = FACTS | {"settings": settings, "patch_points": {"one": "applied"}}
    monkeypatch.setattr(diagnosis, "find_host", lambda: Path("/host"))
    monkeypatch.setattr(diagnosis, "probe", lambda _: facts)
    printed = "\n".join(render(diagnose()))
    assert ("owui-keygate keys list names such keys" in printed) != bypass


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[ExitCode, list[str]]]:
    """Return how `doctor` ends and what it prints for some states."""

    def printed(**states: str) -> tuple[ExitCode, list[str]]:
        monkeypatch.setattr(diagnosis, "find_host", lambda: Path("/host"))
        monkeypatch.setattr(diagnosis, "probe", lambda _: FACTS | {"patch_points": states})
        found = diagnose()
        return found.code, render(found)

    return printed


def test_what_is_not_needed_is_no_fault(
    lines: Callable[..., tuple[ExitCode, list[str]]],
) -> None:
    code, printed = lines(one="applied", other="not needed")
    assert code is ExitCode.ACTIVE
    assert "  applied     one" in printed
    assert "  not needed  other (the bypass is off)" in printed
    assert printed[-1].startswith("Active, but the bypass is off: ")


@pytest.mark.parametrize("states", [{}, {"one": "not applied"}])
def test_what_is_not_applied_is_a_fault(
    lines: Callable[..., tuple[ExitCode, list[str]]], states: dict[str, str]
) -> None:
    code, printed = lines(two="applied", **states) if states else lines()
    assert code is ExitCode.NOT_ACTIVE
    assert printed[-1] == "Not active: a patch point is not applied"
    assert all(f"  not applied {name}" in printed for name in states)
