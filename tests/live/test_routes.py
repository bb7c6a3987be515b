"""The routes of the host: each has a class, and what a list reaches of them is warned of."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from owui_keygate.routes import OWN, Route, read_classes

from harness.environments import HOST_VERSION
from harness.host_routes import known_of, routes_of
from harness.server import BYPASS_ON, host_settings

if TYPE_CHECKING:
    from harness.environments import Environment

EVERY_ROUTE = {"ENABLE_ADMIN_ANALYTICS": "true", "ENABLE_SCIM": "true", "ENV": "dev"}
"""Has the host make those of its routes that it makes only on demand."""
PRINT = """
import json
import open_webui.main
from owui_keygate.routes import routes_of

print(json.dumps(routes_of(open_webui.main.app)))
"""
BESIDES_OLLAMA = {"ADMIN_API_KEY_ALLOWED_ENDPOINTS": "GET /api/v1, GET /openai"}


@pytest.fixture(scope="module")
def running(keygate: Environment, tmp_path_factory: pytest.TempPathFactory) -> set[Route]:
    """The routes of the host as it runs here, with the extension in it."""
    folder = tmp_path_factory.mktemp("routes")
    settings = host_settings(folder) | BYPASS_ON | EVERY_ROUTE | {"FROM_INIT_PY": "true"}
    printed = keygate.run("python", "-c", PRINT, env=settings, cwd=folder)
    assert printed.returncode == 0, printed.stderr[-2000:]
    return {Route(*route) for route in json.loads(printed.stdout.splitlines()[-1])}


def test_every_route_of_the_running_host_has_a_class(running: set[Route]) -> None:
    assert len(running) > 300
    assert running - read_classes().keys() == set()


def test_the_table_says_of_this_release_what_it_has(running: set[Route]) -> None:
    assert known_of(HOST_VERSION) == running - {OWN}


def test_the_source_says_the_same_as_the_running_host(
    running: set[Route], stock: Environment
) -> None:
    assert routes_of(stock.site_packages) == running - {OWN}
