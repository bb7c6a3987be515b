"""Puts replacements in the place of the host's functions, and takes them out again.

FastAPI or another package may still hold a replacement. Then it passes every call on.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, NamedTuple

from owui_keygate.patching.points import find
from owui_keygate.patching.state import State

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from owui_keygate.extension import Extension
    from owui_keygate.patching.points import HostFunction, HostTable, PatchPoint


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

    def apply(self, point: PatchPoint, module: ModuleType, extension: Extension) -> None:
        """Replace the function at a patch point, unless it is replaced already.

        Where a point only serves the bypass and the bypass is off, the function is checked and
        left in place.

        Raises:
            HostDoesNotFitError: The function, or what its replacement relies on, has another shape.
        """
        if self._is_in_place(point):
            return
        original: Callable[..., Any] = point.get(module)
        _check(point, original)
        for each in point.relies_on:
            _check(each, _look_up(each))
        replacement = original
        if extension.policy.bypass or not point.only_with_bypass:
            replacement = point.build(original, module, extension)
            point.put(module, replacement)
        self._applied[point] = _Applied(module, original, replacement)

    def state(self, point: PatchPoint) -> State:
        """Return what has become of a patch point, as it is now."""
        if self.changed(point):
            return State.NOT_APPLIED
        applied = self._applied[point]
        is_replaced = applied.replacement is not applied.original
        return State.APPLIED if is_replaced else State.NOT_NEEDED

    def changed(self, point: PatchPoint) -> list[str]:
        """Return the names of the functions and tables that have changed since `apply`."""
        if not self._is_in_place(point):
            return [str(point)]
        return [str(each) for each in point.relies_on if each.mismatch(_look_up(each)) is not None]

    def revert(self) -> None:
        """Put the host's functions back, where nobody has replaced ours since."""
        for point, applied in self._applied.items():
            if self._is_in_place(point):
                point.put(applied.module, applied.original)
        self._applied.clear()

    def _is_in_place(self, point: PatchPoint) -> bool:
        """Whether a patch point still has what `apply` left there."""
        applied = self._applied.get(point)
        return applied is not None and (point.get(applied.module) is applied.replacement)


def _look_up(each: HostFunction | HostTable) -> object:
    try:
        return find(importlib.import_module(each.module), each.name)
    except ImportError:
        return None


def _check(each: HostFunction | HostTable, found: object) -> None:
    mismatch = each.mismatch(found)
    if mismatch is not None:
        message = f"{each}: {mismatch}"
        raise HostDoesNotFitError(message)
