"""Names the machine and the versions that a result belongs to."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from harness.environments import HOST_VERSION, host_environment

SQLITE_VERSION = "import sqlite3; print(sqlite3.sqlite_version)"


def describe() -> dict[str, str]:
    """Return what a result depends on, by name; no name of the machine itself."""
    host = host_environment(with_wheel=True)
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "kernel": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "Open WebUI": HOST_VERSION,
        "owui-keygate": version("owui-keygate"),
        "SQLite": host.run("python", "-c", SQLITE_VERSION).stdout.strip(),
        "load before": f"{os.getloadavg()[0]:.1f}",
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()
