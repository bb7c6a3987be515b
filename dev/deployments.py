"""Runs the tests of deployments, and says what came out.

`python -m dev.deployments` runs them all; name parts to run only these. `--write` makes
docs/deployments.md. It ends with 0 if every test passed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from harness.environments import HOST_VERSION, ROOT

TESTS = ROOT / "tests" / "deployments"
PAGE = ROOT / "docs" / "deployments.md"
PARTS = {
    "starts": "Ways to start",
    "proxies": "Proxies",
    "databases": "Databases and poolers",
    "clients": "Clients",
}


class Row(NamedTuple):
    """A row of the page.

    Attributes:
        part: The key of its table in `PARTS`.
        what: What was tried.
        versions: Of what took part besides Open WebUI, by name.
        result: What came of it.
    """

    part: str
    what: str
    versions: dict[str, str]
    result: str

    def __str__(self) -> str:
        """Return it as a line of a table."""
        versions = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        return f"| {self.what} | {versions} | {self.result} |"


def arguments() -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m dev.deployments",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="example:\n  python -m dev.deployments proxies",
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--write", action="store_true", help="write docs/deployments.md")
    asked = parser.parse_args()
    unknown = set(asked.parts) - set(PARTS)
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    if asked.write and asked.parts:
        parser.error("--write is for a run of all parts")
    return asked


def run_tests(parts: list[str], report: Path) -> int:
    """Run the tests of some parts with pytest, and return its exit code."""
    folders = [str(TESTS / part) for part in parts]
    options = ("--numprocesses", "2", "--dist", "loadfile", "--max-worker-restart", "0")
    command = [sys.executable, "-m", "pytest", *options, f"--junitxml={report}"]
    return subprocess.run([*command, *folders], cwd=ROOT, check=False).returncode


def rows(report: Path) -> list[Row]:
    """Return what the tests have written, the files in order of their names."""
    cases = ET.parse(report).getroot().iter("testcase")  # noqa: S314 (pytest wrote it)
    return [
        Row(_module(case).split(".")[2], *json.loads(str(each.get("value"))))
        for case in sorted(cases, key=_module)
        for each in case.iter("property")
        if each.get("name") == "tried"
    ]


def _module(case: ET.Element) -> str:
    """Return the module of a test, such as `tests.deployments.starts.test_serve`."""
    return str(case.get("classname"))


def page(found: list[Row]) -> str:
    """Return docs/deployments.md."""
    python = ".".join(map(str, sys.version_info[:3]))
    debian = Path("/etc/debian_version").read_text().strip()
    lines = [
        "# Deployments that were tried",
        "",
        "`make deployments` writes this page. Each row is a test that passed on servers of the "
        f"real Open WebUI {HOST_VERSION}, on Python {python} and Debian {debian}. What to know "
        "of each is in [operating.md](operating.md).",
    ]
    ordered = sorted(found, key=lambda row: list(PARTS).index(row.part))
    for part, some in groupby(ordered, lambda row: row.part):
        lines += ["", f"## {PARTS[part]}", "", "| what | with | result |", "| --- | --- | --- |"]
        lines += map(str, some)
    return "\n".join(lines) + "\n"


def main() -> int:
    """Run the tests, and write the page if that was asked for and all of them passed."""
    asked = arguments()
    with tempfile.TemporaryDirectory(prefix="keygate-deployments-") as folder:
        report = Path(folder) / "report.xml"
        code = run_tests(asked.parts or list(PARTS), report)
        if code:
            return code
        found = rows(report)
    if asked.write:
        PAGE.write_text(page(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
