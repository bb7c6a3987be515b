"""What lets the host's own function answer again, wherever the replacement is held by now."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from owui_keygate.patching.points import Place


def passing_on(
    original: Callable[..., Any], replacement: Callable[..., Any], place: Place
) -> Callable[..., Any]:
    """Return what is the replacement until the installation stands down, and the original then.

    It looks like the original to whoever asks for its signature, and whether it is async.

    Args:
        original: The host's function.
        replacement: What takes its place; async if the original is.
        place: The installation.
    """
    if replacement is original:
        return original

    @functools.wraps(original)
    def answer(*args: Any, **named: Any) -> Any:  # noqa: ANN401
        function = replacement if place.failure is None else original
        return function(*args, **named)

    @functools.wraps(original)
    async def answer_async(*args: Any, **named: Any) -> Any:  # noqa: ANN401
        function = replacement if place.failure is None else original
        return await function(*args, **named)

    return answer_async if inspect.iscoroutinefunction(original) else answer
