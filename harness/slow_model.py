"""A model server, as OpenAI's, whose answers stay half way until they are let go."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

MODEL = "slow"
FIRST, LAST = "half", "done"


class SlowModel:
    """The server, on 127.0.0.1; a context manager."""

    def __init__(self) -> None:
        self._let_go = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self._let_go))
        self._thread = threading.Thread(target=self._server.serve_forever)

    @property
    def settings(self) -> dict[str, str]:
        """The environment variables by which the host finds it."""
        return {
            "ENABLE_OPENAI_API": "true",
            "OPENAI_API_BASE_URL": f"http://127.0.0.1:{self._server.server_port}/v1",
            "OPENAI_API_KEY": "none",
        }

    def __enter__(self) -> Self:
        """Start it."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Let all answers go, and stop it."""
        self.let_go()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def let_go(self) -> None:
        """Let all answers come to their end, also those that have not begun."""
        self._let_go.set()


def _handler(let_go: threading.Event) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._begin("application/json")
            self._write(json.dumps({"data": [{"id": MODEL, "object": "model"}]}))

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self._begin("text/event-stream")
            self._write(_event(FIRST))
            let_go.wait()
            self._write(_event(LAST) + "data: [DONE]\n\n")

        def log_message(self, *_: Any) -> None:  # noqa: ANN401 (as in the class above)
            pass

        def _begin(self, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.end_headers()

        def _write(self, text: str) -> None:
            self.wfile.write(text.encode())
            self.wfile.flush()

    return Handler


def _event(text: str) -> str:
    choice = {"index": 0, "delta": {"role": "assistant", "content": text}}
    return f"data: {json.dumps({'id': 'x', 'model': MODEL, 'choices': [choice]})}\n\n"
