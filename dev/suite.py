"""A suite of tests that others wrote: the packages it names, and the paths in it."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dev.outcomes import PYTEST

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

TESTS_NEED = ("dev", "test", "tests")
"""The optional dependencies and the dependency groups that hold what tests need."""

_WITH_PATH = re.compile(r"(?P<option>(--[a-z-]+=)?)(?P<path>[^:]*/[^:]*)(?P<test>(::.*)?)")
"""An argument with a path in it: `../tests/test_x.py::test_y`, `--ignore=../tests/e2e`."""


@dataclass(frozen=True)
class Suite:
    """A suite.

    Args:
        folder: An absolute path.
    """

    folder: Path

    @property
    def lists(self) -> list[Path]:
        """The files that name its packages."""
        files = (self.folder / name for name in ("pyproject.toml", "requirements.txt"))
        return [file for file in files if file.is_file()]

    def packages(self) -> list[str]:
        """Return the arguments for `pip install` by which all its packages are installed.

        Raises:
            tomllib.TOMLDecodeError: Its `pyproject.toml` cannot be read.
        """
        found = []
        for file in self.lists:
            if file.suffix == ".toml":
                found += _named_in(file)
            else:
                found += ["--requirement", str(file)]
        # A suite that names no version of pytest gets the newest that its plugins can work with.
        return ["pytest", *found] if found else [PYTEST]

    def resolve(self, arguments: Sequence[str], caller: Path) -> list[str]:
        """Return arguments for pytest, which runs in the folder of the suite.

        A path counts from there, or from the caller's folder if it leads into the suite.
        """
        return [self._resolve(argument, caller) for argument in arguments]

    def _resolve(self, argument: str, caller: Path) -> str:
        found = _WITH_PATH.fullmatch(argument)
        if found is None or (self.folder / found["path"]).exists():
            return argument
        path = (caller / found["path"]).resolve()
        if not path.exists() or not path.is_relative_to(self.folder):
            return argument
        return f"{found['option']}{path}{found['test']}"


def _named_in(pyproject: Path) -> list[str]:
    content = tomllib.loads(pyproject.read_text("utf-8"))
    found = []
    project = content.get("project", {})
    if project:
        found += ["--requirement", str(pyproject)]
        extras = project.get("optional-dependencies", {})
        found += [f"--extra={name}" for name in TESTS_NEED if name in extras]
    groups = content.get("dependency-groups", {})
    return found + [f"--group={pyproject}:{name}" for name in TESTS_NEED if name in groups]
