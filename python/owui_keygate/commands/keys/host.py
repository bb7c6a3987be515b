"""The modules of the host that the commands use, and how their functions are called."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from owui_keygate.commands.keys.errors import HostUnusableError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

T = TypeVar("T")


class Host(NamedTuple):
    """The host's modules that are needed here."""

    database: ModuleType
    users: ModuleType
    auths: ModuleType
    auth: ModuleType
    misc: ModuleType


async def call_or_fail(
    function: Callable[..., Awaitable[T] | T], *arguments: object, **options: object
) -> T:
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


async def call(
    function: Callable[..., Awaitable[T] | T], *arguments: object, **options: object
) -> T:
    """Call a function of the host, which is async in later releases."""
    result = function(*arguments, **options)
    return await result if isinstance(result, Awaitable) else result
