"""The counters and span attributes that reach a collector of the host's OpenTelemetry."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from harness import people
from harness.client import bearer
from harness.server import BYPASS_ON
from harness.waiting import wait_until
from tests.support.collector import EXPORTED, Collector, collecting
from tests.support.generations import needs_telemetry

if TYPE_CHECKING:
    from pathlib import Path

    from harness.environments import Environment
    from tests.support.world import World


def missing() -> list[bytes]:
    """Return what has not been sent yet."""
    return [text for text in EXPORTED if text not in Collector.received]


@needs_telemetry
def test_counters_and_span_attributes_reach_the_collector(
    world: World, keygate: Environment, tmp_path: Path
) -> None:
    with collecting() as address:
        settings = BYPASS_ON | {
            "ENABLE_OTEL": "true",
            "ENABLE_OTEL_TRACES": "true",
            "ENABLE_OTEL_METRICS": "true",
            "OTEL_EXPORTER_OTLP_ENDPOINT": address,
            "OTEL_OTLP_SPAN_EXPORTER": "http",
            "OTEL_METRICS_EXPORT_INTERVAL_MILLIS": "200",
            "OTEL_BSP_SCHEDULE_DELAY": "200",
        }
        with (
            world.server(keygate, tmp_path / "telemetry", settings) as server,
            closing(server.client()) as client,
        ):
            people.set_rules(client, world.first, enabled=False)
            key = world.admin.keys["valid"]
            assert client.request("GET", "/api/v1/auths/admin/config", bearer(key)).status == 200
            wait_until(lambda: not missing(), missing)
    assert not [secret for secret in world.secrets if secret.encode() in Collector.received]
