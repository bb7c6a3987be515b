"""Metrics for the host's OpenTelemetry meter."""

from __future__ import annotations

import importlib
import time
from typing import TYPE_CHECKING

from owui_keygate.panics import as_errors

if TYPE_CHECKING:
    from collections.abc import Iterable

    from owui_keygate.audit import AuditLog

COUNTER = "owui_keygate.decisions"
GAUGE = "owui_keygate.key.time_to_end"


def export_metrics(audit: AuditLog) -> None:
    """Show the counts, and when keys end, to the host's meter, where it has one switched on.

    It asks for them when it exports; a request has nothing to do for it. An attribute `account` is
    the name of an account of the policy file, and is missing for everybody else.
    """
    env = importlib.import_module("open_webui.env")
    if not (getattr(env, "ENABLE_OTEL", False) and getattr(env, "ENABLE_OTEL_METRICS", False)):
        return
    from opentelemetry.metrics import Observation, get_meter

    def observe_counts(_options: object) -> Iterable[Observation]:
        # What is no `Exception` would end the thread that exports all the host's metrics.
        with as_errors():
            counts = audit.counts_by_account()
        return [
            Observation(count, {"decision": decision} | _named(account))
            for account, decisions in counts.items()
            for decision, count in decisions.items()
        ]

    def observe_ends(_options: object) -> Iterable[Observation]:
        with as_errors():
            endings = audit.endings()
        now = time.time()
        # The key of an account that ends first comes last here, and stays.
        left = {ending.account: ending.end - now for ending in reversed(endings)}
        return [Observation(seconds, _named(account)) for account, seconds in left.items()]

    meter = get_meter("owui_keygate")
    meter.create_observable_counter(
        COUNTER,
        callbacks=[observe_counts],
        unit="{decision}",
        description="Decisions about requests with an API key",
    )
    meter.create_observable_gauge(
        GAUGE,
        callbacks=[observe_ends],
        unit="s",
        description="Time until the first API key ends, of those in use that end soon",
    )


def _named(account: str | None) -> dict[str, str]:
    return {} if account is None else {"account": account}
