"""What becomes of the tests of others, stock beside patched."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from harness.environments import Environment

Outcomes = dict[str, str]
"""The result of each test, by its name."""

PYTEST = "pytest==8.4.2"
"""What runs them; what they themselves need is theirs to say."""

SECONDS = 3600


class NoReportError(Exception):
    """pytest has written no report; the message holds what it printed last."""


def run_pytest(
    environment: Environment, folder: Path, settings: dict[str, str], arguments: Sequence[str]
) -> Outcomes:
    """Run pytest in an environment.

    Args:
        environment: Has pytest in it.
        folder: Where it runs.
        settings: Its environment variables.
        arguments: Its arguments.

    Raises:
        NoReportError: It could not run.
    """
    folder.mkdir(parents=True, exist_ok=True)
    report = folder / "report.xml"
    run = environment.run(
        "python",
        *("-m", "pytest", "--quiet", f"--junitxml={report}", *arguments),
        env=settings,
        cwd=folder,
        seconds=SECONDS,
    )
    if not report.is_file():
        raise NoReportError((run.stdout + run.stderr)[-4000:])
    return read(report)


def read(report: Path) -> Outcomes:
    """Return the results that a report in JUnit's format holds."""
    found: Outcomes = {}
    for case in ET.parse(report).getroot().iter("testcase"):  # noqa: S314 (pytest wrote it)
        name = f"{case.get('classname')}::{case.get('name')}"
        bad = [child.tag for child in case if child.tag in {"failure", "error", "skipped"}]
        found[name] = {"failure": "failed", "error": "error", "skipped": "skipped"}.get(
            bad[0] if bad else "", "passed"
        )
    return found


def differing(stock: Outcomes, patched: Outcomes) -> list[str]:
    """Return the names of the tests whose results differ."""
    names = sorted(stock.keys() | patched.keys())
    return [name for name in names if stock.get(name) != patched.get(name)]


def show(names: list[str], stock: Outcomes, patched: Outcomes) -> None:
    """Print the results of tests on both sides."""
    for name in names:
        print(f"  {stock.get(name, 'missing'):8} {patched.get(name, 'missing'):8} {name}")
