"""The replacement of the host's `get_current_user_by_api_key`: read, decide, act."""

from __future__ import annotations

import functools
import logging
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from fastapi import HTTPException

from owui_keygate._native import Decision, PanicException, Policy
from owui_keygate.readers import rules_bind
from owui_keygate.replacements.credentials import way_of
from owui_keygate.settings.trusted_proxies import ask_server

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Mapping

    from starlette.requests import Request

    from owui_keygate.readers import Reader, Reading, Rules, User
    from owui_keygate.recording.audit import Trail

log = logging.getLogger("owui_keygate")


UNCHECKED = "Refused: the limits of this API key could not be checked."
"""The answer where something fails that only the limits of the bypass could tell."""


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
        refusals: The answer for each decision that refuses. Where the host's rules refuse and one
            is missing, the host answers itself.
        keeps_times: Whether the host keeps times of a key. It does from 0.6.41 on.
        on_allowed: Starts what the host does for a user it lets in, and notes whether the host's
            rules were bypassed; nobody waits for it.
        on_used: Starts noting that a key was used now; nobody waits for it.
        judges_others: Whether those whom the bypass does not rule are judged here too. Where they
            are not, the check is replaced only while the bypass is on.
        rules_of: The rules that bind a user, where the host does not keep them in the database;
            None where the host decides.
    """

    reader: Reader
    is_permitted: Callable[[User, Rules], Awaitable[bool]]
    api_key_header: str
    refusals: Mapping[Decision, Refusal]
    on_allowed: Callable[[User, bool], None]
    on_used: Callable[[str], None]
    keeps_times: bool = True
    judges_others: bool = True
    rules_of: Callable[[Request, User], Rules | None] = lambda _request, _user: None


class Judgement(NamedTuple):
    """What becomes of a request, and what was read for that.

    Attributes:
        decision: The decision; None where it is the host's.
        reading: What the database holds about the key; None for nothing, or if it was not read.
    """

    decision: Decision | None
    reading: Reading | None = None


_BY_HOST = Judgement(None)


def replacement(
    original: Callable[..., Awaitable[Any]], policy: Policy, trail: Trail, host: Host
) -> Callable[..., Coroutine[Any, Any, Any]]:
    """Return what takes the place of the host's check; where it is unsure, `original` decides.

    Whom `original` lets in must be within the limits all the same, if the bypass rules them.

    Args:
        original: The host's check. It gets the request, the key and all else it is called with.
        policy: The decision.
        trail: Where decisions are noted.
        host: The generation of the host.
    """
    check = _Check(policy, trail, host)

    @functools.wraps(original)
    async def get_current_user_by_api_key(request: Request, api_key: str, **more: Any) -> object:  # noqa: ANN401
        decision, reading = await check.judge(request, api_key)
        if decision is not None and decision.allows and reading is not None:
            host.on_allowed(reading.user, decision == Decision.AllowBypass)
            host.on_used(api_key)
            return reading.user
        refusal = check.answer(decision)
        if refusal is not None:
            raise HTTPException(*refusal)
        user = await original(request, api_key, **more)
        refusal = check.answer(await check.confirm(request, api_key, user, reading))
        if refusal is not None:
            raise HTTPException(*refusal)
        return user

    return get_current_user_by_api_key


class _Check:
    """The steps of a check. None raises an `Exception`, and none that fails lets anybody in."""

    def __init__(self, policy: Policy, trail: Trail, host: Host) -> None:
        self._policy = policy
        self._bypass = policy.bypass
        self._trail = trail
        self._host = host

    async def judge(self, request: Request, api_key: str) -> Judgement:
        """Judge a request and note the decision; where either fails, the host decides.

        A refusal stays one if it cannot be noted.
        """
        judgement = _BY_HOST
        try:
            judgement = await judge(request, api_key, self._policy, self._host)
        except (Exception, PanicException) as error:  # noqa: BLE001
            # Only the type is named: the text of a database error repeats the key.
            log.error("The host's own check decides: %s", type(error).__name__)  # noqa: TRY400
        decision, reading = judgement
        if decision is not None and not self._note(request, api_key, decision, reading):
            return Judgement(None, reading) if decision.allows else judgement
        return judgement

    def answer(self, decision: Decision | None) -> Refusal | None:
        """Return the answer to a decision that refuses; None where the host goes on.

        A limit refuses also where no answer is known.
        """
        if decision is None or decision.allows:
            return None
        otherwise = Refusal(403, UNCHECKED) if decision.is_of_bypass else None
        return self._host.refusals.get(decision, otherwise)

    async def confirm(
        self, request: Request, api_key: str, user: User, reading: Reading | None
    ) -> Decision | None:
        """Decide, and note, whether somebody whom the host has let in is within the limits.

        Args:
            request: The request.
            api_key: The key.
            user: Whom the host has let in.
            reading: What was read about the key before; None where nothing is known.
        """
        if not self._bypass:
            return None
        try:
            decision = self._decide_let_in(request, api_key, user, reading)
            if decision == Decision.UnreadKey:
                # The host could read the database, so it may be there again.
                reading = await self._host.reader.read(api_key, rules_bind_admins=False)
                decision = self._decide_let_in(request, api_key, user, reading)
        except (Exception, PanicException) as error:  # noqa: BLE001
            log.error("API-key limits not checked (%s): refused", type(error).__name__)  # noqa: TRY400
            decision = Decision.UnreadKey
        if decision.is_of_bypass:
            self._note(request, api_key, decision, reading)
        return decision

    def _decide_let_in(
        self, request: Request, api_key: str, user: User, reading: Reading | None
    ) -> Decision:
        way = way_of(request, api_key, self._host.api_key_header)
        times = self._times(reading)
        return self._policy.decide_let_in(way, request.scope, int(time.time()), user, times)

    def _times(self, reading: Reading | None) -> tuple[int | None, int | None] | None:
        if reading is not None:
            return reading.expires_at, reading.created_at
        return None if self._host.keeps_times else (None, None)

    def _note(
        self, request: Request, api_key: str, decision: Decision, reading: Reading | None
    ) -> bool:
        """Count a decision, write down what is due, and return whether that was possible."""
        try:
            user = None if reading is None else reading.user.id
            way = functools.partial(way_of, request, api_key, self._host.api_key_header)
            self._trail.note(request, api_key, decision, user, way)
        except (Exception, PanicException) as error:  # noqa: BLE001
            log.error("API-key decision not logged (%s)", type(error).__name__)  # noqa: TRY400
            return False
        return True


async def judge(request: Request, api_key: str, policy: Policy, host: Host) -> Judgement:
    """Return the decision about a request; what fails is raised."""
    ask_server(policy)
    way = way_of(request, api_key, host.api_key_header)
    rules_bind_admins = not (policy.may_bypass(way) and policy.rules_every_admin)
    now = int(time.time())
    reading = await host.reader.read(api_key, rules_bind_admins=rules_bind_admins)
    if reading is None:
        return Judgement(policy.decide(way, request.scope, now, None))
    user, expires_at, created_at, rules = reading
    facts = (way, request.scope, now, user, expires_at, created_at)
    if not rules_bind(user, rules_bind_admins=rules_bind_admins):
        return Judgement(policy.decide(*facts), reading)
    if rules is None:
        rules = host.rules_of(request, user)
    if rules is None or not host.judges_others:
        # Only what the bypass says is said here.
        decision = policy.decide(*facts)
        return Judgement(decision if decision.is_of_bypass else None, reading)
    decision = policy.decide(*facts, rules.keys_enabled, rules.allowed_endpoints)
    if decision == Decision.AskPermission:
        permitted = await host.is_permitted(user, rules)
        decision = policy.decide(*facts, rules.keys_enabled, rules.allowed_endpoints, permitted)
    return Judgement(decision, reading)
