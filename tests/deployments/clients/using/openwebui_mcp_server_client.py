"""Uses the MCP server `openwebui-mcp-server`."""

from __future__ import annotations

from tests.deployments.clients.using.calls import CREDENTIAL, URL
from tests.deployments.clients.using.mcp_calls import as_a_child, report_tools

TOOLS: dict[str, dict[str, object]] = {
    name: {}
    for name in (
        "list_users",
        "list_groups",
        "list_models",
        "list_knowledge_bases",
        "list_files",
        "list_prompts",
        "list_tools",
        "list_functions",
        "list_notes",
        "list_folders",
        "list_chats",
        "list_channels",
        "get_system_config",
        "get_banners",
        "get_current_user",
    )
}
report_tools(as_a_child(WEBUI_URL=URL, WEBUI_API_KEY=CREDENTIAL), TOOLS)
