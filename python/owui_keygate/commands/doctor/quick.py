"""What `owui-keygate doctor --quick` finds out, without importing the host.

It reads the host's source files and the settings. So it can say what keeps the extension from being
active, but never that it is active.
"""

from __future__ import annotations

import importlib.util
import json
import os
from typing import TYPE_CHECKING, Any

from owui_keygate.commands.doctor.diagnosis import (
    START_UP_FILE,
    Diagnosis,
    ExitCode,
    invalid_setting,
    own_facts,
    render_own,
    render_release,
    render_settings,
)
from owui_keygate.commands.find_host import (
    NO_HOST,
    find_host,
    find_release,
    is_installed_with_pip,
)
from owui_keygate.panics import PanicError, as_errors
from owui_keygate.startup import is_installed

if TYPE_CHECKING:
    from pathlib import Path

    from owui_keygate.hosts.generation import Generation

FITS = "fits"
NOT_CHECKED = (
    "whether Open WebUI can be imported",
    "whether another package replaces or wraps the same functions",
    "which reader the database gets, and whether the database answers",
    "which routes the lists of endpoints reach",
    "what the running server does",
)
"""What cannot be seen without importing Open WebUI or asking its server."""


def look() -> Diagnosis:
    """Find out whether anything that can be read keeps the extension from being active."""
    facts = own_facts() | {
        "start_up_file_active": is_installed(),
        "not_checked": list(NOT_CHECKED),
    }
    host = find_host()
    if host is None:
        return Diagnosis(NO_HOST, ExitCode.UNSUPPORTED_HOST, facts)
    facts["host"] = str(host / "open_webui")
    try:
        with as_errors():
            facts |= _read(host)
    except (PanicError, ImportError) as error:
        return Diagnosis(f"Not ready: {error}", ExitCode.NOT_ACTIVE, facts)
    except (OSError, UnicodeDecodeError) as error:
        # Their texts may repeat what is in a file.
        kind = type(error).__name__
        verdict = f"Not ready: a file of Open WebUI cannot be read: {kind}"
        return Diagnosis(verdict, ExitCode.NOT_ACTIVE, facts)
    return Diagnosis(*_judge(facts), facts)


def render(diagnosis: Diagnosis) -> list[str]:
    """Return the diagnosis as lines for people, the verdict last."""
    facts = diagnosis.facts
    lines = render_own(facts)
    if "functions" in facts:
        lines += [
            *render_release(facts),
            *_render_functions(facts["functions"]),
            *render_settings(facts),
            "not checked by --quick",
            *(f"  {each}" for each in facts["not_checked"]),
        ]
    return [*lines, diagnosis.verdict]


def _read(host: Path) -> dict[str, Any]:
    # This imports packages that are installed with Open WebUI.
    from owui_keygate.installation import choose_generation, read_settings
    from owui_keygate.patching.patches import HostDoesNotFitError

    version = find_release() or "an unknown version"
    settings = read_settings([], _environment(host), version)
    facts: dict[str, Any] = {
        "host_version": version,
        "generation": None,
        "tried": False,
        "functions": {},
        "settings": json.loads(settings.to_json()),
    }
    try:
        generation = choose_generation(version, host / "open_webui")
    except HostDoesNotFitError as error:
        return facts | {"host_fits": False, "failure": str(error)}
    faults = _faults(generation, host)
    return facts | {
        "generation": generation.name,
        "tried": version in generation.tried,
        "functions": {name: fault or FITS for name, fault in faults.items()},
        "host_fits": not any(faults.values()),
        "failure": next((f"{name}: {fault}" for name, fault in faults.items() if fault), None),
    }


def _faults(generation: Generation, host: Path) -> dict[str, str | None]:
    """Return for each function and table of the host why it does not fit, None where it does."""
    from owui_keygate.hosts.sources import Sources, functions

    sources = Sources(host)
    return {str(each): sources.fault(each) for each in functions(generation)}


def _environment(host: Path) -> dict[str, str]:
    """Return the environment variables of a server.

    The host fills unset variables from a `.env` file (`open_webui.env`).
    """
    found: dict[str, str | None] = {}
    file = host.parent / ".env"
    if file.is_file() and importlib.util.find_spec("dotenv") is not None:
        from dotenv import dotenv_values

        found = dotenv_values(file)
    return {
        **{name: value for name, value in found.items() if value is not None},
        **os.environ,
        # `open-webui serve` sets it.
        "FROM_INIT_PY": str(is_installed_with_pip()).lower(),
    }


def _judge(facts: dict[str, Any]) -> tuple[str, ExitCode]:
    settings = facts["settings"]
    if not settings["enabled"]:
        return "Not ready: OWUI_KEYGATE is off", ExitCode.NOT_ACTIVE
    if not facts["host_fits"]:
        return f"Unsupported Open WebUI: {facts['failure']}", ExitCode.UNSUPPORTED_HOST
    if settings["problems"]:
        return invalid_setting(settings), ExitCode.NOT_ACTIVE
    if not facts["start_up_file_active"]:
        return (
            f"Not ready: Python did not read {START_UP_FILE} when it started; install "
            "owui-keygate with pip into Open WebUI's Python environment, or serve "
            "owui_keygate.asgi:app"
        ), ExitCode.NOT_ACTIVE
    if settings["bypass"]:
        return (
            "Ready to be active, and the bypass is on; owui-keygate doctor also imports Open WebUI"
        ), ExitCode.ACTIVE
    return (
        "Ready to be active, but the bypass is off: set ENABLE_ADMIN_API_KEY_BYPASS=true to turn "
        "it on"
    ), ExitCode.ACTIVE


def _render_functions(functions: dict[str, str]) -> list[str]:
    misfits = {name: fault for name, fault in functions.items() if fault != FITS}
    fitting = len(functions) - len(misfits)
    return [
        f"functions     {fitting} of {len(functions)} fit",
        *(f"  {name}: {fault}" for name, fault in misfits.items()),
    ]
