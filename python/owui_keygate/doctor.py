"""What `owui-keygate doctor` finds out: whether the extension would take its place, and why not.

It imports the host in a process of its own with a throw-away data directory and database, since
the host migrates its database and writes files as it is imported. The running server is not asked.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import owui_keygate

if TYPE_CHECKING:
    from collections.abc import Iterator

START_UP_FILE = "owui_keygate_startup.pth"
IMPORT_SECONDS = 300

_PASSED_ON = (
    "ADMIN_API_KEY_",
    "ENABLE_ADMIN_API_KEY_BYPASS",
    "HOME",
    "LANG",
    "LC_",
    "LD_LIBRARY_PATH",
    "OWUI_KEYGATE",
    "PATH",
    "PYTHON",
    "SYSTEMROOT",
    "VIRTUAL_ENV",
)


class ProbeError(Exception):
    """The host could not even be imported; the message says how that ended."""


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
        "native_version": owui_keygate.__version__,
        "start_up_file": _start_up_file(),
    }
    host = _find_host()
    if host is None:
        return Diagnosis(
            "No Open WebUI found: run this in its environment, or in the folder that holds "
            "open_webui (/app/backend in the official image)",
            ExitCode.UNSUPPORTED_HOST,
            facts,
        )
    facts["host"] = str(host / "open_webui")
    try:
        facts |= _probe(host)
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
    if not facts["patch_points"] or not all(facts["patch_points"].values()):
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


def _find_host() -> Path | None:
    """Return the folder that holds the package `open_webui`.

    The official image has it in its working directory and not in `site-packages`, and
    `docker exec` starts there.
    """
    spec = importlib.util.find_spec("open_webui")
    if spec is not None and spec.origin is not None:
        return Path(spec.origin).parent.parent
    here = Path.cwd()
    return here if (here / "open_webui" / "__init__.py").is_file() else None


def _probe(host: Path) -> dict[str, Any]:
    """Run `owui_keygate.probe` and return its report.

    Raises:
        ProbeError: It has written none.
    """
    with tempfile.TemporaryDirectory(prefix="owui-keygate-doctor-") as folder:
        report = Path(folder) / "report.json"
        try:
            run = subprocess.run(  # noqa: S603 (our own module in this very interpreter)
                [sys.executable, "-P", "-m", "owui_keygate.probe", str(report)],
                cwd=folder,
                env=_probe_environment(host, Path(folder)),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=IMPORT_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            message = f"importing Open WebUI takes more than {IMPORT_SECONDS} seconds"
            raise ProbeError(message) from error
        if not report.is_file():
            last = (run.stderr.strip().splitlines() or ["no output"])[-1]
            message = f"importing Open WebUI ended with exit code {run.returncode}: {last}"
            raise ProbeError(message)
        found: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
        return found


def _probe_environment(host: Path, folder: Path) -> dict[str, str]:
    """Return an environment that leads the host to nothing of the operator's.

    The host adds what a `.env` file sets to the variables that are not set; those that lead
    elsewhere are therefore set here.
    """
    environment = {name: value for name, value in os.environ.items() if name.startswith(_PASSED_ON)}
    installed_with_pip = importlib.util.find_spec("open_webui") is not None
    paths = [environment.get("PYTHONPATH"), None if installed_with_pip else str(host)]
    return environment | {
        "DATABASE_URL": f"sqlite:///{folder / 'webui.db'}",
        "DATA_DIR": str(folder / "data"),
        "ENABLE_DB_MIGRATIONS": "false",
        "FROM_INIT_PY": str(installed_with_pip).lower(),
        "OFFLINE_MODE": "true",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        "REDIS_URL": "",
        "STATIC_DIR": str(folder / "static"),
        "USE_SLIM_DOCKER": "true",
        "VECTOR_DB": "",
        "WEBUI_SECRET_KEY": "throw-away",
    }


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
    tried = "" if facts["tried"] else ", a release not tried"
    lines = [
        f"Open WebUI    {facts['host_version'] or 'not looked at'} ({generation}{tried})",
        f"              {facts['host']}",
        "patch points",
    ]
    lines += [
        f"  {'applied    ' if applied else 'not applied'} {name}"
        for name, applied in facts["patch_points"].items()
    ]
    lines.append("settings")
    for row in (facts["settings"] or {}).get("report", []):
        origin = "" if row["given"] else " (default)"
        lines.append(f"  {row['variable']}={row['value']}{origin}: {row['effect']}")
    return lines
