"""Whether a host fits, read from its source files: nothing of it is imported."""

from __future__ import annotations

import ast
from types import CodeType
from typing import TYPE_CHECKING

from owui_keygate.patching.points import HostTable, NewRoute
from owui_keygate.patching.shapes import find_mismatch_of_code

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from owui_keygate.hosts.generation import Generation
    from owui_keygate.patching.points import HostFunction


def functions(generation: Generation) -> Iterator[HostFunction | HostTable]:
    """Yield what a generation replaces and relies on; a new route has nothing in its place."""
    for point in generation.patch_points:
        if isinstance(point, NewRoute):
            continue
        yield point
        yield from point.relies_on


def file_of(function: HostFunction | HostTable, packages: Path) -> Path:
    """Return the source file of the module that a function or a table is in."""
    return packages.joinpath(*function.module.split(".")).with_suffix(".py")


class Sources:
    """The source files of a host. Each is compiled once, and read as it was then.

    Args:
        packages: The folder that contains the package `open_webui`.
    """

    def __init__(self, packages: Path) -> None:
        self._packages = packages
        self._compiled: dict[Path, CodeType] = {}

    def fault(self, function: HostFunction | HostTable) -> str | None:
        """Return why a function does not fit, None where it does.

        Args:
            function: The function and the shape it must have, or a table and its columns.
        """
        file = file_of(function, self._packages)
        if not file.is_file():
            return "its module is not there"
        try:
            if isinstance(function, HostTable):
                return _fault_of_table(function, file)
            return _fault_of_function(function, self._code(file))
        except (OSError, SyntaxError, ValueError) as error:
            return f"its module cannot be read: {type(error).__name__}"

    def _code(self, file: Path) -> CodeType:
        if file not in self._compiled:
            text = file.read_text(encoding="utf-8")
            self._compiled[file] = compile(text, file.name, "exec", dont_inherit=True)
        return self._compiled[file]


def _fault_of_function(function: HostFunction, code: CodeType) -> str | None:
    for name in function.name.split("."):
        found = [c for c in code.co_consts if isinstance(c, CodeType) and c.co_name == name]
        if not found:
            return None if name == "__call__" else "it is not there"
        code = found[-1]
    mismatch = find_mismatch_of_code(code, function.shape)
    return None if mismatch is None else str(mismatch)


def _fault_of_table(table: HostTable, file: Path) -> str | None:
    body = ast.parse(file.read_text(encoding="utf-8")).body
    models = (node for node in body if isinstance(node, ast.ClassDef))
    model = next((model for model in models if model.name == table.name), None)
    if model is None:
        return "it is not there"
    columns = [
        target.id
        for node in model.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        for target in node.targets
        if isinstance(target, ast.Name)
    ]
    mismatch = table.mismatch_of_columns(columns)
    return None if mismatch is None else str(mismatch)
