"""Whoever overrides a dependency of the host gets what they get on the stock host."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from harness.server import BYPASS_ON, host_settings

if TYPE_CHECKING:
    from harness.environments import Environment

SCRIPT = Path(__file__).parent / "in_host" / "overrides.py"
TEAPOT = 418


def overridden(environment: Environment, folder: Path) -> dict[str, list[int]]:
    folder.mkdir()
    settings = host_settings(folder) | BYPASS_ON | {"FROM_INIT_PY": "true"}
    run = environment.run("python", "-P", SCRIPT, env=settings, cwd=folder)
    assert run.returncode == 0, run.stderr
    found: dict[str, list[int]] = json.loads(run.stdout.splitlines()[-1])
    return found


def test_dependencies_are_overridden_as_on_stock(
    stock: Environment, keygate: Environment, tmp_path: Path
) -> None:
    found = overridden(stock, tmp_path / "stock")
    assert found["get_current_user"] == [TEAPOT] * 3
    assert TEAPOT in found["get_verified_user"]
    assert TEAPOT in found["get_admin_user"]
    assert TEAPOT not in found["none"]
    assert overridden(keygate, tmp_path / "keygate") == found
