"""The runner of the host's regression suite, on a small suite of the same shape."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from harness.environments import ROOT, host_environment

if TYPE_CHECKING:
    from pathlib import Path

SMALL_SUITE = ROOT / "tests" / "support" / "small_suite"
SAME = "unit/test_installed.py"
DIFFERS = "unit/test_extension.py"


@pytest.fixture(scope="module")
def small_suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkout") / "small-suite"
    shutil.copytree(SMALL_SUITE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dev.host_suite", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def whole(small_suite: Path) -> subprocess.CompletedProcess[str]:
    """What a run of all tests comes to."""
    return run(small_suite)


def test_the_whole_suite_runs_on_every_side(whole: subprocess.CompletedProcess[str]) -> None:
    assert whole.returncode == 1, whole.stderr
    assert whole.stdout.splitlines() == [
        "stock: 2 failed, 10 passed, 2 skipped",
        "with the bypass off: 3 failed, 8 passed, 3 skipped",
        "with the bypass on: 5 failed, 6 passed, 3 skipped",
        "",
        "2 of 14 tests differ: stock, bypass off",
        "  passed   skipped  unit.test_extension::test_runs_only_on_stock",
        "  passed   failed   unit.test_extension::test_the_extension_is_not_installed",
        "",
        "4 of 14 tests differ: stock, bypass on",
        "  passed   failed   integration.test_keys::test_no_key_works_while_keys_are_off",
        "  passed   skipped  unit.test_extension::test_runs_only_on_stock",
        "  passed   failed   unit.test_extension::test_the_bypass_is_off",
        "  passed   failed   unit.test_extension::test_the_extension_is_not_installed",
    ]


@pytest.mark.usefixtures("whole")
def test_a_run_leaves_nothing_behind(small_suite: Path) -> None:
    def files(folder: Path) -> set[Path]:
        found = {path.relative_to(folder) for path in folder.rglob("*")}
        return {path for path in found if "__pycache__" not in path.parts}

    assert files(small_suite) == files(SMALL_SUITE)
    assert not list(small_suite.rglob("__pycache__"))
    for with_wheel in (False, True):
        environment = host_environment(with_wheel=with_wheel)
        assert not list(environment.site_packages.glob("pytest*"))


def test_what_differs_with_the_bypass_on_fails_nothing(small_suite: Path) -> None:
    found = run(small_suite, "--", DIFFERS, "-k", "bypass")
    assert found.returncode == 0, found.stderr
    assert "0 of 1 tests differ: stock, bypass off" in found.stdout
    assert "1 of 1 tests differ: stock, bypass on" in found.stdout


def test_no_tests_agree_because_the_extension_is_not_active(
    small_suite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OWUI_TEST_REPLACES_THE_CHECK", "true")
    found = run(small_suite, "--", "integration/test_keys.py", "-k", "fails_everywhere")
    assert found.returncode == 2, found.stdout
    assert "with the bypass off, no test ran (1 error)" in found.stderr


@pytest.mark.parametrize("prefix", ["", "{suite}/"])
def test_paths_count_from_the_suite_and_from_the_caller(small_suite: Path, prefix: str) -> None:
    suite = os.path.relpath(small_suite, ROOT)
    path = prefix.format(suite=suite) + SAME
    found = run(suite, "--", f"{path}::test_the_frontend_is_built")
    assert found.returncode == 0, found.stderr
    assert found.stdout.count("0 of 1 tests differ") == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-k", "nothing_has_this_name"], "stock, pytest found no test. Name others"),
        ([SAME, "-k", "skipped"], "stock, no test ran (1 skipped)"),
        ([DIFFERS, "-k", "only"], "with the bypass off, no test ran (1 skipped)"),
        (["unit/test_missing.py"], "stock, pytest does not know an option, a path"),
        (["--no-such-option"], "unrecognized arguments: --no-such-option"),
    ],
)
def test_a_run_of_no_test_ends_it_with_2(
    small_suite: Path, arguments: list[str], said: str
) -> None:
    found = run(small_suite, "--", *arguments)
    assert found.returncode == 2, found.stdout
    assert said in found.stderr
    assert "Nothing is compared: " in found.stderr
    assert "tests differ" not in found.stdout


def test_packages_that_cannot_be_installed_end_it_with_2(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("./no-such-package\n")
    found = run(tmp_path)
    assert found.returncode == 2, found.stdout
    assert "stock, the packages of the suite cannot be installed" in found.stderr
    assert "no-such-package" in found.stderr


def test_a_missing_suite_ends_it_with_2(tmp_path: Path) -> None:
    found = run(tmp_path / "missing")
    assert found.returncode == 2
    assert "is no folder" in found.stderr
