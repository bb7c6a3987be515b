"""Runs the live tests on releases of the host, two side by side, and says what came out.

`python -m dev.release_matrix` runs all releases; name some to run only these. Both tables, stock
and with the bypass on, are printed beside each other; `--write` runs some on another Python, too,
and makes docs/compatibility.md, with the last reports of those that are not named. It ends with 0
if every test passed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from harness.environments import HOST_PYTHON, RELEASES, ROOT, say

TESTS = (
    "test_overview",
    "test_table",
    "test_administration",
    "test_overrides",
    "test_host_check",
    "test_routes",
    "test_user_objects",
    "test_audit_log",
    "test_limits",
    "test_advisories",
)
AT_ONCE = 3
"""How many releases are tested side by side, each by one process and its servers."""
PAGE = ROOT / "docs" / "compatibility.md"
REPORTS = ROOT / "target" / "compatibility"
"""Holds the last report of each trial."""
OTHER_PYTHON = "3.12"
ON_OTHER_PYTHON = ("0.6.36", "0.8.12", "0.9.6", "0.11.4", "0.12.4")
"""The releases that the page also tells of `OTHER_PYTHON`: each generation's newest, one more."""


class Trial(NamedTuple):
    """What the tests run on.

    Attributes:
        release: The release of the host.
        python: The path of its interpreter.
    """

    release: str
    python: str = HOST_PYTHON

    @property
    def report(self) -> Path:
        """The file that pytest writes its report to."""
        return REPORTS / f"{self.release}-{Path(self.python).name}.xml"


@dataclass(frozen=True)
class Run:
    """What came out of the tests on one release.

    Attributes:
        release: The release of the host.
        python: The version of the host's interpreter.
        passed: How many tests passed.
        failed: How many did not.
        properties: What the tests have recorded.
    """

    release: str
    python: str
    passed: int
    failed: int
    properties: dict[str, str]

    def __str__(self) -> str:
        """Return it as a line."""
        where = f"Open WebUI {self.release}, Python {self.python or '?'}"
        return f"{where}: {self.passed} passed, {self.failed} failed"


def arguments() -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m dev.release_matrix",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="example:\n  python -m dev.release_matrix 0.6.36 0.12.4",
    )
    parser.add_argument("releases", nargs="*", metavar="RELEASE", help=f"{', '.join(RELEASES)}")
    parser.add_argument("--write", action="store_true", help="write docs/compatibility.md")
    asked = parser.parse_args()
    unknown = set(asked.releases) - set(RELEASES)
    if unknown:
        parser.error(f"no requirements for {', '.join(sorted(unknown))} in harness/hosts")
    return asked


def trials(releases: list[str], *, other_python: bool) -> list[Trial]:
    """Return what to run the tests on."""
    every = [Trial(release) for release in releases]
    if other_python:
        find = [str(ROOT / "scripts" / "find-python"), OTHER_PYTHON]
        found = subprocess.run(find, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
        every += [Trial(release, found) for release in ON_OTHER_PYTHON if release in releases]
    return every


def run_tests(trial: Trial) -> Run:
    """Run the tests on a release; what pytest prints is shown where one does not pass."""
    release, python = trial
    say(f"Open WebUI {release} on {Path(python).name} ...")
    trial.report.unlink(missing_ok=True)
    tests = [f"tests/live/{name}.py" for name in TESTS]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--quiet", f"--junitxml={trial.report}", *tests],
        env=os.environ | {"HOST_RELEASE": release, "HOST_PYTHON": python},
        cwd=ROOT,
        check=False,
        stdout=subprocess.PIPE,
        text=True,
    )
    run = read_report(trial)
    shown = done.stdout if done.returncode or run.failed else ""
    print("\n".join([shown, *tables(run), str(run), ""]), flush=True)
    return run


def read_report(trial: Trial) -> Run:
    """Return what came out; a run that has written no report has failed as a whole."""
    release = trial.release
    if not trial.report.is_file():
        return Run(release, "", 0, 1, {})
    [suite] = ET.parse(trial.report).getroot().iter("testsuite")  # noqa: S314 (pytest wrote it)
    total, skipped, *bad = (
        int(suite.get(n, 0)) for n in ("tests", "skipped", "failures", "errors")
    )
    properties = {str(each.get("name")): str(each.get("value")) for each in suite.iter("property")}
    return Run(
        release, properties.pop("python", ""), total - skipped - sum(bad), sum(bad), properties
    )


def tables(run: Run) -> list[str]:
    """Return what an administrator's key gets, stock and with the bypass on, as lines."""
    lines = [f"{'':12}{'keys on':13} {'keys off':13} {'list':13}"]
    for name, found in run.properties.items():
        side, _, way = name.partition(", ")
        if way:
            lines.append(f"{side:6} {way:10} {found}")
    return lines


def page(runs: list[Run]) -> str:
    """Return docs/compatibility.md."""
    lines = [
        "# Compatibility",
        "",
        "`make compatibility` writes this page. It runs the tests named below on each release, on "
        "servers of the real Open WebUI on Linux, stock beside one with the extension.",
        "",
        "| Open WebUI | generation | reader on SQLite | Python | tests | result |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    names = ", ".join(f"`{name}`" for name in TESTS)
    newest = runs[-1]
    for run in runs:
        facts = run.properties
        result = "passed" if not run.failed else f"**{run.failed} failed**"
        lines.append(
            f"| {run.release} | {facts.get('generation', '')} | {facts.get('reader', '')} "
            f"| {run.python} | {run.passed + run.failed} | {result} |"
        )
    lines += [
        "",
        f"The tests are {names}. Releases in between belong to the generation of their neighbours; "
        "their functions were compared with those of the tested ones (`make host-check`).",
        "",
        f"Open WebUI does not install on Python 3.13: its packages require Python "
        f"`{newest.properties.get('requires_python')}`.",
        "",
        "## What an administrator's key gets",
        "",
        "Status of `GET /api/v1/users/user/settings`, `GET /api/v1/auths/admin/config` and "
        "`GET /api/models`, with keys on, with keys off, and with keys on and the endpoint list "
        "`/api/models` in force.",
        "",
        "| Open WebUI | transport | stock: on | off | list | bypass: on | off | list |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    lines += dict.fromkeys(line for run in runs for line in lines_of_keys(run))
    return "\n".join(lines) + "\n"


def lines_of_keys(run: Run) -> list[str]:
    """Return what an administrator's key gets on a release, as lines of a table.

    Another Python adds no line of its own where all is the same on it.
    """
    lines = []
    for name, found in run.properties.items():
        side, _, way = name.partition(", ")
        if side == "stock":
            bypass = run.properties[f"bypass, {way}"]
            lines.append(f"| {run.release} | {way} | {found} | {bypass} |")
    return lines


def main() -> int:
    """Run the tests, print and write what came out."""
    asked = arguments()
    REPORTS.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        chosen = trials(asked.releases or RELEASES, other_python=asked.write)
        runs = list(pool.map(run_tests, chosen))
    if asked.write:
        runs = [read_report(trial) for trial in trials(RELEASES, other_python=True)]
        PAGE.write_text(page(runs))
    print("\n".join(map(str, runs)))
    failed = sum(run.failed for run in runs)
    print(f"{sum(run.passed for run in runs)} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
