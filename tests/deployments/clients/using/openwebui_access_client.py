"""Uses the package `openwebui-access`."""

from __future__ import annotations

import tempfile
from pathlib import Path

import requests
from openwebui_access import OpenWebUIClient

from tests.deployments.clients.using.calls import CREDENTIAL, MODEL, QUESTION, URL, done, report

MESSAGES = [{"role": "user", "content": QUESTION}]
client = OpenWebUIClient(URL, CREDENTIAL)


def stream() -> str:
    """Read a stream to its end."""
    chunks = client.stream_chat_completion(MODEL, MESSAGES)
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks if chunk.get("choices")]
    return "".join(delta.get("content") or "" for delta in deltas)


def files() -> str:
    """Upload a file and delete it."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "note.txt"
        file.write_text("text")
        uploaded = client.upload_file(str(file))
    client.delete_file(uploaded["id"])
    return done(result=True)


report(
    {
        "get_models": lambda: done(client.get_models()),
        "chat_completion": lambda: client.chat_completion(MODEL, MESSAGES)["choices"][0]["message"],
        "stream_chat_completion": stream,
        "upload_file, delete_file": files,
    },
    requests.HTTPError,
)
