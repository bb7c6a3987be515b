"""Runs the tests that a release of the host carries in its wheel, stock beside patched.

They run as they are, and again with what is broken in them repaired from outside. It ends with 0
if every test has the same result on both sides and, repaired, no fewer pass than are known to.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from dev.outcomes import PYTEST, Outcomes, differing, run_pytest, show
from harness.environments import host_environment, say
from harness.postgres import Postgres
from harness.server import BYPASS_ON, STRICT, host_settings

KNOWN_TO_PASS = {"0.6.36": 9, "0.6.43": 6}
"""How many tests of `test_auths.py` pass, repaired, on the stock host."""

STAND_INS = Path(__file__).with_name("stand_ins")


def outcomes(release: str, folder: Path, *, repaired: bool, with_wheel: bool) -> Outcomes:
    """Return what became of each test."""
    environment = host_environment(version=release, with_wheel=with_wheel)
    environment.pip("install", PYTEST)
    host = environment.site_packages / "open_webui"
    with Postgres() as postgres:
        # A patched host on which the extension is not active would prove nothing.
        settings = host_settings(folder) | BYPASS_ON | STRICT
        settings |= {
            "FROM_INIT_PY": "true",
            "KEYGATE_POSTGRES_SOCKET": f"{postgres.folder}/.s.PGSQL.5432",
            "KEYGATE_REPAIRED": str(repaired).lower(),
            "PYTHONPATH": str(STAND_INS),
        }
        arguments = (
            # The settings of this project's own tests are not theirs.
            *("-c", os.devnull, "--rootdir", str(host)),
            *("-p", "host_tests_plugin", "-p", "no:cacheprovider"),
            str(host / "test" / "apps" / "webui" / "routers"),
        )
        return run_pytest(
            environment,
            folder / "report.xml",
            settings,
            arguments,
            cwd=folder,
            # As they were shipped, none gets further than its setup.
            strict=False,
        )


def main() -> int:
    """Run them all, print both columns, and return whether they agree."""
    good = True
    for release, known in KNOWN_TO_PASS.items():
        for repaired in (False, True):
            state = "repaired" if repaired else "as shipped"
            say(f"The tests in the wheel of Open WebUI {release}, {state} ...")
            with tempfile.TemporaryDirectory(prefix="keygate-host-tests-") as folder:
                stock, patched = (
                    outcomes(
                        release, Path(folder) / side, repaired=repaired, with_wheel=side != "stock"
                    )
                    for side in ("stock", "patched")
                )
            print(f"\nOpen WebUI {release}, {state}")
            show(sorted(stock.keys() | patched.keys()), stock, patched)
            good &= not differing(stock, patched)
            passed = sum(
                result == "passed" for name, result in patched.items() if "test_auths" in name
            )
            print(f"  {passed} tests of test_auths.py pass")
            good &= not repaired or passed >= known
    print("\nSame results on both sides." if good else "\nThe results differ.")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
