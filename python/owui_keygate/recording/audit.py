"""What is counted, and written down, about the keys that the bypass rules and those of nobody."""

from __future__ import annotations

import json
import logging
import re
import time
from typing import TYPE_CHECKING

from owui_keygate._native import Audit, Decision, PanicException, fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from owui_keygate._native import LeftOut, Settings, Way

log = logging.getLogger("owui_keygate.audit")

_EVENTS = {
    Decision.AllowBypass: "bypass",
    Decision.AllowWithinLimits: "allowed",
    Decision.UnknownKey: "unknown key",
}
"""What a record begins with; a refusal by a limit begins with `refused`."""
_NULL = frozenset({"client"})
"""What a record has also where it is not known."""
_LONGEST_PATH = 512
_LONGEST_CLIENT = 64
"""In characters; the core tells events apart by as many."""


class Trail:
    """Counts all decisions, and writes down those of the bypass and the unknown keys.

    Args:
        settings: The settings; `OWUI_KEYGATE_AUDIT` among them.
    """

    def __init__(self, settings: Settings) -> None:
        self._audit = Audit(settings)
        self.as_json = False

    def counts(self) -> dict[str, int]:
        """Return how often each decision was made since this worker started, by its name."""
        return {decision.name: count for decision, count in self._audit.counts()}

    def note(
        self,
        request: Request,
        api_key: str,
        decision: Decision,
        user_id: str | None,
        way: Callable[[], Way],
    ) -> None:
        """Count a decision, and write it down where it is due.

        What was left out in the minute before is written down at once.

        Args:
            request: The request, of which the ASGI scope is looked at.
            api_key: The key.
            decision: The decision.
            user_id: The id of the user whom the key names.
            way: Returns how the key travelled.
        """
        left_out = self._audit.note(decision, user_id, api_key, request.scope, time.monotonic())
        if left_out is None:
            return
        self._tell(left_out)
        client = request.scope.get("client")
        self._write(
            decision,
            user=user_id,
            key=fingerprint(api_key),
            method=request.scope.get("method", "")[:_LONGEST_PATH],
            path=request.scope["path"][:_LONGEST_PATH],
            client=client[0][:_LONGEST_CLIENT] if client else None,
            way=_name(way()),
        )

    def flush(self) -> None:
        """Write down what was left out and not yet told, as before the process ends."""
        try:
            self._tell(self._audit.drain())
        except (Exception, PanicException) as error:  # noqa: BLE001 (nobody else logs it now)
            log.error("What was left out is not told: %s", type(error).__name__)  # noqa: TRY400

    def _tell(self, left_out: list[LeftOut]) -> None:
        for kind in left_out:
            self._write(
                kind.decision,
                user=kind.user,
                key=kind.key,
                method=kind.method,
                path=kind.path,
                client=kind.client,
                left_out=kind.count,
            )

    def _write(self, decision: Decision, **facts: object) -> None:
        event = _EVENTS.get(decision, "refused")
        known = {name: fact for name, fact in facts.items() if name in _NULL or fact is not None}
        record = {"event": event, **known, "limit": decision.limit}
        # As JSON, no control character of a path can end the line.
        if self.as_json:
            log.info("%s", json.dumps(record))
        else:
            del record["event"]
            pairs = (f"{name}={json.dumps(value)}" for name, value in record.items())
            log.info("%s %s", event, " ".join(pairs))


def _name(way: Way) -> str:
    """Return the name of a way in the style of names that others sort by."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", str(way).rpartition(".")[2]).lower()
