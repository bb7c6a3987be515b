"""The replacement of the host's `_check_api_key_permission`, which guards a user's own key."""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING, Any

from owui_keygate._native import PanicException
from owui_keygate.credentials import is_human_session

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sqlalchemy.ext.asyncio import AsyncSession
    from starlette.requests import Request

    from owui_keygate._native import Policy
    from owui_keygate.readers import User

log = logging.getLogger("owui_keygate")


def replacement(
    original: Callable[..., Awaitable[Any]], policy: Policy, api_key_header: str
) -> Callable[..., Awaitable[None]]:
    """Return what lets a signed-in administrator in, and asks `original` about everybody else."""

    @functools.wraps(original)
    async def _check_api_key_permission(request: Request, user: User, db: AsyncSession) -> None:
        try:
            session = is_human_session(request, api_key_header)
            let_in = policy.may_manage_own_key(role=user.role, session=session)
        except (Exception, PanicException) as error:  # noqa: BLE001 (unsure: the host decides)
            log.error("The host's own check decides: %s", type(error).__name__)  # noqa: TRY400
            let_in = False
        if not let_in:
            await original(request, user, db)

    return _check_api_key_permission
