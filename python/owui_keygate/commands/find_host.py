"""Where the commands find Open WebUI."""

from __future__ import annotations

import importlib.util
from pathlib import Path

NO_HOST = (
    "No Open WebUI found: run this in its environment, or in the folder that holds "
    "open_webui (/app/backend in the official image)"
)


def find_host() -> Path | None:
    """Return the folder that holds the package `open_webui`.

    The official image has it in its working directory and not in `site-packages`, and
    `docker exec` starts there.
    """
    spec = importlib.util.find_spec("open_webui")
    if spec is not None and spec.origin is not None:
        return Path(spec.origin).parent.parent
    here = Path.cwd()
    return here if (here / "open_webui" / "__init__.py").is_file() else None
