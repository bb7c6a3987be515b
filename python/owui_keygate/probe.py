"""Imports the host as a server would, against a throw-away data directory, and reports.

`owui-keygate doctor` runs this in a process of its own: `python -m owui_keygate.probe REPORT`.
The report is a JSON object, written to the file REPORT.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

from owui_keygate import startup


def main(report_file: Path) -> None:
    """Import the host's modules that are patched, and write what came of it."""
    active = startup.is_installed()
    startup.install()
    error = None
    try:
        for name in sorted(startup.HOST_MODULES):
            importlib.import_module(name)
    except Exception as failure:  # noqa: BLE001 (it goes into the report)
        error = f"{type(failure).__name__}: {failure}"
    from owui_keygate.installation import INSTALLATION

    report = INSTALLATION.report() | {"start_up_file_active": active, "import_error": error}
    report_file.write_text(json.dumps(report), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
