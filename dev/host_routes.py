"""The routes of a release of the host, read from its source without running it.

What `open_webui/main.py` and the routers it includes declare at module level is read from their
syntax trees. A declaration that cannot be understood is an error and not left out, so that a new
way of declaring a route is noticed.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from owui_keygate.settings.routes import EVERY_METHOD, Route, mounted, read_table, template_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

METHODS = {"delete", "get", "head", "options", "patch", "post", "put", "trace"}
OTHER_DECORATORS = {"exception_handler", "middleware", "on_event", "websocket"}
"""What else an application or a router decorates with; none of it is a route of HTTP."""

PAGES = {"docs_url": ("", "/oauth2-redirect"), "openapi_url": ("",), "redoc_url": ("",)}
"""What FastAPI adds by itself, by the parameter that says where."""


class UnreadableError(Exception):
    """A declaration that this reader does not understand; the message says where."""


@dataclass
class _Module:
    """A module of the host.

    Attributes:
        file: Where it is.
        tree: Its syntax tree.
        constants: The values of the names that are set to a literal.
        names: What is imported from where: a module, and perhaps a name in it.
    """

    file: Path
    tree: ast.Module
    constants: dict[str, Any] = field(default_factory=dict)
    names: dict[str, tuple[str, str]] = field(default_factory=dict)


def routes_of(packages: Path) -> set[Route]:
    """Return the routes of the application, those under an `if` included.

    Args:
        packages: The folder that holds the package `open_webui`.

    Raises:
        UnreadableError: A declaration is not understood.
    """
    return set(_declared(packages, _read(packages, "open_webui.main"), "app", ""))


def _declared(packages: Path, module: _Module, name: str, prefix: str) -> Iterator[Route]:
    """Yield what is declared on the application or router of that name in a module."""
    for statement in _statements(module.tree.body):
        decorators = getattr(statement, "decorator_list", [])
        value = getattr(statement, "value", None)
        for call in [*decorators, value]:
            if isinstance(call, ast.Call):
                yield from _from_call(packages, module, name, prefix, call)


def _from_call(
    packages: Path, module: _Module, name: str, prefix: str, call: ast.Call
) -> Iterator[Route]:
    function = call.func
    if isinstance(function, ast.Name) and function.id == "FastAPI":
        yield from _pages(module, call)
        return
    if not (isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name)):
        return
    if function.value.id != name:
        return
    if function.attr in METHODS:
        yield Route(function.attr.upper(), template_of(prefix + _path(module, call)))
    elif function.attr == "api_route":
        for method in _literal(module, _argument(call, "methods")):
            yield Route(method, template_of(prefix + _path(module, call)))
    elif function.attr == "mount":
        yield Route(EVERY_METHOD, mounted(prefix + _path(module, call)))
    elif function.attr == "include_router":
        below = _argument(call, "prefix")
        below_prefix = prefix + (_literal(module, below) if below is not None else "")
        included, router = _router(packages, module, call.args[0])
        yield from _declared(packages, included, router, below_prefix)
    elif function.attr not in OTHER_DECORATORS and "route" in function.attr:
        raise _unreadable(module, call)


def _pages(module: _Module, call: ast.Call) -> Iterator[Route]:
    for parameter, endings in PAGES.items():
        value = _argument(call, parameter)
        path = _literal(module, value.body if isinstance(value, ast.IfExp) else value)
        for ending in endings if path is not None else ():
            yield Route("GET", path + ending)
            yield Route("HEAD", path + ending)


def _router(packages: Path, module: _Module, where: ast.expr) -> tuple[_Module, str]:
    """Return the module and the name of a router that is included as `users.router`."""
    if isinstance(where, ast.Attribute) and isinstance(where.value, ast.Name):
        package, name = module.names.get(where.value.id, ("", ""))
        if package:
            return _read(packages, f"{package}.{name}"), where.attr
    raise _unreadable(module, where)


def _read(packages: Path, name: str) -> _Module:
    place = packages.joinpath(*name.split("."))
    file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    module = _Module(file, ast.parse(file.read_text(encoding="utf-8")))
    for statement in _statements(module.tree.body):
        if isinstance(statement, ast.ImportFrom) and statement.module:
            for alias in statement.names:
                module.names[alias.asname or alias.name] = (statement.module, alias.name)
        elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            try:
                module.constants[statement.targets[0].id] = ast.literal_eval(statement.value)
            except ValueError:
                continue  # Most are no literals, and no path is made of them.
    return module


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of a module, and those under its `if`, `try` and `with`."""
    for statement in body:
        yield statement
        if isinstance(statement, (ast.If, ast.Try, ast.With)):
            for part in ("body", "orelse", "finalbody"):
                yield from _statements(getattr(statement, part, []))


def _path(module: _Module, call: ast.Call) -> str:
    return str(_literal(module, call.args[0] if call.args else _argument(call, "path")))


def _argument(call: ast.Call, name: str) -> ast.expr | None:
    return next((keyword.value for keyword in call.keywords if keyword.arg == name), None)


def _literal(module: _Module, value: ast.expr | None) -> Any:  # noqa: ANN401 (any literal)
    if isinstance(value, ast.Name) and value.id in module.constants:
        return module.constants[value.id]
    try:
        return ast.literal_eval(value or ast.Constant(None))
    except ValueError as error:
        raise _unreadable(module, value) from error


def _unreadable(module: _Module, node: ast.AST | None) -> UnreadableError:
    line = getattr(node, "lineno", "?")
    return UnreadableError(f"{module.file.name}, line {line}: a route that is not understood")


def known_of(release: str) -> set[Route]:
    """Return the routes that the table has of a release that was tried."""
    number = tuple(map(int, release.split(".")))
    return {row.route for row in read_table() if row.is_of(number)}
