"""Puts replacements in the place of the host's functions, and takes them out again.

What cannot be taken out, as FastAPI or another package holds it by now, passes everything on.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, NamedTuple

from owui_keygate.patch_points import find
from owui_keygate.shapes import find_mismatch

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from owui_keygate.patch_points import HostFunction, PatchPoint, Place


class HostDoesNotFitError(Exception):
    """The host is not one the extension knows; the message says what was expected and found."""


class _Applied(NamedTuple):
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
        original = _check(point, point.get(module))
        for function in point.relies_on:
            _check(function, _look_up(function))
        replacement = point.build(original, module, place)
        point.put(module, replacement)
        self._applied[point] = _Applied(module, original, replacement)

    def is_applied(self, point: PatchPoint) -> bool:
        """Whether the replacement stands at the patch point now."""
        applied = self._applied.get(point)
        return applied is not None and (point.get(applied.module) is applied.replacement)

    def revert(self) -> None:
        """Put the host's functions back wherever the replacement is still ours."""
        for point, applied in self._applied.items():
            if self.is_applied(point):
                point.put(applied.module, applied.original)
        self._applied.clear()


def _look_up(function: HostFunction) -> object:
    try:
        return find(importlib.import_module(function.module), function.name)
    except ImportError:
        return None


def _check(point: HostFunction, function: Any) -> Callable[..., Any]:  # noqa: ANN401
    mismatch = find_mismatch(function, point.shape)
    if mismatch is not None:
        message = f"{point}: {mismatch}"
        raise HostDoesNotFitError(message)
    found: Callable[..., Any] = function
    return found
