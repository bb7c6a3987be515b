"""A collector that the host's OpenTelemetry sends its metrics and spans to."""

from __future__ import annotations

import http.server
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

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


@contextmanager
def collecting() -> Iterator[str]:
    """Run a collector that has received nothing yet, and yield its address."""
    Collector.received = b""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1/any"
        finally:
            server.shutdown()
            thread.join()
