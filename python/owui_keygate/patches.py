"""Puts replacements in the place of the host's functions, and takes them out again."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Protocol

from owui_keygate.shapes import find_mismatch

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from owui_keygate._native import Policy
    from owui_keygate.readers.choice import Choice
    from owui_keygate.shapes import Shape


class HostDoesNotFitError(Exception):
    """The host is not one the extension knows; the message says what was expected and found."""


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
    """A function of the host that is replaced; its module looks it up by this global name.

    Attributes:
        replace: Builds the replacement from the original, its module and the installation.
        relies_on: Functions that are not replaced, but whose work the replacement does itself.
    """

    replace: Callable[[Callable[..., Any], ModuleType, Place], Callable[..., Any]]
    relies_on: tuple[HostFunction, ...] = ()


@dataclass(frozen=True, slots=True)
class _Applied:
    module: ModuleType
    original: Callable[..., Any]
    replacement: Callable[..., Any]


class Patches:
    """The patch points that are applied in this process."""

    def __init__(self) -> None:
        self._applied: dict[PatchPoint, _Applied] = {}

    def apply(self, point: PatchPoint, module: ModuleType, place: Place) -> None:
        """Replace the function at a patch point; where that is done already, do nothing.

        Raises:
            HostDoesNotFitError: It, or what it relies on, does not have the expected shape.
        """
        if self.is_applied(point):
            return
        original = _check(point, getattr(module, point.name, None))
        for function in point.relies_on:
            _check(function, _look_up(function))
        replacement = point.replace(original, module, place)
        setattr(module, point.name, replacement)
        self._applied[point] = _Applied(module, original, replacement)

    def is_applied(self, point: PatchPoint) -> bool:
        """Whether the replacement stands at the patch point now."""
        applied = self._applied.get(point)
        return applied is not None and (
            getattr(applied.module, point.name, None) is applied.replacement
        )

    def revert(self) -> None:
        """Put the host's functions back wherever the replacement is still ours."""
        for point, applied in self._applied.items():
            if self.is_applied(point):
                setattr(applied.module, point.name, applied.original)
        self._applied.clear()


def _look_up(function: HostFunction) -> object:
    try:
        return attrgetter(function.name)(importlib.import_module(function.module))
    except (ImportError, AttributeError):
        return None


def _check(point: HostFunction, function: Any) -> Callable[..., Any]:  # noqa: ANN401
    mismatch = find_mismatch(function, point.shape)
    if mismatch is not None:
        message = f"{point}: {mismatch}"
        raise HostDoesNotFitError(message)
    found: Callable[..., Any] = function
    return found
