"""The tests that clients carry in their source distributions, where these talk to a server."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from dev.outcomes import Outcomes, run_pytest
from harness.model_server import ECHO
from harness.processes import end, listens, start
from harness.server import free_port
from harness.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from harness.environments import Environment
    from harness.server import Server


class Suite(NamedTuple):
    """The tests of a client.

    Attributes:
        package: The name of its source distribution.
        environment: The name of its requirements in harness/clients/.
        run: Runs them in an environment and their folder, on a server and with a key.
    """

    package: str
    environment: str
    run: Callable[[Environment, Path, Server, str], Outcomes]


def _openwebui_client(environment: Environment, folder: Path, server: Server, key: str) -> Outcomes:
    told = {
        "OPENWEBUI_API_BASE": f"{server.url}/api",
        "OPENWEBUI_API_KEY": key,
        "OPENWEBUI_DEFAULT_MODEL": ECHO,
    }
    return _by_pytest(environment, folder, told)


def _openwebui_mcp_server(
    environment: Environment, folder: Path, server: Server, key: str
) -> Outcomes:
    with _mcp_server(environment, folder / "server", server) as url:
        told = {"MCP_SERVER_URL": url, "WEBUI_URL": server.url, "WEBUI_API_KEY": key}
        return _by_pytest(environment, folder, told)


def _owui_cli(environment: Environment, folder: Path, server: Server, key: str) -> Outcomes:
    """Run its program, which prints what passes and ends at what does not."""
    told = {"OWUI_URL": server.url, "OWUI_TOKEN": key} | _around(environment, folder)
    done = environment.run("python", "tests/live_smoke.py", env=told, cwd=folder)
    assert done.returncode == 0 or "RuntimeError: CLI command failed" in done.stderr, done.stderr
    passed = [line for line in done.stdout.splitlines() if line.startswith("PASS")]
    return dict.fromkeys(passed, "passed") | ({"the rest": "failed"} if done.returncode else {})


EVERY_ROUTE = "loose and test_method and not Async and not api_key"
"""The tests of `pyopenwebui` that call each route once; none by which a key would delete itself."""
_CHANGES = {
    'bearer_token = "My Bearer Token"': 'bearer_token = os.environ["OPENWEBUI_API_KEY"]',
    "_strict_response_validation=strict": "_strict_response_validation=strict, max_retries=0",
}
"""What `pyopenwebui` cannot be told: the key, and not to ask again after an error."""


def every_route(environment: Environment, folder: Path, server: Server, key: str) -> Outcomes:
    """Run the tests of `pyopenwebui`, which change whatever can be changed."""
    fixtures = folder / "tests" / "conftest.py"
    text = fixtures.read_text()
    for there, here in _CHANGES.items():
        assert there in text
        text = text.replace(there, here)
    fixtures.write_text(text)
    told = {"TEST_API_BASE_URL": server.url, "OPENWEBUI_API_KEY": key}
    return _by_pytest(environment, folder, told, "tests/api_resources", "-k", EVERY_ROUTE)


def answers(server: Server) -> list[tuple[str, str]]:
    """Return the requests that a server has answered, and each status."""
    found = re.findall(r'"(\w+ \S+) HTTP/1.1" (\d+)', server.log)
    return [each for each in found if each[0] != "GET /health"]


SUITES = (
    Suite("openwebui-client", "openwebui-client", _openwebui_client),
    Suite("openwebui-mcp-server", "openwebui-mcp-server", _openwebui_mcp_server),
    Suite("owui-cli", "owui", _owui_cli),
)


def _by_pytest(
    environment: Environment, folder: Path, told: dict[str, str], *arguments: str
) -> Outcomes:
    """Run tests, by default all; some that talk to a server skip where they are told of none."""
    settings = told | _around(environment, folder)
    asked = arguments or ["tests"]
    return run_pytest(environment, folder / "report.xml", settings, asked, cwd=folder)


@contextmanager
def _mcp_server(environment: Environment, folder: Path, server: Server) -> Iterator[str]:
    """Run the MCP server in front of a server; it passes on the keys that it is given."""
    port = free_port()
    told = {"MCP_TRANSPORT": "http", "MCP_HTTP_PORT": str(port), "WEBUI_URL": server.url}
    command = [environment.command("openwebui-mcp")]
    process = start(command, folder, told | _around(environment, folder))
    try:
        wait_until(lambda: listens(port), (folder / "log").read_text)
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        end(process)


def _around(environment: Environment, folder: Path) -> dict[str, str]:
    path = f"{environment.folder / 'bin'}:/usr/bin:/bin"
    return {"HOME": str(folder), "LANG": "C.UTF-8", "PATH": path}
