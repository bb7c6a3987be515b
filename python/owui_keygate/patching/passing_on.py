"""What lets the host's own function answer again, wherever the replacement is held by now."""

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
    """Return what is the replacement until the extension stands down, and the original then.

    It looks like the original to whoever asks for its signature, and whether it is async.

    Args:
        original: The host's function.
        replacement: What takes its place; async if the original is.
        standing: Whether the extension stands.
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
