"""Calls the tools of an MCP server with the client of `fastmcp`."""

from __future__ import annotations

import asyncio
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from fastmcp import Client
from fastmcp.client.transports import StdioTransport

from tests.deployments.clients.using.calls import FailedError, report

if TYPE_CHECKING:
    from collections.abc import Mapping

COMMAND = str(Path(sys.prefix) / "bin" / "openwebui-mcp")
"""What starts the server, in both packages."""


def as_a_child(**variables: str) -> StdioTransport:
    """Return how to reach a server that the client starts itself."""
    return StdioTransport(COMMAND, [], env=os.environ | variables)


def report_tools(server: StdioTransport | str, tools: Mapping[str, Mapping[str, object]]) -> None:
    """Call tools, each with its arguments, and print what came of each."""

    async def use() -> dict[str, str | None]:
        async with Client(server) as client:
            return {name: await failure(client, name) for name in tools}

    async def failure(client: Client, name: str) -> str | None:
        found = await client.call_tool(name, dict(tools[name]), raise_on_error=False)
        text = " ".join(str(getattr(part, "text", "")) for part in found.content)
        return text if found.is_error else None

    failures = asyncio.run(use())
    report({name: partial(told, failures[name]) for name in tools})


def told(failure: str | None) -> str:
    """Tell that a call worked.

    Raises:
        FailedError: It did not.
    """
    if failure is not None:
        raise FailedError(failure)
    return "done"
