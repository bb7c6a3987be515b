"""Uses the command `open-webui-admin`."""

from __future__ import annotations

import json
import re
import tempfile
from functools import partial
from pathlib import Path

from tests.deployments.clients.using.calls import CREDENTIAL, URL, command, done, report

run = partial(command, "open-webui-admin", OPENWEBUI_URL=URL, OPENWEBUI_TOKEN=CREDENTIAL)


def listed(what: str) -> str:
    """List something."""
    return done(run(what, "list"))


def knowledge() -> str:
    """Create a knowledge base, and delete it."""
    made = run("knowledge", "create", "--name", "of a command")
    [uuid] = re.findall(r"Created: (\S+)", made)
    return done(run("knowledge", "delete", uuid))


def files() -> str:
    """Upload a file, show it and delete it."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "note.txt"
        file.write_text("text")
        uploaded = run("files", "upload", str(file))
    [uuid] = re.findall(r"-> (\S+)", uploaded)
    run("files", "show", uuid)
    return done(run("files", "delete", uuid))


report(
    {
        "users get": lambda: json.loads(run("users", "get", "--all", "--json"))["count"],
        "config export": lambda: len(json.loads(run("config", "export", "--json"))) > 0,
        "config get": lambda: done(run("config", "get", "--name", "openai")),
        "connections verify": lambda: done(run("connections", "verify")),
        "banners get": lambda: done(run("banners", "get")),
        "banners clear": lambda: done(run("banners", "clear")),
        "knowledge list": lambda: listed("knowledge"),
        "knowledge create, delete": knowledge,
        "files list": lambda: listed("files"),
        "files upload, show, delete": files,
        "models list": lambda: listed("models"),
    }
)
