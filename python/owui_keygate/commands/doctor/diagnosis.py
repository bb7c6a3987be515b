"""What `owui-keygate doctor` finds out: whether the extension would take its place, and why not.

The running server is not asked: the host is imported anew, by `owui_keygate.commands.doctor.probe`.
"""

from __future__ import annotations

import importlib.metadata
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from owui_keygate._native import __version__
from owui_keygate.commands.doctor.probe import ProbeError, probe
from owui_keygate.commands.find_host import NO_HOST, find_host

if TYPE_CHECKING:
    from collections.abc import Iterator

START_UP_FILE = "owui_keygate_startup.pth"


class ExitCode(IntEnum):
    """How `doctor` ends."""

    IN_PLACE = 0
    NOT_IN_PLACE = 1
    UNSUPPORTED_HOST = 2


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was found.

    Attributes:
        verdict: One line that says it all.
        code: How `doctor` ends.
        facts: Everything else, ready for JSON.
    """

    verdict: str
    code: ExitCode
    facts: dict[str, Any]


def diagnose() -> Diagnosis:
    """Import the host in a throw-away place and say whether the extension takes its place."""
    facts: dict[str, Any] = {
        "version": importlib.metadata.version("owui-keygate"),
        "native_version": __version__,
        "start_up_file": _start_up_file(),
    }
    host = find_host()
    if host is None:
        return Diagnosis(NO_HOST, ExitCode.UNSUPPORTED_HOST, facts)
    facts["host"] = str(host / "open_webui")
    try:
        facts |= probe(host)
    except ProbeError as error:
        return Diagnosis(f"Not in place: {error}", ExitCode.NOT_IN_PLACE, facts)
    verdict, code = _judge(facts)
    return Diagnosis(verdict, code, facts)


def _judge(facts: dict[str, Any]) -> tuple[str, ExitCode]:
    if not facts["host_fits"]:
        return f"Unsupported host: {facts['failure']}", ExitCode.UNSUPPORTED_HOST
    fault = next(_faults(facts), None)
    if fault is not None:
        return fault, ExitCode.NOT_IN_PLACE
    if facts["settings"]["bypass"]:
        return "In place: administrators' API keys bypass the host's rules", ExitCode.IN_PLACE
    return (
        "In place, and the bypass is off: set ENABLE_ADMIN_API_KEY_BYPASS=true to switch it on",
        ExitCode.IN_PLACE,
    )


def _faults(facts: dict[str, Any]) -> Iterator[str]:
    """Yield what keeps the extension from its place, the cause before its consequences."""
    settings = facts["settings"] or {"enabled": True, "problems": []}
    if not settings["enabled"]:
        yield "Not in place: OWUI_KEYGATE switches it off"
    if settings["problems"]:
        problems = "; ".join(f"{p['variable']} {p['reason']}" for p in settings["problems"])
        refuses = ", and strict mode refuses to start the host" if settings["strict"] else ""
        yield f"Wrong setting: {problems}; the bypass stays off{refuses}"
    if facts["failure"] or facts["import_error"]:
        yield f"Not in place: {facts['failure'] or facts['import_error']}"
    if not facts["patch_points"] or "not applied" in facts["patch_points"].values():
        yield "Not in place: a patch point is not applied"
    if not facts["start_up_file_active"]:
        yield (
            f"Not in place: {START_UP_FILE} is not read at the start of this interpreter; install "
            "the package with pip into the host's environment, or serve owui_keygate.asgi:app"
        )


def _start_up_file() -> str | None:
    files = importlib.metadata.files("owui-keygate") or []
    found = [str(file.locate()) for file in files if file.name == START_UP_FILE]
    return next((name for name in found if Path(name).is_file()), None)


def render(diagnosis: Diagnosis) -> list[str]:
    """Return the diagnosis as lines for people, the verdict last."""
    facts = diagnosis.facts
    lines = [
        f"owui-keygate  {facts['version']} (native {facts['native_version']})",
        f"start-up file {facts['start_up_file'] or 'not found'}",
    ]
    if "patch_points" in facts:
        lines += _render_host(facts)
    return [*lines, diagnosis.verdict]


def _render_host(facts: dict[str, Any]) -> list[str]:
    generation = f"generation {facts['generation']}" if facts["generation"] else "unknown"
    reader = facts["reader"]
    tried = "" if facts["tried"] else ", a release not tried"
    lines = [
        f"Open WebUI    {facts['host_version'] or 'not looked at'} ({generation}{tried})",
        f"              {facts['host']}",
        f"reader        {reader['name']} ({reader['reason']})" if reader else "reader        none",
        "patch points",
    ]
    lines += [f"  {state:11} {name}" for name, state in facts["patch_points"].items()]
    lines.append("settings")
    for row in (facts["settings"] or {}).get("report", []):
        origin = "" if row["given"] else " (default)"
        lines.append(f"  {row['variable']}={row['value']}{origin}: {row['effect']}")
    lines += [f"warning: {warning}" for warning in facts["warnings"]]
    return lines
