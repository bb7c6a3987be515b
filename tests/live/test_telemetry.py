"""The counters and span attributes that reach a collector of the host's OpenTelemetry."""

from __future__ import annotations

import http.server
import threading
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest

from harness import people
from harness.client import bearer
from harness.server import BYPASS_ON
from harness.waiting import wait_until
from tests.support.generations import RELEASE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.environments import Environment
    from tests.support.world import World

EXPORTED = (b"owui_keygate.decisions", b"allow_bypass", b"client.auth.bypass", b"client.user.role")
"""OTLP is protobuf, which holds texts as they are."""


class Collector(http.server.BaseHTTPRequestHandler):
    """Keeps what is sent to it."""

    received = b""

    def do_POST(self) -> None:
        """Take a message."""
        Collector.received += self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing about it."""


def missing() -> list[bytes]:
    """Return what has not been sent yet."""
    return [text for text in EXPORTED if text not in Collector.received]


@contextmanager
def collecting() -> Iterator[str]:
    """Run a collector, and yield its address."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1/any"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.skipif(RELEASE < (0, 9, 0), reason="the requirements of older hosts leave it out")
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
