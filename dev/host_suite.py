"""Runs the host's external regression suite, stock beside patched, and prints what differs.

    python -m dev.host_suite SUITE [-- PYTEST ARGUMENTS]

SUITE is a checkout of https://github.com/open-webui/tests, or any folder of tests of that shape,
which is no part of this project. The suite finds the installed host through OPEN_WEBUI_SOURCE_DIR
and OPEN_WEBUI_BUILD_DIR. It runs three times: on the stock host, with the extension and the bypass
off, and with the bypass on. It ends with 1 if a test differs while the bypass is off; what differs
while it is on is for people to judge. A suite that cannot run ends it with 2.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from dev.outcomes import PYTEST, NoReportError, Outcomes, differing, run_pytest, show
from harness.environments import host_environment, say
from harness.server import BYPASS_ON, host_settings

REQUIREMENTS = "requirements.txt"


def outcomes(
    suite: Path, folder: Path, arguments: list[str], settings: dict[str, str], *, with_wheel: bool
) -> Outcomes:
    """Run the suite on one side."""
    environment = host_environment(with_wheel=with_wheel)
    requirements = suite / REQUIREMENTS
    wanted = ("--requirement", requirements) if requirements.is_file() else ()
    environment.pip("install", PYTEST, *wanted)
    host = environment.site_packages / "open_webui"
    settings = {
        **host_settings(folder),
        **settings,
        "FROM_INIT_PY": "true",
        "OPEN_WEBUI_BUILD_DIR": str(host / "frontend"),
        "OPEN_WEBUI_SOURCE_DIR": str(host.parent),
    }
    rootdir = ("--rootdir", str(suite), "-p", "no:cacheprovider")
    return run_pytest(environment, folder, settings, (*rootdir, str(suite), *arguments))


def main() -> int:
    """Run the suite on all sides."""
    parser = argparse.ArgumentParser(
        prog="python -m dev.host_suite",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("suite", type=Path, help="the folder of the checkout")
    parser.add_argument("pytest", nargs="*", help="arguments for pytest, after --")
    asked = parser.parse_args()
    if not asked.suite.is_dir():
        parser.error(f"{asked.suite} is no folder: clone the suite, and name where it is")
    suite = asked.suite.resolve()
    differ = {}
    try:
        with tempfile.TemporaryDirectory(prefix="keygate-host-suite-") as folder:
            say("The suite on the stock host ...")
            stock = outcomes(suite, Path(folder) / "stock", asked.pytest, {}, with_wheel=False)
            for state, settings in (("off", {}), ("on", BYPASS_ON)):
                say(f"The suite with the bypass {state} ...")
                found = outcomes(
                    suite, Path(folder) / state, asked.pytest, settings, with_wheel=True
                )
                differ[state] = differing(stock, found)
                print(f"\n{len(differ[state])} of {len(stock)} tests differ: stock, bypass {state}")
                show(differ[state], stock, found)
    except NoReportError as error:
        print(f"The suite cannot run:\n{error}", file=sys.stderr)
        return 2
    return 1 if differ["off"] else 0


if __name__ == "__main__":
    sys.exit(main())
