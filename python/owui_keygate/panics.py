"""Panics of the native module, for those who catch exceptions."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class PanicError(RuntimeError):
    """The native module has panicked, which is a bug in it."""


@contextmanager
def as_errors() -> Iterator[None]:
    """Make an `Exception` of a panic, which is none and would end more than what it happens in.

    Raises:
        PanicError: The native module has panicked meanwhile.
    """
    from owui_keygate._native import PanicException

    try:
        yield
    except PanicException as panic:
        message = "the native module panicked"
        raise PanicError(message) from panic
