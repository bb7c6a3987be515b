"""What `owui-keygate doctor` finds out: whether the extension would be active, and why not.

It does not ask the running server, but imports the host anew, in
`owui_keygate.commands.doctor.probe`.
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
from owui_keygate.patching.state import State

if TYPE_CHECKING:
    from collections.abc import Iterator

START_UP_FILE = "owui_keygate_startup.pth"
_REASONS = {State.NOT_NEEDED: " (the bypass is off)"}
"""Why a patch point is in a state, if that needs saying."""

_ENDS_UNCHECKED = (
    "note: while the bypass is off, nothing refuses an API key that has ended, because Open WebUI "
    "itself does not check that: owui-keygate keys list names such keys"
)
"""Only named here: reading the operator's database would create files or, before 0.7.0, migrate it.
"""


class ExitCode(IntEnum):
    """How `doctor` ends."""

    ACTIVE = 0
    NOT_ACTIVE = 1
    UNSUPPORTED_HOST = 2


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was found.

    Attributes:
        verdict: The result, in one line.
        code: How `doctor` ends.
        facts: Everything else, as it goes into JSON.
    """

    verdict: str
    code: ExitCode
    facts: dict[str, Any]


def diagnose() -> Diagnosis:
    """Import the host in a temporary folder, and find out whether the extension is active."""
    facts = own_facts()
    host = find_host()
    if host is None:
        return Diagnosis(NO_HOST, ExitCode.UNSUPPORTED_HOST, facts)
    facts["host"] = str(host / "open_webui")
    try:
        facts |= probe(host)
    except ProbeError as error:
        return Diagnosis(f"Not active: {error}", ExitCode.NOT_ACTIVE, facts)
    verdict, code = _judge(facts)
    return Diagnosis(verdict, code, facts)


def own_facts() -> dict[str, Any]:
    """Return what is known of the extension itself."""
    return {
        "version": importlib.metadata.version("owui-keygate"),
        "native_version": __version__,
        "start_up_file": _start_up_file(),
    }


def _judge(facts: dict[str, Any]) -> tuple[str, ExitCode]:
    if not facts["host_fits"]:
        return f"Unsupported Open WebUI: {facts['failure']}", ExitCode.UNSUPPORTED_HOST
    fault = next(_faults(facts), None)
    if fault is not None:
        return fault, ExitCode.NOT_ACTIVE
    if facts["settings"]["bypass"]:
        return (
            "Active, and the bypass is on: administrators' API keys bypass Open WebUI's own rules",
            ExitCode.ACTIVE,
        )
    return (
        "Active, but the bypass is off: set ENABLE_ADMIN_API_KEY_BYPASS=true to turn it on",
        ExitCode.ACTIVE,
    )


def _faults(facts: dict[str, Any]) -> Iterator[str]:
    """Yield what keeps the extension from being active, causes before their consequences."""
    settings = facts["settings"] or {"enabled": True, "problems": []}
    if not settings["enabled"]:
        yield "Not active: OWUI_KEYGATE is off"
    if settings["problems"]:
        yield invalid_setting(settings)
    if facts["failure"] or facts["import_error"]:
        yield f"Not active: {facts['failure'] or facts['import_error']}"
    if not facts["patch_points"] or State.NOT_APPLIED in facts["patch_points"].values():
        yield "Not active: a patch point is not applied"
    if not facts["start_up_file_active"]:
        yield (
            f"Not active: Python did not read {START_UP_FILE} when it started; install "
            "owui-keygate with pip into Open WebUI's Python environment, or serve "
            "owui_keygate.asgi:app"
        )


def invalid_setting(settings: dict[str, Any]) -> str:
    """Return the verdict on settings with problems."""
    problems = "; ".join(f"{p['variable']} {p['reason']}" for p in settings["problems"])
    strict = settings["strict"]
    refusal = ", and Open WebUI will not start (OWUI_KEYGATE_STRICT=true)" if strict else ""
    return f"Invalid setting: {problems}; the bypass stays off{refusal}"


def _start_up_file() -> str | None:
    files = importlib.metadata.files("owui-keygate") or []
    found = [str(file.locate()) for file in files if file.name == START_UP_FILE]
    return next((name for name in found if Path(name).is_file()), None)


def render(diagnosis: Diagnosis) -> list[str]:
    """Return the diagnosis as lines for people, the verdict last."""
    facts = diagnosis.facts
    lines = render_own(facts)
    if "patch_points" in facts:
        lines += _render_host(facts)
    return [*lines, diagnosis.verdict]


def render_own(facts: dict[str, Any]) -> list[str]:
    """Return what is known of the extension itself."""
    return [
        f"owui-keygate  {facts['version']} (native {facts['native_version']})",
        f"start-up file {facts['start_up_file'] or 'not found'}",
    ]


def render_release(facts: dict[str, Any]) -> list[str]:
    """Return which Open WebUI it is."""
    generation = f"generation {facts['generation']}" if facts["generation"] else "unknown"
    tried = "" if facts["tried"] else ", an untested release"
    return [
        f"Open WebUI    {facts['host_version'] or 'unknown version'} ({generation}{tried})",
        f"              {facts['host']}",
    ]


def render_settings(facts: dict[str, Any]) -> list[str]:
    """Return every setting, what it is and what it does."""
    rows = (facts["settings"] or {}).get("report", [])
    return [
        "settings",
        *(
            f"  {row['variable']}={row['value']}{'' if row['given'] else ' (default)'}: "
            f"{row['effect']}"
            for row in rows
        ),
    ]


def _render_host(facts: dict[str, Any]) -> list[str]:
    reader = facts["reader"]
    lines = [
        *render_release(facts),
        f"reader        {reader['name']} ({reader['reason']})" if reader else "reader        none",
        "patch points",
    ]
    lines += [
        f"  {state:{len(State.NOT_APPLIED)}} {name}{_REASONS.get(state, '')}"
        for name, state in facts["patch_points"].items()
    ]
    lines += render_settings(facts)
    lines += [f"warning: {warning}" for warning in facts["warnings"]]
    if facts["settings"] and not facts["settings"]["bypass"]:
        lines.append(_ENDS_UNCHECKED)
    return lines
