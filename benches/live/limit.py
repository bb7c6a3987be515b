"""Serves the host with the cheapest check there can be: it returns a user that was made beforehand.

The host's own check answers the first request with a key. The user that it returns answers all
others, and no database is asked. This is a yardstick, and runs nowhere else.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request


class Check:
    """Stands in for the host's check.

    Args:
        check: The host's check.
    """

    def __init__(self, check: Callable[[Request, str], Awaitable[object]]) -> None:
        self._check = check
        self._user: object = None

    async def __call__(self, request: Request, api_key: str) -> object:
        """Return the user."""
        if self._user is None:
            self._user = await self._check(request, api_key)
        return self._user


def main(port: int) -> None:
    """Serve the host with that check."""
    import open_webui
    from open_webui.utils import auth

    module: Any = auth
    module.get_current_user_by_api_key = Check(auth.get_current_user_by_api_key)
    open_webui.serve(host="127.0.0.1", port=port)


if __name__ == "__main__":
    main(int(sys.argv[1]))
