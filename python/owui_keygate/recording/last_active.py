"""Has the host record when a user was last active, as its own check does."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from owui_keygate.recording.background import in_background

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine


def asynchronous_noter(
    update: Callable[[str], Coroutine[Any, Any, Any]],
) -> Callable[[str], None]:
    """Return what has the host record that a user is active now.

    The host records whole seconds (`int(time.time())` in `Users.update_last_active_by_id`), so a
    second call in the same second would record the same, and is left out.

    Args:
        update: The host's method.
    """
    second, noted = 0, set[str]()

    def note(user_id: str) -> None:
        nonlocal second
        now = int(time.time())
        if now != second:
            second = now
            noted.clear()
        if user_id not in noted:
            noted.add(user_id)
            in_background(update, user_id)

    return note
