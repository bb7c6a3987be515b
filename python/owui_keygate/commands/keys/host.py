"""The host's modules that the commands use, and how their functions are called."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from owui_keygate.commands.keys.errors import HostUnusableError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

T = TypeVar("T")


class Host(NamedTuple):
    """The host's modules that the commands need."""

    database: ModuleType
    users: ModuleType
    auths: ModuleType
    auth: ModuleType
    misc: ModuleType


async def call_or_fail(
    function: Callable[..., Awaitable[T] | T], *arguments: object, **options: object
) -> T:
    """Call a function of the host that returns something true if it succeeds.

    Raises:
        HostUnusableError: The function failed.
    """
    result = await call(function, *arguments, **options)
    if not result:
        message = (
            f"Open WebUI's {function.__name__} failed, and everything was undone: "
            "check Open WebUI's database"
        )
        raise HostUnusableError(message)
    return result


async def call(
    function: Callable[..., Awaitable[T] | T], *arguments: object, **options: object
) -> T:
    """Call a function of the host, which is asynchronous in later releases."""
    result = function(*arguments, **options)
    return await result if isinstance(result, Awaitable) else result
