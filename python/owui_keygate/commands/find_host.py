"""Where the commands find Open WebUI."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
from contextlib import suppress
from pathlib import Path

NO_HOST = (
    "No Open WebUI found: run this command in Open WebUI's Python environment, or in the folder "
    "that contains open_webui (/app/backend in the official image)"
)


def find_host() -> Path | None:
    """Return the folder that contains the package `open_webui`.

    In the official image that is the working directory, where `docker exec` starts, and not
    `site-packages`.
    """
    spec = importlib.util.find_spec("open_webui")
    if spec is not None and spec.origin is not None:
        return Path(spec.origin).parent.parent
    here = Path.cwd()
    return here if (here / "open_webui" / "__init__.py").is_file() else None


def is_installed_with_pip() -> bool:
    """Whether Python finds Open WebUI as it finds other packages, wherever the command runs."""
    return importlib.util.find_spec("open_webui") is not None


def find_release() -> str | None:
    """Return the version of Open WebUI, without importing it; None if there is none.

    The version is where `open_webui.env` reads it: in the file of the source, or of the package.
    """
    host = find_host()
    if host is None:
        return None
    with suppress(OSError, ValueError, TypeError, KeyError):
        text = (host.parent / "package.json").read_text(encoding="utf-8")
        return str(json.loads(text)["version"])
    with suppress(importlib.metadata.PackageNotFoundError):
        return importlib.metadata.version("open-webui")
    return None
