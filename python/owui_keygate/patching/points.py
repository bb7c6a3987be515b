"""Patch points: the functions of the host that are replaced, and what the replacements rely on."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeAlias

from fastapi import Depends
from fastapi.routing import APIRoute

from owui_keygate.patching.passing_on import passing_on
from owui_keygate.patching.shapes import Mismatch, find_mismatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import ModuleType

    from owui_keygate.extension import Extension
    from owui_keygate.patching.shapes import Shape

    Replace: TypeAlias = Callable[[Callable[..., Any], ModuleType, Extension], Callable[..., Any]]


@dataclass(frozen=True, slots=True)
class HostFunction:
    """A function of the host that must have a known shape.

    Attributes:
        module: The module it is looked up in.
        name: Its name in that module, dotted for a method.
        shape: What it must look like.
    """

    module: str
    name: str
    shape: Shape

    def __str__(self) -> str:
        """Return the full name."""
        return f"{self.module}.{self.name}"

    def mismatch(self, found: object) -> Mismatch | None:
        """Return how an object differs from the expected function, or None if it fits."""
        return find_mismatch(found, self.shape)


@dataclass(frozen=True, slots=True)
class HostTable:
    """A table of the host. A column that the extension does not know may limit a key.

    Attributes:
        module: The module of the model.
        name: The name of the model in that module.
        columns: The names of the known columns.
        prefix: Only columns whose names begin with this text are compared.
    """

    module: str
    name: str
    columns: frozenset[str]
    prefix: str = ""

    def __str__(self) -> str:
        """Return the full name."""
        return f"{self.module}.{self.name}"

    def mismatch(self, found: Any) -> Mismatch | None:  # noqa: ANN401
        """Return how a model differs from the expected table, or None if it fits."""
        table = getattr(found, "__table__", None)
        if table is None:
            return Mismatch("a table", f"an object of type {type(found).__name__}")
        return self.mismatch_of_columns(table.columns.keys())

    def mismatch_of_columns(self, columns: Iterable[str]) -> Mismatch | None:
        """Return which columns of a model are unknown, or None if all are known."""
        looked_at = {column for column in columns if column.startswith(self.prefix)}
        unknown = looked_at - self.columns
        if not unknown:
            return None
        return Mismatch("a table it knows", f"the new columns {', '.join(sorted(unknown))}")


def _unprepared(original: Callable[..., Any]) -> Callable[..., Any]:
    return original


@dataclass(frozen=True, slots=True)
class PatchPoint(HostFunction):
    """A function of the host that the extension replaces, under the name its module uses.

    Attributes:
        replace: Builds the replacement from the original, its module and the extension.
        relies_on: Functions whose work the replacement does itself, and tables that it reads.
        only_with_bypass: Whether the function is replaced only while the bypass is on.
        prepare: Gives the original another signature, where the replacement needs one.
    """

    replace: Replace
    relies_on: tuple[HostFunction | HostTable, ...] = ()
    only_with_bypass: bool = False
    prepare: Callable[[Callable[..., Any]], Callable[..., Any]] = _unprepared

    def build(
        self, original: Callable[..., Any], module: ModuleType, extension: Extension
    ) -> Callable[..., Any]:
        """Return the replacement; once the extension has stood down, it is the original."""
        prepared = self.prepare(original)
        return passing_on(prepared, self.replace(prepared, module, extension), extension.standing)

    def get(self, module: ModuleType) -> Any:  # noqa: ANN401
        """Return what the module has under the name now, None for nothing."""
        return find(module, self.name)

    def put(self, module: ModuleType, function: Callable[..., Any]) -> None:
        """Put a function in that place."""
        *owner, name = self.name.split(".")
        setattr(attrgetter(".".join(owner))(module) if owner else module, name, function)


@dataclass(frozen=True, slots=True)
class DependencyPoint(PatchPoint):
    """A dependency of FastAPI that is already a default of other functions of the module.

    Attributes:
        dependents: The names of those functions.
    """

    dependents: tuple[str, ...] = ()

    def put(self, module: ModuleType, function: Callable[..., Any]) -> None:
        """Put a function in that place, and into the defaults of the others."""
        present = self.get(module)
        PatchPoint.put(self, module, function)
        for name in self.dependents:
            dependent: Any = getattr(module, name)
            dependent.__defaults__ = tuple(
                Depends(function) if getattr(default, "dependency", None) is present else default
                for default in dependent.__defaults__
            )


@dataclass(frozen=True, slots=True)
class RoutePoint(PatchPoint):
    """The endpoint of a route of the module's `router`, or of its application `app`."""

    def get(self, module: ModuleType) -> Any:  # noqa: ANN401
        """Return the endpoint of that name, None for none."""
        route = self._route(module)
        return None if route is None else route.endpoint

    def put(self, module: ModuleType, function: Callable[..., Any]) -> None:
        """Make a function the endpoint; it has the same name."""
        route = self._route(module)
        # An application that includes the router later makes its route of the first one.
        route.endpoint = route.dependant.call = function

    def _route(self, module: ModuleType) -> Any:  # noqa: ANN401
        routes = (route for route in _routes(module) if route.name == self.name)
        return next(routes, None)


@dataclass(frozen=True, slots=True)
class NewRoute(PatchPoint):
    """A route that the host does not have; `name` is its path.

    `no_route` stands for the missing route: putting it in place removes ours.
    """

    def build(
        self, original: Callable[..., Any], module: ModuleType, extension: Extension
    ) -> Callable[..., Any]:
        """Return the endpoint; there is no original that could answer instead."""
        return self.replace(original, module, extension)

    def get(self, module: ModuleType) -> Any:  # noqa: ANN401
        """Return the endpoint at that path, `no_route` for none."""
        routes = (route for route in _routes(module) if getattr(route, "path", None) == self.name)
        route = next(routes, None)
        return no_route if route is None else getattr(route, "endpoint", None)

    def put(self, module: ModuleType, function: Callable[..., Any]) -> None:
        """Have a function answer GET requests for that path."""
        routes = _routes(module)
        routes[:] = [route for route in routes if getattr(route, "path", None) != self.name]
        if function is not no_route:
            # In front: the host mounts its web page on all that is left.
            routes.insert(0, APIRoute(self.name, function, methods=["GET"], tags=["keygate"]))


def no_route() -> None:
    """Stand for a route that is not there."""


def _routes(module: ModuleType) -> list[Any]:
    router = module.app.router if hasattr(module, "app") else module.router
    routes: list[Any] = router.routes
    return routes


def find(module: ModuleType, name: str) -> Any:  # noqa: ANN401
    """Return what a module has under a name, dotted for a method; None for nothing."""
    try:
        return attrgetter(name)(module)
    except AttributeError:
        return None
