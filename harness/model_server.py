"""A model server as OpenAI's API has it, on 127.0.0.1, whose answers repeat the question."""

from __future__ import annotations

import http.server
import json
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ECHO = "echo"
"""The model that repeats what it is asked, word by word; offered tools, it calls them first."""
ENDLESS = "endless"
"""The model that goes on until nobody listens, or it must stop."""
HALTING = "halting"
"""The model that says one word, and the others only when it must stop."""
MODELS = (ECHO, ENDLESS, HALTING)
PAUSE = 0.02
DIMENSIONS = 8


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers a request."""

    protocol_version = "HTTP/1.1"
    server: ModelServer

    def do_GET(self) -> None:
        """List the models."""
        what = {"object": "model", "created": 1, "owned_by": "nobody"}
        self._send({"object": "list", "data": [{"id": name, **what} for name in MODELS]})

    def do_POST(self) -> None:
        """Answer a chat, or embed texts."""
        form = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path.endswith("/embeddings"):
            self._send(embeddings(form["input"]))
            return
        if self.path.endswith("/messages/count_tokens"):
            self._send({"input_tokens": len(form["messages"])})
            return
        text = answer_to(form)
        if form.get("stream"):
            self._stream(form["model"], text.split(" "))
        else:
            self._send(completion(form["model"], "message", text, calls=calls(form)))

    def log_message(self, *_: object) -> None:
        """Say nothing about it."""

    def _send(self, answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, model: str, words: list[str]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        with self.server.streaming():
            self._event(json.dumps(completion(model, "delta", words[0])))
            if model == HALTING:
                self.server.stopping.wait()
            for word in words[1:]:
                self._event(json.dumps(completion(model, "delta", f" {word}")))
            while model == ENDLESS and not self.server.stopping.wait(PAUSE):
                self._event(json.dumps(completion(model, "delta", " on")))
            self._event(json.dumps(completion(model, "delta", "", "stop")))
            self._event("[DONE]")
            self._chunk(b"")

    def _event(self, data: str) -> None:
        self._chunk(f"data: {data}\n\n".encode())

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))


class ModelServer(http.server.ThreadingHTTPServer):
    """The server; each connection has a thread.

    Attributes:
        streams: How many answers it is sending piece by piece now.
        stopping: Set when every answer must come to its end.
    """

    daemon_threads = True
    request_queue_size = 256

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.streams = 0
        self.stopping = threading.Event()
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """The base URL of the API."""
        return f"http://127.0.0.1:{self.server_port}/v1"

    @property
    def settings(self) -> dict[str, str]:
        """The environment variables by which the host finds it."""
        return {
            "ENABLE_OPENAI_API": "true",
            "OPENAI_API_BASE_URL": self.url,
            "OPENAI_API_KEY": "none",
        }

    @contextmanager
    def streaming(self) -> Iterator[None]:
        """Count a stream; it may end because nobody listens any longer."""
        with self._lock:
            self.streams += 1
        try:
            yield
        except ConnectionError:
            pass
        finally:
            with self._lock:
                self.streams -= 1


@contextmanager
def model_server() -> Iterator[ModelServer]:
    """Run a model server."""
    with ModelServer() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.stopping.set()
            server.shutdown()
            thread.join()


def questions(form: dict[str, Any]) -> list[str]:
    """Return what people have said, and what came of tools that they say it in the name of."""
    return [said(each["content"]) for each in form["messages"] if each["role"] == "user"]


def answer_to(form: dict[str, Any]) -> str:
    """Return the last question; of a model that has tools, all that was said."""
    asked = questions(form)
    return " ".join(asked) if form.get("tools") else asked[-1]


def calls(form: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a call of each tool, with the question for each argument; none later on."""
    asked = questions(form)
    if len(asked) > 1:
        return []
    return [
        {
            "id": f"call-{n}",
            "type": "function",
            "function": {
                "name": tool["function"]["name"],
                "arguments": json.dumps(
                    dict.fromkeys(tool["function"]["parameters"]["required"], asked[0])
                ),
            },
        }
        for n, tool in enumerate(form.get("tools", []))
    ]


def said(content: str | list[dict[str, str]]) -> str:
    """Return the text of a message, which may come in parts."""
    if isinstance(content, str):
        return content
    return " ".join(part["text"] for part in content if part["type"] == "text")


def completion(
    model: str,
    kind: str,
    text: str,
    reason: str | None = None,
    calls: Sequence[dict[str, Any]] = (),
) -> dict[str, Any]:
    """Return an answer of a chat: whole, a `message`, or a piece of it, a `delta`."""
    whole = kind == "message"
    message: dict[str, Any] = {"role": "assistant", "content": text}
    if calls:
        message["tool_calls"] = calls
    choice = {"index": 0, kind: message}
    choice["finish_reason"] = "stop" if whole else reason
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion" if whole else "chat.completion.chunk",
        "created": 1,
        "model": model,
        "choices": [choice],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2} if whole else None,
    }


def embeddings(texts: str | list[str]) -> dict[str, Any]:
    """Return the same vector for each text."""
    count = 1 if isinstance(texts, str) else len(texts)
    vector = [1.0] + [0.0] * (DIMENSIONS - 1)
    data = [{"object": "embedding", "index": n, "embedding": vector} for n in range(count)]
    return {"object": "list", "data": data, "model": ECHO, "usage": {}}
