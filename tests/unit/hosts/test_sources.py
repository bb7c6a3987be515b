"""What is read from the source files of a host."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from owui_keygate.hosts import GENERATIONS
from owui_keygate.hosts.sources import Sources, functions
from owui_keygate.patching.points import HostFunction, HostTable, NewRoute
from owui_keygate.patching.shapes import Shape

if TYPE_CHECKING:
    from pathlib import Path

    from owui_keygate.hosts.generation import Generation

CHECK = HostFunction("host.auth", "Keys.check", Shape(("self", "key"), is_async=False))
TABLE = HostTable("host.auth", "Key", frozenset({"id"}))
FITTING = "class Keys:\n    def check(self, key): ...\nclass Key:\n    id = Column(Text)\n"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """The file of the host's module."""
    file = tmp_path / "host" / "auth.py"
    file.parent.mkdir()
    return file


@pytest.mark.parametrize(
    ("text", "of_check", "of_table"),
    [
        (FITTING, None, None),
        (
            FITTING.replace("key)", "key, db)"),
            "expected the parameters (self, key), found (self, key, db)",
            None,
        ),
        (
            FITTING + "    scope = Column(Text)\n",
            None,
            "expected a table it knows, found the new columns scope",
        ),
        ("", "it is not there", "it is not there"),
        ("class Keys", *["its module cannot be read: SyntaxError"] * 2),
    ],
)
def test_the_faults(source: Path, text: str, of_check: str | None, of_table: str | None) -> None:
    source.write_text(text)
    sources = Sources(source.parents[1])
    assert (sources.fault(CHECK), sources.fault(TABLE)) == (of_check, of_table)


def test_what_is_no_text_cannot_be_read(source: Path) -> None:
    source.write_bytes(b"\xff")
    fault = "its module cannot be read: UnicodeDecodeError"
    assert Sources(source.parents[1]).fault(CHECK) == fault


def test_a_module_that_is_not_there(tmp_path: Path) -> None:
    assert Sources(tmp_path).fault(CHECK) == "its module is not there"


def test_the_annotations_of_a_module_are_its_own(source: Path) -> None:
    """They are evaluated in it unless it says otherwise, and are then names in its code."""
    source.write_text("def check(key):\n    class Local:\n        scope: one.Scope\n")
    shape = Shape(("key",), is_async=False, vocabulary=frozenset())
    fault = Sources(source.parents[1]).fault(HostFunction("host.auth", "check", shape))
    assert fault is not None
    assert "Scope" in re.split("[ ,]+", fault)


@pytest.mark.parametrize("generation", GENERATIONS, ids=lambda generation: str(generation.first))
def test_every_function_but_a_new_route_is_looked_at(generation: Generation) -> None:
    looked_at = set(functions(generation))
    for point in generation.patch_points:
        assert (point in looked_at) is not isinstance(point, NewRoute)
        assert looked_at.issuperset(point.relies_on)
