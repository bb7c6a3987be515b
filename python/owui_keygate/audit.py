"""What is counted, and written down, about the keys that the admin regime rules."""

from __future__ import annotations

import hashlib
import json
import logging
import re
import time
from typing import TYPE_CHECKING

from owui_keygate._native import Audit, Decision, PanicException
from owui_keygate.credentials import way_of

if TYPE_CHECKING:
    from starlette.requests import Request

    from owui_keygate._native import Policy, Settings, Way
    from owui_keygate.checker import Host
    from owui_keygate.readers import Rules, User

log = logging.getLogger("owui_keygate.audit")

LIMITS = {
    Decision.AllowBypass: None,
    Decision.ExpiredKey: "expires_at",
    Decision.AgeLimit: "ADMIN_API_KEY_MAX_AGE",
    Decision.NetworkLimit: "ADMIN_API_KEY_ALLOWED_NETWORKS",
    Decision.EndpointLimit: "ADMIN_API_KEY_ALLOWED_ENDPOINTS",
}
"""The decisions of the admin regime, each with the limit that refuses."""

_HOST_RULES = {
    Decision.KeysDisabled: "switch",
    Decision.EndpointRefused: "endpoints",
    Decision.Allow: None,
}
_LONGEST_PATH = 512
"""In characters; the core tells paths apart by as many."""


def fingerprint(api_key: str) -> str:
    """Return what an API key is named by: the first 8 hex digits of its SHA-256."""
    return hashlib.sha256(api_key.encode()).hexdigest()[:8]


class Trail:
    """Counts all decisions and writes down those of the admin regime.

    Args:
        settings: The settings; `OWUI_KEYGATE_AUDIT` among them.
        policy: The decision.
    """

    def __init__(self, settings: Settings, policy: Policy) -> None:
        self._audit = Audit(settings)
        self._policy = policy
        self.as_json = False

    def counts(self) -> dict[str, int]:
        """Return how often each decision was made since this worker started, by its name."""
        return {_name(decision): count for decision, count in self._audit.counts()}

    def is_due(self, request: Request, decision: Decision, user: User | None) -> bool:
        """Count a decision, and return whether it is to be written down.

        What was left out in the minute before is written down at once.
        """
        user_id = user.id if user is not None and decision in LIMITS else None
        left_out = self._audit.note(decision, user_id, request.scope, time.monotonic())
        if left_out:
            self._tell(left_out)
        return left_out is not None

    async def write(
        self, request: Request, api_key: str, decision: Decision, user: User, host: Host
    ) -> None:
        """Write a decision down."""
        rules = await _host_rules(request, api_key, user, host)
        self._write(
            decision,
            user=user.id,
            key=fingerprint(api_key),
            method=request.scope.get("method", ""),
            path=request.scope["path"][:_LONGEST_PATH],
            client=request.client.host if request.client else None,
            way=_name(way_of(request, api_key, host.api_key_header)),
            host_rule=self._host_rule(request, rules),
        )

    def flush(self) -> None:
        """Write down what was left out and not yet told, as before the process ends."""
        try:
            self._tell(self._audit.drain())
        except (Exception, PanicException) as error:  # noqa: BLE001 (nobody else logs it now)
            log.error("What was left out is not told: %s", type(error).__name__)  # noqa: TRY400

    def _host_rule(self, request: Request, rules: Rules | None) -> str | None:
        """Return which of the host's rules would have refused."""
        if rules is None:
            return "unknown"
        found = self._policy.decide_by_host(
            request.scope, rules.keys_enabled, rules.allowed_endpoints
        )
        return _HOST_RULES[found]

    def _tell(self, left_out: list[tuple[str, str, str, Decision, int]]) -> None:
        for user, method, path, decision, count in left_out:
            self._write(decision, user=user, method=method, path=path, left_out=count)

    def _write(self, decision: Decision, **facts: object) -> None:
        event = "bypass" if decision == Decision.AllowBypass else "refused"
        record = {"event": event, **facts, "limit": LIMITS[decision]}
        # As JSON, no control character of a path can end the line.
        if self.as_json:
            log.info("%s", json.dumps(record))
        else:
            del record["event"]
            pairs = (f"{name}={json.dumps(value)}" for name, value in record.items())
            log.info("%s %s", event, " ".join(pairs))


async def _host_rules(request: Request, api_key: str, user: User, host: Host) -> Rules | None:
    """Return the host's rules, which the decision had no need of, None where they are not known."""
    reading = await host.reader.read(api_key, rules_bind_admins=True)
    if reading is None:
        return None
    return reading.rules or host.rules_of(request, user)


def _name(member: Decision | Way) -> str:
    """Return the name of a decision or way in the style of names that others sort by."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", str(member).rpartition(".")[2]).lower()
