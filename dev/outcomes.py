"""What becomes of the tests of others, stock beside patched."""

from __future__ import annotations

import subprocess
import xml.etree.ElementTree as ET
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from harness.environments import Environment

Outcomes = dict[str, str]
"""The result of each test, by its name."""

PYTEST = "pytest==8.4.2"
"""What runs them; what they themselves need is theirs to say."""

SECONDS = 4 * 3600

DONE = {0, 1}
"""The exit codes with which pytest has run all tests that were asked for."""

WHY = {
    2: "pytest stopped early, mostly because a test file cannot be imported. Mend the "
    "file, name others, or pass --continue-on-collection-errors",
    3: "pytest itself failed, mostly in one of its plugins. Leave the plugin out with -p no:NAME",
    4: "pytest does not know an option, a path or a setting of the suite. Mend what it names, or "
    "add the plugin that is missing to the packages of the suite",
    5: "pytest found no test. Name others, or leave the arguments out to run all",
}
"""What the other exit codes mean, and what to do."""

RESULTS = {"failure": "failed", "error": "error", "skipped": "skipped"}
"""What the elements of a report in JUnit's format stand for."""
RAN = {"passed", "failed", "failed+error"}
"""The results of tests that began; the others lacked something."""


class NoOutcomesError(Exception):
    """There is nothing to compare; the message holds why, and what pytest printed last."""

    def __init__(self, why: str, printed: str) -> None:
        super().__init__(f"{why}.\n\n{printed[-4000:]}".strip())


def run_pytest(  # noqa: PLR0913 (what a process is started with)
    environment: Environment,
    report: Path,
    settings: dict[str, str],
    arguments: Sequence[str],
    *,
    cwd: Path,
    strict: bool = True,
) -> Outcomes:
    """Run pytest in an environment, and return what became of each test.

    Args:
        environment: Has pytest in it.
        report: The file that it writes its report to.
        settings: Its environment variables.
        arguments: Its arguments.
        cwd: The folder it runs in.
        strict: Whether its report counts only after a whole run in which some test ran.

    Raises:
        NoOutcomesError: It could not run, or ran no test.
    """
    report.unlink(missing_ok=True)
    try:
        run = environment.run(
            "python",
            *("-m", "pytest", "--quiet", f"--junitxml={report}", *arguments),
            env=settings,
            cwd=cwd,
            seconds=SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        why = f"pytest was ended after {SECONDS // 3600} hours. Name fewer tests"
        raise NoOutcomesError(why, "") from error
    printed = run.stdout + run.stderr
    if not report.is_file() or (strict and run.returncode not in DONE):
        why = WHY.get(
            run.returncode, f"pytest was ended with {run.returncode}, by a test or from outside"
        )
        raise NoOutcomesError(why, printed)
    found = read(report)
    if strict and RAN.isdisjoint(found.values()):
        why = f"no test ran ({count(found)}). Mend what they lack, or name others"
        raise NoOutcomesError(why, printed)
    return found


def count(outcomes: Outcomes) -> str:
    """Return how many tests have which result."""
    results = Counter(outcomes.values())
    return ", ".join(f"{number} {result}" for result, number in sorted(results.items())) or "none"


def read(report: Path) -> Outcomes:
    """Return the results that a report in JUnit's format holds.

    A test that fails, and then again as it is taken down, stands there twice.
    """
    found: Outcomes = {}
    for case in ET.parse(report).getroot().iter("testcase"):  # noqa: S314 (pytest wrote it)
        name = f"{case.get('classname')}::{case.get('name')}"
        [result] = [RESULTS[child.tag] for child in case if child.tag in RESULTS][:1] or ["passed"]
        found[name] = f"{found[name]}+{result}" if name in found else result
    return found


def differing(stock: Outcomes, patched: Outcomes) -> list[str]:
    """Return the names of the tests whose results differ."""
    names = sorted(stock.keys() | patched.keys())
    return [name for name in names if stock.get(name) != patched.get(name)]


def show(names: list[str], stock: Outcomes, patched: Outcomes) -> None:
    """Print the results of tests on both sides."""
    for name in names:
        print(f"  {stock.get(name, 'missing'):8} {patched.get(name, 'missing'):8} {name}")
