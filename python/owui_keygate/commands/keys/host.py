"""The modules of the host that the commands use, and how their functions are called."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, NamedTuple

from owui_keygate.commands.keys.errors import HostUnusableError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType


class Host(NamedTuple):
    """The host's modules that are needed here."""

    database: ModuleType
    users: ModuleType
    auths: ModuleType
    auth: ModuleType
    misc: ModuleType


async def call_or_fail(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:  # noqa: ANN401
    """Call a function of the host that returns something if it did what it should.

    Raises:
        HostUnusableError: It did not.
    """
    result = await call(function, *arguments, **options)
    if not result:
        message = (
            f"Open WebUI failed at {function.__name__}, and everything was undone: "
            "see whether its database is in order"
        )
        raise HostUnusableError(message)
    return result


async def call(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:  # noqa: ANN401
    """Call a function of the host, which is async in later releases."""
    result = function(*arguments, **options)
    return await result if inspect.isawaitable(result) else result
