"""What a suite of others names, and where the paths in arguments for it lead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dev.outcomes import PYTEST
from dev.suite import Suite

if TYPE_CHECKING:
    from pathlib import Path

PYPROJECT = """
[project]
name = "suite"
version = "1"
dependencies = ["httpx"]
[project.optional-dependencies]
docs = ["sphinx"]
test = ["pgserver"]
[dependency-groups]
lint = ["ruff"]
dev = ["coverage"]
"""


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    folder = tmp_path / "tests"
    (folder / "integration" / "auth").mkdir(parents=True)
    (folder / "integration" / "test_x.py").touch()
    return Suite(folder)


@pytest.fixture
def caller(tmp_path: Path) -> Path:
    folder = tmp_path / "our" / "project"
    (folder / "integration").mkdir(parents=True)
    (folder / "integration" / "test_ours.py").touch()
    return folder


def test_a_suite_that_names_nothing_gets_the_pinned_pytest(suite: Suite) -> None:
    assert suite.lists == []
    assert suite.packages() == [PYTEST]


def test_all_its_lists_count(suite: Suite) -> None:
    pyproject, requirements = (
        suite.folder / name for name in ("pyproject.toml", "requirements.txt")
    )
    pyproject.write_text(PYPROJECT)
    requirements.write_text("playwright\n")
    assert suite.lists == [pyproject, requirements]
    assert suite.packages() == [
        "pytest",
        *("--requirement", str(pyproject), "--extra=test", f"--group={pyproject}:dev"),
        *("--requirement", str(requirements)),
    ]


def test_groups_count_without_a_project(suite: Suite) -> None:
    pyproject = suite.folder / "pyproject.toml"
    pyproject.write_text('[dependency-groups]\ntests = ["httpx"]\n')
    assert suite.packages() == ["pytest", f"--group={pyproject}:tests"]


def test_settings_alone_name_no_package(suite: Suite) -> None:
    (suite.folder / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
    assert suite.packages() == [PYTEST]


@pytest.mark.parametrize(
    ("argument", "resolved"),
    [
        ("../../tests/integration/test_x.py", "{suite}/integration/test_x.py"),
        (
            "../../tests/integration/test_x.py::test[a::b]",
            "{suite}/integration/test_x.py::test[a::b]",
        ),
        ("../../tests/", "{suite}"),
        ("--ignore=../../tests/integration", "--ignore={suite}/integration"),
    ],
)
def test_a_path_from_the_caller_leads_into_the_suite(
    suite: Suite, caller: Path, argument: str, resolved: str
) -> None:
    assert suite.resolve([argument], caller) == [resolved.format(suite=suite.folder)]


@pytest.mark.parametrize(
    "argument",
    [
        "integration/test_x.py",
        "integration/test_x.py::test_y",
        "integration/test_ours.py",
        "../project/integration/test_ours.py",
        "../tests/integration/test_x.py",
        "../../tests/integration/test_missing.py",
        "-k",
        "tests",
        "a/b or c",
        "",
        "::test",
        "--ignore=integration/auth",
        "/dev/null",
    ],
)
def test_everything_else_stays_as_it_is(suite: Suite, caller: Path, argument: str) -> None:
    assert suite.resolve([argument], caller) == [argument]


def test_a_name_stays_a_name_for_a_caller_in_the_suite(suite: Suite) -> None:
    assert suite.resolve(["-k", "auth"], suite.folder / "integration") == ["-k", "auth"]
