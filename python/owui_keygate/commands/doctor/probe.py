"""Imports the host as a server would, in a process of its own, and reports the result.

The host migrates its database and writes files when it is imported, so the process gets a temporary
data directory and database. It runs `python -m owui_keygate.commands.doctor.probe REPORT`, and
writes its report, a JSON object, to the file REPORT.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from owui_keygate._native import is_setting
from owui_keygate.commands.find_host import is_installed_with_pip
from owui_keygate.commands.garbage import no_collections
from owui_keygate.commands.refusal import explain_failure, explain_refusal
from owui_keygate.panics import PanicError, as_errors
from owui_keygate.startup import install, is_installed

IMPORT_SECONDS = 300

_PASSED_ON = (
    "DATABASE_",
    "ENABLE_ADMIN_ANALYTICS",
    "ENABLE_SCIM",
    "HOME",
    "LANG",
    "LC_",
    "LD_LIBRARY_PATH",
    "PATH",
    "PYTHON",
    "SCIM_ENABLED",
    "SYSTEMROOT",
    "VIRTUAL_ENV",
)


class ProbeError(Exception):
    """The host could not even be imported; the message says why."""


def probe(host: Path) -> dict[str, Any]:
    """Import the host that a folder contains, and return the report.

    Raises:
        ProbeError: There is no report.
    """
    try:
        with as_errors():
            return _probe(host)
    except PanicError as error:
        raise ProbeError(str(error)) from error


def _probe(host: Path) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="owui-keygate-doctor-") as folder:
        report = Path(folder) / "report.json"
        # The first releases do not create the folder of their static files themselves.
        (Path(folder) / "static").mkdir()
        try:
            run = subprocess.run(  # noqa: S603 (our own module in this very interpreter)
                [sys.executable, "-P", "-m", "owui_keygate.commands.doctor.probe", str(report)],
                cwd=folder,
                env=environment(host, Path(folder)),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=IMPORT_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            message = f"importing Open WebUI took longer than {IMPORT_SECONDS} seconds"
            raise ProbeError(message) from error
        if not report.is_file():
            # What it printed may contain a secret.
            message = (
                f"importing Open WebUI ended the process with exit code {run.returncode}; start "
                "Open WebUI to see why"
            )
            raise ProbeError(message)
        found: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
        return found


def environment(host: Path, folder: Path) -> dict[str, str]:
    """Return an environment that keeps the host away from the operator's data and services.

    The host fills unset variables from a `.env` file, so every variable that names data or a
    service is set here.
    """
    passed_on = {name: value for name, value in os.environ.items() if _is_passed_on(name)}
    installed_with_pip = is_installed_with_pip()
    paths = [passed_on.get("PYTHONPATH"), None if installed_with_pip else str(host)]
    return passed_on | {
        "CHROMA_HTTP_HOST": "",
        "DATA_DIR": str(folder / "data"),
        "ENABLE_DB_MIGRATIONS": "true",
        "ENABLE_OTEL": "false",
        "FROM_INIT_PY": str(installed_with_pip).lower(),
        "OFFLINE_MODE": "true",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        "RAG_EMBEDDING_ENGINE": "openai",
        "REDIS_URL": "",
        "STATIC_DIR": str(folder / "static"),
        "STORAGE_PROVIDER": "local",
        "USE_SLIM_DOCKER": "true",
        "VECTOR_DB": "chroma",
        "WEBSOCKET_MANAGER": "",
        "WEBUI_SECRET_KEY": "temporary",
    }


def _is_passed_on(name: str) -> bool:
    return name.startswith(_PASSED_ON) or is_setting(name)


def _redirect_database(file: Path) -> str:
    """Give the host a file as its database, and return the URL of the operator's database.

    The host composes that URL in `open_webui.env`, which does not connect to it.
    """
    env: Any = importlib.import_module("open_webui.env")
    url = str(env.DATABASE_URL)
    env.DATABASE_URL = f"sqlite:///{file}"
    env.DATABASE_SCHEMA = None
    env.DATABASE_ENABLE_IAM_TOKEN_AUTH = False
    return url


def main(report_file: Path) -> None:
    """Import the host's modules that are patched, and write the report."""
    from owui_keygate.installation import INSTALLATION
    from owui_keygate.report import report

    active = is_installed()
    install()
    reader = error = None
    try:
        with no_collections():
            url = _redirect_database(report_file.with_name("webui.db"))
            importlib.import_module("open_webui.utils.auth")
            if INSTALLATION.generation is not None:
                reader = INSTALLATION.generation.reader_for(url)._asdict()
                for point in INSTALLATION.generation.patch_points:
                    importlib.import_module(point.module)
    except SystemExit as refusal:
        error = explain_refusal(refusal)
    except Exception as failure:  # noqa: BLE001 (it goes into the report)
        error = explain_failure(failure)
    found = report(INSTALLATION) | {
        "start_up_file_active": active,
        "import_error": error,
        "reader": reader,
    }
    report_file.write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
