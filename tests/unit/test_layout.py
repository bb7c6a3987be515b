"""The layout of the tests: what several of them need stands in tests/support/, never in a test."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def imported(source: str) -> set[str]:
    """Return every dotted name that a module imports, the names it takes from others included."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            found |= {module} | {f"{module}.{alias.name}" for alias in node.names}
    return found


def is_test(name: str) -> bool:
    """Whether a name is that of a test module, or of something in one."""
    return any(part == "conftest" or part.startswith("test_") for part in name.split("."))


def imports_below(folder: str) -> dict[str, set[str]]:
    """Return what each module of a folder imports."""
    files = sorted((ROOT / folder).rglob("*.py"))
    return {str(file.relative_to(ROOT)): imported(file.read_text("utf-8")) for file in files}


def test_no_test_imports_another() -> None:
    modules = imports_below("tests")
    assert len(modules) > 60
    assert {
        file: bad for file, names in modules.items() if (bad := set(filter(is_test, names)))
    } == {}


def test_the_kit_imports_neither_commands_nor_tests() -> None:
    modules = imports_below("harness")
    assert len(modules) > 5
    tops = {name.partition(".")[0] for names in modules.values() for name in names}
    assert tops.isdisjoint({"dev", "tests"})


@pytest.mark.parametrize(
    "statement",
    [
        "from tests.live.test_startup import answers",
        "import tests.live.test_startup as startup",
        "from tests.live import test_startup",
        "from tests.live.conftest import World",
        "from .conftest import World",
        "from . import test_startup",
        "def f():\n    from tests.live.test_startup import answers",
    ],
)
def test_an_import_of_a_test_is_seen(statement: str) -> None:
    assert any(map(is_test, imported(statement)))


def test_what_a_test_may_import_is_not() -> None:
    allowed = "from tests.support.world import World\nfrom tests.live.in_host import asking"
    assert not any(map(is_test, imported(allowed)))
