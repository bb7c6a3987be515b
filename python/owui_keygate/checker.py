"""The replacement of the host's `get_current_user_by_api_key`: read, decide, act."""

from __future__ import annotations

import functools
import logging
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from fastapi import HTTPException

from owui_keygate._native import Decision, PanicException, Policy
from owui_keygate.audit import LIMITS
from owui_keygate.credentials import way_of
from owui_keygate.readers import rules_bind

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Mapping

    from starlette.requests import Request

    from owui_keygate.audit import Trail
    from owui_keygate.readers import Reader, Rules, User

log = logging.getLogger("owui_keygate")


_BYPASS = {Decision.Allow: False, Decision.AllowBypass: True}
"""The decisions that let a user in, each with whether the host's rules were bypassed."""


class Refusal(NamedTuple):
    """The host's answer to a key it refuses: status code and text."""

    status: int
    detail: str


class Host(NamedTuple):
    """What the check needs of a generation of the host.

    Attributes:
        reader: Reads user, key and rules from the host's database.
        is_permitted: Asks the host whether a user has the permission `features.api_keys` now.
        api_key_header: The name of the host's API-key header.
        refusals: The host's answer for each decision that refuses; where one is missing the host
            answers itself.
        on_allowed: Starts what the host does for a user it lets in, and notes whether the host's
            rules were bypassed; nobody waits for it.
        on_used: Starts noting that a key was used now; nobody waits for it.
        judges_others: Whether those whom the admin regime does not rule are judged here too.
        rules_of: The rules that bind a user, where the host does not keep them in the database;
            None where the host decides.
    """

    reader: Reader
    is_permitted: Callable[[User, Rules], Awaitable[bool]]
    api_key_header: str
    refusals: Mapping[Decision, Refusal]
    on_allowed: Callable[[User, bool], None]
    on_used: Callable[[str], None]
    judges_others: bool = True
    rules_of: Callable[[Request, User], Rules | None] = lambda _request, _user: None


def replacement(
    original: Callable[..., Awaitable[Any]], policy: Policy, trail: Trail, host: Host
) -> Callable[..., Coroutine[Any, Any, Any]]:
    """Return what takes the place of the host's check; where it is unsure, `original` decides.

    Args:
        original: The host's check. It gets the request, the key and all else it is called with.
        policy: The decision.
        trail: Where decisions are noted.
        host: The generation of the host.
    """

    @functools.wraps(original)
    async def get_current_user_by_api_key(request: Request, api_key: str, **more: Any) -> object:  # noqa: ANN401
        decision: Decision | None = None
        user: User | None = None
        try:
            decision, user = await judge(request, api_key, policy, host)
            if decision is not None and trail.is_due(request, decision, user) and user is not None:
                await trail.write(request, api_key, decision, user, host)
        except (Exception, PanicException) as error:  # noqa: BLE001
            # Only the type is named: the text of a database error repeats the key.
            log.error("The host's own check decides: %s", type(error).__name__)  # noqa: TRY400
            decision = None
        bypass = None if decision is None else _BYPASS.get(decision)
        if user is not None and bypass is not None:
            host.on_allowed(user, bypass)
            host.on_used(api_key)
            return user
        refusal = None if decision is None else host.refusals.get(decision)
        if refusal is None:
            return await original(request, api_key, **more)
        raise HTTPException(*refusal)

    return get_current_user_by_api_key


async def judge(
    request: Request, api_key: str, policy: Policy, host: Host
) -> tuple[Decision | None, User | None]:
    """Return the decision, None where it is the host's, and the user it is about."""
    way = way_of(request, api_key, host.api_key_header)
    admin_regime = policy.admin_regime(way)
    if not admin_regime and not host.judges_others:
        return None, None
    rules_bind_admins = not (admin_regime and policy.rules_every_admin)
    now = int(time.time())
    reading = await host.reader.read(api_key, rules_bind_admins=rules_bind_admins)
    if reading is None:
        return policy.decide(way, request.scope, now, None), None
    user, expires_at, created_at, rules = reading
    facts = (way, request.scope, now, user, expires_at, created_at)
    if not rules_bind(user, rules_bind_admins=rules_bind_admins):
        return policy.decide(*facts), user
    if rules is None:
        rules = host.rules_of(request, user)
    if rules is None or not host.judges_others:
        # Only what the admin regime says is said here.
        decision = policy.decide(*facts)
        return (decision, user) if decision in LIMITS else (None, None)
    decision = policy.decide(*facts, rules.keys_enabled, rules.allowed_endpoints)
    if decision == Decision.AskPermission:
        permitted = await host.is_permitted(user, rules)
        decision = policy.decide(*facts, rules.keys_enabled, rules.allowed_endpoints, permitted)
    return decision, user
