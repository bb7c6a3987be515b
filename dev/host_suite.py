"""Runs the host's external regression suite, stock beside patched, and prints what differs.

SUITE is a checkout of https://github.com/open-webui/tests, or any folder of tests of that shape,
which is no part of this project. It runs three times: on the stock host, with the extension and the
bypass off, and with the bypass on. The extension is in strict mode: where it is not active, Open
WebUI does not start, so that no tests agree for lack of it.

Packages: what its pyproject.toml names ([project] dependencies, and the optional dependencies and
dependency groups dev, test and tests) and its requirements.txt is installed beside copies of the
host that nothing else uses.

Paths: pytest runs in SUITE. Paths count from there; those that lead into SUITE from where you are
work as well: integration/test_x.py, ../tests/integration/test_x.py::test_y.

Environment variables: the suite finds the installed host through OPEN_WEBUI_SOURCE_DIR and
OPEN_WEBUI_BUILD_DIR, and Playwright's browsers where they are by default. Of your own variables it
sees those that begin with OPEN_WEBUI_, OWUI_TEST_ or PLAYWRIGHT_.

Exit codes:
  0  the same tests have the same results on stock and with the bypass off; what differs with the
     bypass on is for people to judge
  1  a test differs while the bypass is off
  2  nothing was compared: an argument is wrong, a package cannot be installed, pytest ended with
     anything but 0 and 1, or on some side no test ran; the text says which, and what to do
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from dev.outcomes import NoOutcomesError, Outcomes, count, differing, run_pytest, show
from dev.suite import Suite
from harness.environments import host_environment, say
from harness.server import BYPASS_ON, STRICT, host_settings

PASSED_ON = ("OPEN_WEBUI_", "OWUI_TEST_", "PLAYWRIGHT_")
SIDES = {
    "stock": ("stock", {}),
    "off": ("with the bypass off", STRICT),
    "on": ("with the bypass on", STRICT | BYPASS_ON),
}
"""What each side is called, and the settings it has."""


def outcomes(suite: Suite, folder: Path, arguments: list[str], side: str) -> Outcomes:
    """Run the suite on one side.

    Raises:
        NoOutcomesError: It did not run.
    """
    name, settings = SIDES[side]
    say(f"The suite on Open WebUI, {name} ...")
    try:
        environment = host_environment(
            with_wheel=side != "stock", purpose=f"suite-{suite.folder.name}", lists=suite.lists
        )
        environment.pip("install", *suite.packages())
    except (subprocess.CalledProcessError, tomllib.TOMLDecodeError) as error:
        why = "the packages of the suite cannot be installed. Mend the lists that name them"
        raise NoOutcomesError(why, str(error)) from error
    host = environment.site_packages / "open_webui"
    settings = {
        "PLAYWRIGHT_BROWSERS_PATH": str(Path.home() / ".cache" / "ms-playwright"),
        **{name: value for name, value in os.environ.items() if name.startswith(PASSED_ON)},
        **host_settings(folder),
        **settings,
        "FROM_INIT_PY": "true",
        "OPEN_WEBUI_BUILD_DIR": str(host / "frontend"),
        "OPEN_WEBUI_SOURCE_DIR": str(host.parent),
    }
    options = ("--rootdir", str(suite.folder), "-p", "no:cacheprovider")
    found = run_pytest(
        environment,
        folder / "report.xml",
        settings,
        (*options, *suite.resolve(arguments, Path.cwd())),
        cwd=suite.folder,
    )
    print(f"{name}: {count(found)}", flush=True)
    return found


def compare(suite: Suite, arguments: list[str]) -> int:
    """Run the suite on all sides, print what differs, and return the exit code."""
    found = {}
    with tempfile.TemporaryDirectory(prefix="keygate-host-suite-") as folder:
        for side, (name, _) in SIDES.items():
            try:
                found[side] = outcomes(suite, Path(folder) / side, arguments, side)
            except NoOutcomesError as error:
                print(f"Nothing is compared: {name}, {error}", file=sys.stderr)
                return 2
    stock = found.pop("stock")
    differ = {side: differing(stock, patched) for side, patched in found.items()}
    for side, names in differ.items():
        total = len(stock.keys() | found[side].keys())
        print(f"\n{len(names)} of {total} tests differ: stock, bypass {side}")
        show(names, stock, found[side])
    return 1 if differ["off"] else 0


def main() -> int:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m dev.host_suite",
        usage="%(prog)s [-h] SUITE [-- PYTEST ARGUMENTS]",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("suite", metavar="SUITE", type=Path, help="the folder of the checkout")
    parser.add_argument("pytest", metavar="PYTEST ARGUMENTS", nargs="*", help="passed on to pytest")
    asked = parser.parse_args()
    if not asked.suite.is_dir():
        parser.error(f"{asked.suite} is no folder: clone the suite, and name where it is")
    return compare(Suite(asked.suite.resolve()), asked.pytest)


if __name__ == "__main__":
    sys.exit(main())
