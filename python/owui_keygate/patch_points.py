"""Where the host is patched: the functions that are replaced, and those that are relied on."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Protocol

from fastapi import Depends

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from owui_keygate._native import Policy
    from owui_keygate.readers.choice import Choice
    from owui_keygate.shapes import Shape


class Place(Protocol):
    """What a replacement may ask of the installation it belongs to.

    Attributes:
        policy: The decision.
        reader: To be set to how the database is read.
    """

    policy: Policy
    reader: Choice | None

    def announce(self) -> None:
        """Log that the extension is in place, and how."""


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


@dataclass(frozen=True, slots=True)
class PatchPoint(HostFunction):
    """A function of the host that is replaced; its module looks it up by this name.

    Attributes:
        replace: Builds the replacement from the original, its module and the installation.
        relies_on: Functions that are not replaced, but whose work the replacement does itself.
    """

    replace: Callable[[Callable[..., Any], ModuleType, Place], Callable[..., Any]]
    relies_on: tuple[HostFunction, ...] = ()

    def get(self, module: ModuleType) -> Any:  # noqa: ANN401
        """Return what stands there now, None for nothing."""
        return find(module, self.name)

    def put(self, module: ModuleType, function: Callable[..., Any]) -> None:
        """Put a function there."""
        *owner, name = self.name.split(".")
        setattr(attrgetter(".".join(owner))(module) if owner else module, name, function)


@dataclass(frozen=True, slots=True)
class DependencyPoint(PatchPoint):
    """A dependency of FastAPI that other functions of the module have as a default already.

    Attributes:
        dependents: The names of those functions.
    """

    dependents: tuple[str, ...] = ()

    def put(self, module: ModuleType, function: Callable[..., Any]) -> None:
        """Put a function there, and into the defaults of the others."""
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
    """The endpoint of a route of the module's `router`, which an application includes later."""

    def get(self, module: ModuleType) -> Any:  # noqa: ANN401
        """Return the endpoint of that name, None for none."""
        route = self._route(module)
        return None if route is None else route.endpoint

    def put(self, module: ModuleType, function: Callable[..., Any]) -> None:
        """Make a function the endpoint; it has the same name."""
        self._route(module).endpoint = function

    def _route(self, module: ModuleType) -> Any:  # noqa: ANN401
        routes = (route for route in module.router.routes if route.name == self.name)
        return next(routes, None)


def find(module: ModuleType, name: str) -> Any:  # noqa: ANN401
    """Return what a module has under a name, dotted for a method; None for nothing."""
    try:
        return attrgetter(name)(module)
    except AttributeError:
        return None
