"""The audit log: decisions about keys that the bypass rules, and about unknown keys.

Open WebUI prints the name of this module in each line, and operators filter the log by it.
"""

from __future__ import annotations

import json
import logging
import time
from typing import TYPE_CHECKING

from owui_keygate._native import Audit, PanicException

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TypeAlias

    from owui_keygate._native import Ending, Settings

    Record: TypeAlias = dict[str, str | int | None]

log = logging.getLogger(__name__)


class AuditLog:
    """Counts all decisions, and writes down those of the bypass and the unknown keys.

    Args:
        settings: The settings; `OWUI_KEYGATE_AUDIT` among them.
        as_json: Whether a line is a JSON object.

    Attributes:
        audit: What `Policy.judge` counts in.
    """

    def __init__(self, settings: Settings, *, as_json: bool = False) -> None:
        self.audit = Audit(settings)
        self._as_json = as_json

    def counts(self) -> dict[str, int]:
        """Return how often each decision was made since this worker started, by its name."""
        return self.audit.counts()

    def counts_by_account(self) -> dict[str | None, dict[str, int]]:
        """Return the same for each account of the policy file, and for None about all others."""
        return self.audit.counts_by_account()

    def endings(self) -> list[Ending]:
        """Return the keys that were used within a day and end soon, first the one that ends first.

        They are those that this worker has seen, 1,024 at most.
        """
        return self.audit.endings(time.time())

    def write(self, records: Iterable[Record]) -> None:
        """Write records down, each as a line."""
        for record in records:
            log.info("%s", self._line(record))

    def flush(self) -> None:
        """Write how many events were suppressed; called before the process ends."""
        try:
            self.write(self.audit.drain())
        except (Exception, PanicException) as error:  # noqa: BLE001 (nobody else logs it now)
            reason = type(error).__name__
            log.error("Could not log the suppressed audit events: %s", reason)  # noqa: TRY400 (its text may hold a key)

    def _line(self, record: Record) -> str:
        # As JSON, no control character of a path can end the line.
        if self._as_json:
            return json.dumps(record)
        event, *facts = record.items()
        return " ".join([str(event[1]), *(f"{name}={json.dumps(fact)}" for name, fact in facts)])
