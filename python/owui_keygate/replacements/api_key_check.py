"""The replacement of the host's `get_current_user_by_api_key`: read, judge, act."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, NamedTuple

from fastapi import HTTPException

from owui_keygate._native import Decision
from owui_keygate.readers import rules_bind
from owui_keygate.recording.expiry_warning import warn
from owui_keygate.replacements.credentials import TRANSPORTS, key_request
from owui_keygate.settings.trusted_proxies import ask_server
from owui_keygate.unsure import unsure

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Mapping

    from starlette.requests import Request

    from owui_keygate._native import Audit, Judgement
    from owui_keygate.audit import Record
    from owui_keygate.extension import Extension
    from owui_keygate.readers import Reader, Reading, Rules, User
    from owui_keygate.replacements.credentials import KeyRequest

UNCHECKED = "Refused: the limits of this API key could not be checked."
"""The answer to a key whose limits could not be checked."""

_CHECK = unsure("API-key check")
_LIMITS = unsure("API-key limit check", "the request is refused")
_WARNING = unsure("Warning of a key that ends soon", "the request is answered as decided")
_AUDIT = unsure("API-key audit", "no request bypasses Open WebUI's rules unlogged")


class Refusal(NamedTuple):
    """The host's answer to a key it refuses: status code and text."""

    status: int
    detail: str


class HostAdapter(NamedTuple):
    """What the check needs of a generation of the host.

    Attributes:
        reader: Reads user, key and rules from the host's database.
        is_permitted: Asks the host whether a user has the permission `features.api_keys` now.
        api_key_header: The name of the host's API-key header.
        refusals: The answer for each decision that refuses. Where the host's rules refuse and one
            is missing, the host answers itself.
        keeps_times: Whether the host stores the times of a key. It does from 0.6.41 on.
        on_allowed: Starts what the host does for a user it lets in; no request waits for it.
        on_used: Starts recording that a key was used now; no request waits for it.
        rules_of: The rules that bind a user, where the host does not keep them in the database;
            None where the host judges that user itself.
    """

    reader: Reader
    is_permitted: Callable[[User, Rules], Awaitable[bool]]
    api_key_header: str
    refusals: Mapping[Decision, Refusal]
    on_allowed: Callable[[User, Decision], None]
    on_used: Callable[[str], None]
    keeps_times: bool = True
    rules_of: Callable[[Request, User], Rules | None] = lambda _request, _user: None


def replace_check(
    original: Callable[..., Awaitable[Any]], extension: Extension, adapter: HostAdapter
) -> Callable[..., Coroutine[Any, Any, object]]:
    """Return what takes the place of the host's check; where it is unsure, `original` decides.

    If the bypass rules a user whom `original` lets in, the limits must hold as well.

    Args:
        original: The host's check. It gets the request, the key and all else it is called with.
        extension: The extension.
        adapter: What the check needs of the host.
    """
    check = ApiKeyCheck(extension, adapter)

    @functools.wraps(original)
    async def get_current_user_by_api_key(request: Request, api_key: str, **more: object) -> object:
        decision, reading = await check.decide(request, api_key)
        if decision is not None and decision.allows and reading is not None:
            adapter.on_allowed(reading.user, decision)
            adapter.on_used(api_key)
            return reading.user
        check.refuse(decision)
        user = await original(request, api_key, **more)
        check.refuse(await check.confirm(request, api_key, user, reading))
        return user

    return get_current_user_by_api_key


