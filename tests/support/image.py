"""The layout of the official image, where the host is a folder and no installed distribution."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING

from harness.environments import HOST_VERSION, Environment, built_wheel, make_environment

if TYPE_CHECKING:
    from pathlib import Path


def image_environment(keygate: Environment, folder: Path) -> Environment:
    """Make an environment that has all of another but the host, which becomes a folder."""
    installed = keygate.site_packages
    environment = make_environment(folder / "venv")
    for entry in installed.iterdir():
        if not entry.name.startswith(("open_webui", "_virtualenv", "owui_keygate")):
            (environment.site_packages / entry.name).symlink_to(entry)
    environment.pip("install", "--no-deps", built_wheel())
    backend = folder / "app" / "backend"
    backend.mkdir(parents=True)
    host = installed / "open_webui"
    shutil.copytree(host, backend / "open_webui", copy_function=os.link)
    (folder / "app" / "build").symlink_to(host / "frontend")
    (folder / "app" / "CHANGELOG.md").touch()
    (folder / "app" / "package.json").write_text(json.dumps({"version": HOST_VERSION}))
    return environment
