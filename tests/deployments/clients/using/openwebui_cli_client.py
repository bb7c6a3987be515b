"""Uses the command `openwebui-cli`, which is made of the library `openwebui-sdk`."""

from __future__ import annotations

import json
import tempfile
import uuid
from functools import partial
from pathlib import Path

from tests.deployments.clients.using.calls import (
    CREDENTIAL,
    MODEL,
    QUESTION,
    URL,
    command,
    done,
    report,
)

run = partial(command, "openwebui-cli", OPENWEBUI_URL=URL, OPENWEBUI_API_KEY=CREDENTIAL)
TOOL = '''"""title: of a command"""
class Tools:
    def nothing(self) -> str:
        """Return nothing."""
        return ""
'''


def tool() -> str:
    """Create a tool, show it and delete it."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "tool.py"
        file.write_text(TOOL)
        run("tools", "create", "of_a_command", "--content-file", str(file))
    run("tools", "get", "of_a_command")
    return done(run("tools", "delete", "of_a_command"))


def model() -> str:
    """Create a model; the command that deletes one asks for a route that is gone."""
    name = uuid.uuid4().hex
    return done(run("models", "create", name, "--base-model", MODEL, "--name", name))


report(
    {
        "models list": lambda: done(json.loads(run("models", "list", "--json"))),
        "models delete": lambda: done(run("models", "delete", "of-nobody")),
        "models create": model,
        "tools list": lambda: len(json.loads(run("tools", "list", "--json"))),
        "tools create, get, delete": tool,
        "functions list": lambda: len(json.loads(run("functions", "list", "--json"))),
        "ask": lambda: run("ask", MODEL, QUESTION).strip(),
        "auth login": lambda: done(run("auth", "login")),
        "auth whoami": lambda: done(run("auth", "whoami")),
    }
)