class ApiKeyCheck:
    """The steps of a check. Where one fails, nobody is let in, and no refusal is undone.

    Args:
        extension: The extension.
        adapter: What the check needs of the host.
    """

    def __init__(self, extension: Extension, adapter: HostAdapter) -> None:
        policy = extension.policy
        self._policy = policy
        self._audit = extension.audit
        self._adapter = adapter
        # These follow from the settings, so no request asks for them.
        self._bypass = policy.bypass
        self._must_ask_server = policy.must_ask_server
        self._bind_admins = {
            transport: not (policy.rules_every_admin and policy.may_bypass(transport))
            for transport in TRANSPORTS
        }

    async def decide(
        self, request: Request, api_key: str
    ) -> tuple[Decision | None, Reading | None]:
        """Decide about a request, write the decision down, and return it with what was read.

        The decision is None where it is the host's: where the rules are not ours to apply, where
        something fails, and where a bypass cannot be written down. A refusal stays one.
        """
        decision = reading = records = ending = None
        with _CHECK:
            judgement, reading = await self.judge(request, api_key, self._audit.audit)
            decision, records, ending = judgement.decision, judgement.records, judgement.ending
        with _WARNING:
            warn(ending)
        if records and not self._write(records) and decision is not None and decision.allows:
            return None, reading
        return decision, reading

    async def judge(
        self, request: Request, api_key: str, audit: Audit | None = None
    ) -> tuple[Judgement, Reading | None]:
        """Judge a request, and return what was read for that; what fails is raised.

        Args:
            request: The request.
            api_key: The key.
            audit: Where a decision is counted; None for nowhere.
        """
        if self._must_ask_server:
            ask_server(self._policy)
            self._must_ask_server = False
        asked = key_request(request, api_key, self._adapter.api_key_header)
        reading = self._unchanged(asked) or await self._read(request, asked)
        judgement = self._policy.judge(asked, reading, audit=audit)
        if judgement.asks_permission and reading is not None and reading.rules is not None:
            permitted = await self._adapter.is_permitted(reading.user, reading.rules)
            judgement = self._policy.judge(asked, reading, permitted=permitted, audit=audit)
        return judgement, reading

    async def confirm(
        self, request: Request, api_key: str, user: User, reading: Reading | None
    ) -> Decision | None:
        """Decide, and write down, whether somebody whom the host has let in is within the limits.

        Args:
            request: The request.
            api_key: The key.
            user: Whom the host has let in.
            reading: What was read about the key before; None where nothing is known.
        """
        if not self._bypass:
            return None
        decision, asked = Decision.UnreadKey, None
        with _LIMITS:
            asked = key_request(request, api_key, self._adapter.api_key_header)
            found = self._policy.decide_let_in(asked, user, self._times(reading))
            if found == Decision.UnreadKey:
                # The host could read the database, so it may be there again.
                reading = await self._adapter.reader.read(api_key, rules_bind_admins=False)
                found = self._policy.decide_let_in(asked, user, self._times(reading))
            decision = found
        if asked is not None and decision.is_of_bypass:
            with _AUDIT:
                account = self._policy.account(user)
                self._audit.write(self._audit.audit.note(asked, decision, user.id, account))
        if asked is not None and decision.is_of_bypass and decision.allows:
            with _WARNING:
                times = self._times(reading)
                warn(self._policy.watch(asked, user, times, self._audit.audit))
        return decision

    def refuse(self, decision: Decision | None) -> None:
        """Answer a decision that refuses; do nothing where the host goes on.

        A limit refuses also where no answer is known.

        Raises:
            HTTPException: The answer.
        """
        if decision is None or decision.allows:
            return
        otherwise = Refusal(403, UNCHECKED) if decision.is_of_bypass else None
        refusal = self._adapter.refusals.get(decision, otherwise)
        if refusal is not None:
            raise HTTPException(*refusal)

    def _unchanged(self, asked: KeyRequest) -> Reading | None:
        """Return what holds without being read again; nothing where the rules must be read."""
        if self._bind_admins[asked.transport]:
            return None
        return self._adapter.reader.unchanged(asked.api_key)

    async def _read(self, request: Request, asked: KeyRequest) -> Reading | None:
        bind_admins = self._bind_admins[asked.transport]
        reading = await self._adapter.reader.read(asked.api_key, rules_bind_admins=bind_admins)
        if reading is None or reading.rules is not None:
            return reading
        if not rules_bind(reading.user, rules_bind_admins=bind_admins):
            return reading
        return reading._replace(rules=self._adapter.rules_of(request, reading.user))

    def _times(self, reading: Reading | None) -> tuple[int | None, int | None] | None:
        if reading is not None:
            return reading.expires_at, reading.created_at
        return None if self._adapter.keeps_times else (None, None)

    def _write(self, records: list[Record]) -> bool:
        """Write records down, and return whether that was possible."""
        with _AUDIT:
            self._audit.write(records)
            return True
        return False
