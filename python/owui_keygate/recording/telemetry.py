"""Counters for the host's OpenTelemetry meter."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from owui_keygate.panics import as_errors

if TYPE_CHECKING:
    from collections.abc import Iterable

    from owui_keygate.audit import AuditLog

COUNTER = "owui_keygate.decisions"


def export_counts(audit: AuditLog) -> None:
    """Show the counts to the host's meter, where the host has one switched on.

    It asks for them when it exports; a request has nothing to do for it.
    """
    env = importlib.import_module("open_webui.env")
    if not (getattr(env, "ENABLE_OTEL", False) and getattr(env, "ENABLE_OTEL_METRICS", False)):
        return
    from opentelemetry.metrics import Observation, get_meter

    def observe(_options: Any) -> Iterable[Observation]:  # noqa: ANN401
        # What is no `Exception` would end the thread that exports all the host's metrics.
        with as_errors():
            counts = audit.counts()
        return [Observation(count, {"decision": name}) for name, count in counts.items()]

    get_meter("owui_keygate").create_observable_counter(
        COUNTER,
        callbacks=[observe],
        unit="{decision}",
        description="Decisions about requests with an API key",
    )
