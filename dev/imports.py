"""Draws what imports what in the package, and fails where an import leads back up.

`python -m dev.imports` compares with docs/imports.md and ends with 1 on a circle, on an import
against the order below, or if the page is old. `python -m dev.imports --write` writes the page.
Imports within functions count, and so do those for type checkers.
"""

from __future__ import annotations

import argparse
import sys
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from unittest.mock import patch

import grimp

from harness.environments import ROOT

PACKAGE = "owui_keygate"
ORDER = (
    "asgi",
    "commands",
    "startup",
    "report",
    "installation",
    "hosts",
    "replacements",
    "patching",
    "extension",
    "recording",
    "audit",
    "settings",
    "readers",
    "instants",
    "unsure",
    "panics",
)
"""The parts of the package, from the top down: each imports only what stands below it."""
PAGE = ROOT / "docs" / "imports.md"
_INTRODUCTION = """\
# What imports what

`make imports` writes this page. An arrow from A to B says that A imports B; those that follow
from others are left out. `make lint` fails if one leads up, or if modules import each other in a
circle.

"""


def find_imports() -> dict[str, set[str]]:
    """Return for each module of the package, as it is in python/, which others it imports."""
    # The start-up file has imported the installed package, which grimp would find first.
    with patch.dict(sys.modules), patch.object(sys, "path", [str(ROOT / "python"), *sys.path]):
        sys.modules.pop(PACKAGE, None)
        graph = grimp.build_graph(PACKAGE, exclude_type_checking_imports=False, cache_dir=None)
    found = {name: graph.find_modules_directly_imported_by(name) for name in graph.modules}
    return {
        name: {each for each in imported if each.startswith(f"{PACKAGE}.")}
        for name, imported in found.items()
    }


def part_of(module: str) -> str:
    """Return the part of the package that a module belongs to; the root's is its own name."""
    return f"{module}.".split(".")[1] or module


def circle(imports: dict[str, set[str]]) -> list[str]:
    """Return the modules of a circle, nothing if there is none."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def faults(imports: dict[str, set[str]]) -> list[str]:
    """Return a line for each import that must not be."""
    ranks = {part: rank for rank, part in enumerate((PACKAGE, *ORDER))}
    unknown = {part_of(name) for name in imports} - set(ranks)
    lines = [f"{part} has no place in ORDER of dev/imports.py" for part in sorted(unknown)]
    lines += [
        f"{name} imports {each}, which stands above it"
        for name, imported in sorted(imports.items())
        for each in sorted(imported)
        if ranks.get(part_of(name), 0) > ranks.get(part_of(each), len(ranks))
    ]
    found = circle(imports)
    return lines + ([f"a circle: {' -> '.join(reversed(found))}"] if found else [])


def arrows(imports: dict[str, set[str]]) -> list[tuple[str, str]]:
    """Return which parts import which, without what follows from the others."""
    direct: dict[str, set[str]] = {part: set() for part in ORDER}
    for name, imported in imports.items():
        if part_of(name) in direct:
            direct[part_of(name)] |= {part_of(each) for each in imported} - {part_of(name)}
    reached: dict[str, set[str]] = {}
    for part in reversed(ORDER):
        reached[part] = direct[part].union(*(reached.get(each, set()) for each in direct[part]))
    return [
        (part, each)
        for part in ORDER
        for each in ORDER
        if each in direct[part]
        and not any(each in reached.get(other, set()) for other in direct[part] - {each})
    ]


def page(imports: dict[str, set[str]]) -> str:
    """Return docs/imports.md; invisible links keep the parts in their order."""
    lines = ["```mermaid", "flowchart TD"]
    drawn = arrows(imports)
    lines += [f"    {part} --> {each}" for part, each in drawn]
    lines += [f"    {a} ~~~ {b}" for a, b in pairwise(ORDER) if (a, b) not in drawn]
    return _INTRODUCTION + "\n".join([*lines, "```"]) + "\n"


def main() -> int:
    """Check, and write the page if that is asked for."""
    parser = argparse.ArgumentParser(prog="python -m dev.imports", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write docs/imports.md")
    asked = parser.parse_args()
    imports = find_imports()
    lines = faults(imports)
    if asked.write:
        PAGE.write_text(page(imports))
    elif not PAGE.is_file() or PAGE.read_text() != page(imports):
        lines.append("docs/imports.md is old: run `make imports`")
    print("\n".join(lines or [f"{len(imports)} modules, no import leads back up"]))
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
