"""Uses the MCP server `openwebui-mcp` by HTTP; it does not start with the usual transport."""

from __future__ import annotations

import os
import socket
import subprocess

from harness.processes import listens
from harness.waiting import wait_until
from tests.deployments.clients.using.calls import CREDENTIAL, MODEL, QUESTION, URL
from tests.deployments.clients.using.mcp_calls import COMMAND, report_tools

TOOLS = {"list_models": {}, "ask": {"prompt": QUESTION, "model": MODEL, "use_tools": False}}


with socket.socket() as taken:
    taken.bind(("127.0.0.1", 0))
    port = taken.getsockname()[1]
place = ("--transport", "streamable-http", "--host", "127.0.0.1", "--port", str(port))
variables = {"OPENWEBUI_URL": URL, "OPENWEBUI_API_KEY": CREDENTIAL}
with subprocess.Popen([COMMAND, *place], env=os.environ | variables) as server:
    try:
        wait_until(lambda: listens(port), lambda: "no server")
        report_tools(f"http://127.0.0.1:{port}/mcp", TOOLS)
    finally:
        server.terminate()
