"""The runner of the host's regression suite, on a small suite of the same shape."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from harness.environments import ROOT

if TYPE_CHECKING:
    from pathlib import Path

CONFTEST = """
import os, sys
import pytest

@pytest.fixture(scope="session")
def source():
    sys.path.insert(0, os.environ["OPEN_WEBUI_SOURCE_DIR"])
    import open_webui
    return os.path.dirname(open_webui.__file__)
"""
TESTS = """
import importlib.util, os

def test_same_source(source):
    assert source == os.path.join(os.environ["OPEN_WEBUI_SOURCE_DIR"], "open_webui")

def test_same_build():
    assert os.path.isfile(os.path.join(os.environ["OPEN_WEBUI_BUILD_DIR"], "index.html"))

def test_same_failure():
    assert False

def test_differs_where_the_package_is_installed():
    assert importlib.util.find_spec("owui_keygate") is None

def test_bypass_is_off():
    assert os.environ.get("ENABLE_ADMIN_API_KEY_BYPASS") != "true"
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    folder = tmp_path / "suite"
    folder.mkdir()
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_sample.py").write_text(TESTS)
    return folder


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dev.host_suite", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_what_is_the_same_is_not_printed(suite: Path) -> None:
    found = run(suite, "--", "-k", "same")
    assert found.returncode == 0, found.stderr
    assert found.stdout.count("0 of 3 tests differ") == 2


def test_what_differs_with_the_bypass_on_is_printed_and_fails_nothing(suite: Path) -> None:
    found = run(suite, "--", "-k", "same or bypass")
    assert found.returncode == 0, found.stderr
    assert "0 of 4 tests differ: stock, bypass off" in found.stdout
    assert "1 of 4 tests differ: stock, bypass on" in found.stdout
    assert "passed   failed   test_sample::test_bypass_is_off" in found.stdout


def test_what_differs_with_the_bypass_off_ends_it_with_1(suite: Path) -> None:
    found = run(suite, "--", "-k", "differs")
    assert found.returncode == 1, found.stderr
    assert "test_differs_where_the_package_is_installed" in found.stdout


def test_a_suite_that_cannot_run_ends_it_with_2(suite: Path) -> None:
    assert run(suite, "--", "--no-such-option").returncode == 2
    missing = run(suite / "missing")
    assert missing.returncode == 2
    assert "is no folder" in missing.stderr
