"""What a test sees of the installed Open WebUI, and of its own suite."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import pytest

import harness

SUITE = Path(__file__).parents[1]


def test_the_source_is_the_package_that_servers_run() -> None:
    [package] = importlib.util.find_spec("open_webui").submodule_search_locations
    assert Path(package) == Path(os.environ["OPEN_WEBUI_SOURCE_DIR"], "open_webui")
    assert Path(package).is_relative_to(sys.prefix)


def test_the_frontend_is_built() -> None:
    assert Path(os.environ["OPEN_WEBUI_BUILD_DIR"], "index.html").is_file()


def test_the_harness_is_the_one_of_the_suite() -> None:
    assert Path(harness.__file__).parent == SUITE / "harness"


def test_runs_in_the_folder_of_the_suite() -> None:
    assert Path.cwd() == SUITE


def test_packages_are_installed() -> None:
    assert all(map(importlib.util.find_spec, ("pytest_asyncio", "pytest_timeout", "pytest_mock")))


def test_fails_everywhere() -> None:
    assert importlib.util.find_spec("open_webui") is None


@pytest.mark.skip(reason="what it needs is nowhere")
def test_is_skipped_everywhere() -> None:
    raise AssertionError
