"""The command `owui-keygate doctor`, run in an environment."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from harness.environments import Environment


def doctor(
    environment: Environment, settings: dict[str, str], *options: str, folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run it to its end, and return what it printed."""
    env = {"PATH": os.environ["PATH"]} | settings
    cwd = folder or environment.folder
    return environment.run("owui-keygate", "doctor", *options, env=env, cwd=cwd)


def facts(environment: Environment, settings: dict[str, str], *options: str) -> dict[str, Any]:
    """Return what it says as JSON."""
    found = doctor(environment, settings, "--json", *options)
    report: dict[str, Any] = json.loads(found.stdout)
    assert found.returncode == report["exit_code"]
    return report
