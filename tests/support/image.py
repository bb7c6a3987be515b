"""The layout of the official image, where the host is a folder and no installed distribution."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
from typing import TYPE_CHECKING

from harness.environments import HOST_VERSION, ROOT, Environment, built_wheel, make_environment

if TYPE_CHECKING:
    from pathlib import Path

_DOCKERFILE = ROOT / "harness" / "stand_in" / "open_webui.Dockerfile"
_LINES = re.findall(r"(?m)^ENV (.*)$", _DOCKERFILE.read_text().replace("\\\n", " "))
IMAGE_VARIABLES = dict(pair.split("=", 1) for line in _LINES for pair in shlex.split(line)) | {
    "USE_CUDA_DOCKER_VER": "cu128",
    "USE_EMBEDDING_MODEL_DOCKER": "sentence-transformers/all-MiniLM-L6-v2",
    "USE_RERANKING_MODEL_DOCKER": "",
    "USE_SLIM_DOCKER": "false",
    "WEBUI_BUILD_VERSION": "dev-build",
}
"""The `ENV` lines of its Dockerfile: those of the stand-in, and what the whole image adds."""


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
