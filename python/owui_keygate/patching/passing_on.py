"""Lets the host's own function answer again, whoever holds the replacement by then."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from owui_keygate.extension import Standing


def passing_on(
    original: Callable[..., Any], replacement: Callable[..., Any], standing: Standing
) -> Callable[..., Any]:
    """Return a function that calls the replacement until the extension stands down.

    After that it calls the original. It has the signature of the original, and is async if the
    original is.

    Args:
        original: The host's function.
        replacement: What takes its place; async if the original is.
        standing: Whether the replacements do their work.
    """

    @functools.wraps(original)
    def answer(*args: object, **named: object) -> object:
        function = replacement if standing.in_force else original
        return function(*args, **named)

    @functools.wraps(original)
    async def answer_async(*args: object, **named: object) -> object:
        function = replacement if standing.in_force else original
        return await function(*args, **named)

    return answer_async if inspect.iscoroutinefunction(original) else answer
