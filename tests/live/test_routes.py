"""The routes of the host: each has a class, and what a list reaches of them is warned of."""

from __future__ import annotations

import json
import re
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from owui_keygate.settings.routes import OWN, Route, read_classes

from dev.host_routes import known_of, routes_of
from harness.client import bearer
from harness.environments import HOST_VERSION
from harness.server import BYPASS_ON, host_settings
from tests.support.doctor import doctor, facts
from tests.support.generations import RELEASE

if TYPE_CHECKING:
    from pathlib import Path

    from harness.environments import Environment
    from tests.support.world import World

SCIM = {"ENABLE_SCIM": "true", "SCIM_ENABLED": "true"}
"""The first hosts with SCIM read the latter."""
STATUS = "/api/v1/keygate"
EVERY_ROUTE = {"ENABLE_ADMIN_ANALYTICS": "true", "ENV": "dev"} | SCIM
"""Has the host make those of its routes that it makes only on demand."""
PRINT = """
import json
import open_webui.main
from owui_keygate.settings.routes import routes_of

print(json.dumps(routes_of(open_webui.main.app)))
"""
LISTED = {"ADMIN_API_KEY_ALLOWED_ENDPOINTS": "GET /api/v1, GET /openai"}
HARMLESS = {"ADMIN_API_KEY_ALLOWED_ENDPOINTS": "GET /api/models, /health"}
WARNING = re.compile(
    r"ADMIN_API_KEY_(?:ALLOWED_ENDPOINTS lets|POLICY_FILE (?:lets|has)) .*?(?=(?: - {})?$)",
    re.MULTILINE,
)
"""Up to 0.6.18 the host ends each line of its log with ` - {}`."""


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
    assert known_of(HOST_VERSION) == running - OWN.keys()


def test_the_source_says_the_same_as_the_running_host(
    running: set[Route], keygate: Environment
) -> None:
    assert routes_of(keygate.site_packages) == running - OWN.keys()


def told(
    world: World, keygate: Environment, folder: Path, settings: dict[str, str]
) -> tuple[list[str], list[str], list[str]]:
    """Return the warnings of `doctor`, of the log at start and of the status route."""
    diagnosed: list[str] = facts(keygate, BYPASS_ON | settings)["warnings"]
    with (
        world.server(keygate, folder, BYPASS_ON | settings) as server,
        closing(server.client()) as client,
    ):
        status = client.request("GET", STATUS, bearer(world.admin.session)).json()
        logged = WARNING.findall(server.log)
    return diagnosed, logged, status["warnings"]


def test_doctor_log_and_status_warn_of_the_same(
    world: World, keygate: Environment, tmp_path: Path
) -> None:
    diagnosed, logged, by_status = told(world, keygate, tmp_path / "listed", LISTED)
    assert diagnosed == logged == by_status
    text = "\n".join(diagnosed)
    assert "GET /api/v1/utils/db/download" in text
    assert "GET /api/v1/configs/export" in text
    assert "GET /openai/{:path}" in text


@pytest.mark.skipif(RELEASE < (0, 6, 36), reason="older hosts have no SCIM")
def test_they_know_of_routes_that_the_host_makes_on_demand(
    world: World, keygate: Environment, tmp_path: Path
) -> None:
    listed = {"ADMIN_API_KEY_ALLOWED_ENDPOINTS": "GET /api/v1/scim/v2/Users"}
    assert told(world, keygate, tmp_path / "plain", listed) == ([], [], [])
    diagnosed, logged, by_status = told(world, keygate, tmp_path / "scim", listed | SCIM)
    assert diagnosed == logged == by_status
    assert "GET /api/v1/scim/v2/Users/{}" in diagnosed[0]


def test_a_harmless_list_is_not_warned_of(
    world: World, keygate: Environment, tmp_path: Path
) -> None:
    assert told(world, keygate, tmp_path / "harmless", HARMLESS) == ([], [], [])


def test_doctor_lists_all_that_is_reached(keygate: Environment) -> None:
    listed = BYPASS_ON | {"ADMIN_API_KEY_ALLOWED_ENDPOINTS": "POST /openai/config/update"}
    report = facts(keygate, listed)
    assert report["exposure"] == {
        "configuration": ["POST /openai/config/update"],
        "upstream": ["POST /openai/{:path}"],
    }
    printed = doctor(keygate, listed).stdout.splitlines()
    assert [line for line in printed if line.startswith("warning: ")] == [
        f"warning: {warning}" for warning in report["warnings"]
    ]


def test_accounts_are_warned_of_and_may_use_the_presets_of_this_release(
    world: World, keygate: Environment, tmp_path: Path
) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(
        '[account.bot]\nuser = "bot@example.org"\nendpoints = ["@users"]\n'
        '[account.open]\nuser = "open@example.org"\n'
        '[account.status]\nuser = "status@example.org"\nendpoints = ["@status", "@models"]\n'
    )
    file.chmod(0o600)
    settings = {"ADMIN_API_KEY_POLICY_FILE": str(file)}
    diagnosed, logged, by_status = told(world, keygate, tmp_path / "accounts", settings)
    assert diagnosed == logged == by_status
    without, dangerous = diagnosed
    assert "has no endpoints for account open: its key reaches all" in without
    assert (
        "lets the key of account bot change accounts or keys (POST /api/v1/auths/add" in dangerous
    )
    exposure = facts(keygate, BYPASS_ON | settings)["exposure_by_account"]
    assert exposure.keys() == {"bot"}
    assert "POST /api/v1/users/{}/update" in exposure["bot"]["accounts"]
