"""Uses the MCP server `owui-mcp-server`, of which the package `mcp` starts a process."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import httpx
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

from tests.deployments.clients.using.calls import CREDENTIAL, URL, FailedError, report

SERVER = StdioServerParameters(
    command=str(Path(sys.prefix) / "bin" / "owui-mcp-server"),
    env={"OPEN_WEBUI_API_URL": f"{URL}/api/v1", "OPEN_WEBUI_API_TOKEN": CREDENTIAL},
)


async def use(tool: str, **arguments: object) -> str:
    """Call a tool."""
    async with stdio_client(SERVER) as streams, ClientSession(*streams) as session:
        await session.initialize()
        found = await session.call_tool(tool, arguments)
    if found.isError:
        raise FailedError(" ".join(str(getattr(part, "text", "")) for part in found.content))
    return "done"


def show() -> str:
    """Make a knowledge base, and have it shown."""
    headers = {"Authorization": f"Bearer {CREDENTIAL}"}
    form = {"name": "of a server", "description": ""}
    made = httpx.post(f"{URL}/api/v1/knowledge/create", headers=headers, json=form)
    made.raise_for_status()
    return asyncio.run(use("get_knowledge_base_info", knowledge_base_id=made.json()["id"]))


report(
    {
        "get_knowledge_base_info": show,
        "list_knowledge_bases": lambda: asyncio.run(use("list_knowledge_bases")),
    },
    httpx.HTTPStatusError,
)
