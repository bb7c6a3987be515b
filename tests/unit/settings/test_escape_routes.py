"""What the allowed endpoints reach, of a made-up host and of the routes that are known."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from fastapi import APIRouter, FastAPI
from owui_keygate._native import Policy, Settings
from owui_keygate.settings import escape_routes
from owui_keygate.settings.presets import presets_of
from owui_keygate.settings.routes import DANGERS, HARMLESS, TABLE, Route, read_classes, routes_of
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles

from dev.host_routes import known_of
from harness.environments import RELEASES

if TYPE_CHECKING:
    from pathlib import Path

ISSUE = "GET /api/v1, GET /openai"


def policy_of(endpoints: str | None) -> Policy:
    listed = {} if endpoints is None else {"ADMIN_API_KEY_ALLOWED_ENDPOINTS": endpoints}
    settings = Settings({"ENABLE_ADMIN_API_KEY_BYPASS": "true"} | listed)
    assert settings.problems == []
    return Policy(settings)


def found(endpoints: str | None) -> escape_routes.Exposure:
    """Return what is found while no host is imported."""
    exposure = escape_routes.look(policy_of(endpoints)).exposure
    assert exposure is not None
    return exposure


def nothing() -> None:
    """Answer a request with nothing."""


def application() -> FastAPI:
    """Return an application with a route of every kind."""
    inner, router, outer = FastAPI(), APIRouter(), FastAPI(openapi_url=None)
    router.add_api_route("/{id}/x", nothing, methods=["POST", "GET"])
    router.add_api_websocket_route("/socket", nothing)
    inner.add_api_route("/{rest:path}", nothing, methods=["GET"])
    outer.include_router(router, prefix="/a")
    outer.mount("/inner", inner)
    outer.mount("/", StaticFiles(directory=".", check_dir=False))
    return outer


def test_the_table_is_in_order_and_says_each_thing_once() -> None:
    rows = [line.split() for line in TABLE.read_text().splitlines()]
    keys = [(template, method) for method, template, *_ in rows]
    assert keys == sorted(set(keys))
    assert {kind for _, _, kind, _ in rows} == {HARMLESS, *DANGERS}


def test_no_entry_of_the_table_is_of_no_tried_release() -> None:
    everywhere: set[Route] = set().union(*(known_of(release) for release in RELEASES))
    assert {tuple(line.split()[:2]) for line in TABLE.read_text().splitlines()} == everywhere


def test_what_is_named_first_is_in_the_table() -> None:
    classes = read_classes()
    assert {classes[Route(*name.split())] for name in escape_routes.FOREMOST} < set(DANGERS)


def test_the_routes_of_an_application_are_found_in_all_its_parts() -> None:
    inner = "/inner/docs", "/inner/docs/oauth2-redirect", "/inner/openapi.json", "/inner/redoc"
    expected = {Route(method, path) for method in ("GET", "HEAD") for path in inner}
    expected |= {Route("GET", "/a/{}/x"), Route("POST", "/a/{}/x")}
    expected |= {Route("GET", "/inner/{:path}"), Route("*", "/{:path}")}
    assert set(routes_of(application())) == expected


def test_a_route_of_an_unknown_kind_is_not_passed_over() -> None:
    app = FastAPI()
    app.router.routes.append(Mount("/m", routes=[BaseRoute()]))
    with pytest.raises(TypeError, match="BaseRoute"):
        routes_of(app)


def test_a_route_without_a_class_is_said_to_be_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    imitate(monkeypatch, application())
    [warning] = escape_routes.warnings(found("POST /a/b"))
    assert warning == (
        "ADMIN_API_KEY_ALLOWED_ENDPOINTS lets a key reach what this version does not know: "
        "POST /a/{}/x"
    )


def imitate(monkeypatch: pytest.MonkeyPatch, app: FastAPI) -> None:
    main = ModuleType("open_webui.main")
    monkeypatch.setattr(main, "app", app, raising=False)
    monkeypatch.setitem(sys.modules, main.__name__, main)


def test_reads_alone_reach_the_database_and_the_configuration() -> None:
    data = found(ISSUE)["data"]
    assert {"GET /api/v1/utils/db/download", "GET /api/v1/configs/export"} < set(data)
    text = "\n".join(escape_routes.warnings(found(ISSUE)))
    assert "GET /api/v1/utils/db/download" in text
    assert "GET /api/v1/configs/export" in text


def test_a_connection_that_collects_sessions_is_warned_of() -> None:
    warning, below = escape_routes.warnings(found("POST /openai/config/update"))
    assert "connections" in warning
    assert warning.endswith(": POST /openai/config/update")
    assert below.endswith(": POST /openai/{:path}"), "the host passes on what is below it"


def test_settings_that_send_a_session_to_a_server_are_warned_of() -> None:
    """The page sends the session of whoever uses it to tool servers in their own settings."""
    [warning] = escape_routes.warnings(found("POST /api/v1/users/user/settings/update"))
    assert warning.endswith(": POST /api/v1/users/user/settings/update")


@pytest.mark.parametrize(
    "endpoints",
    [
        None,
        "GET /api/models, GET /api/version, /health",
        "GET|POST /api/v1/memories/query, GET /api/v1/users/user/settings",
        "POST /api/v1/utils/db/download",
        "/not/there",
    ],
)
def test_a_list_that_reaches_nothing_dangerous_warns_of_nothing(endpoints: str | None) -> None:
    assert found(endpoints) == {}
    assert escape_routes.warnings({}) == []


def test_an_error_costs_the_warnings_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broken = FastAPI()
    broken.router.routes.append(BaseRoute())
    imitate(monkeypatch, broken)
    assert escape_routes.look(policy_of("GET /api/v1")) == (
        None,
        ["What ADMIN_API_KEY_ALLOWED_ENDPOINTS reaches is not known, see the log"],
        None,
    )
    assert caplog.messages == [
        "Search for dangerous routes failed (TypeError); "
        "no warnings about ADMIN_API_KEY_ALLOWED_ENDPOINTS"
    ]


def test_everything_is_a_warning_for_each_class_and_no_more() -> None:
    everything = found("*")
    assert list(everything) == list(DANGERS)
    lines = escape_routes.warnings(everything)
    assert len(lines) == len(DANGERS)
    assert max(map(len, lines)) < 500
    for name in escape_routes.FOREMOST:
        assert any(f" {name}" in line for line in lines)


def test_a_warning_says_how_many_it_does_not_name() -> None:
    names = [f"GET /{number}" for number in range(escape_routes.NAMED + 2)]
    [line] = escape_routes.warnings({"code": names})
    assert line.endswith("GET /5 and 2 more, which `owui-keygate doctor --json` lists")
    [line] = escape_routes.warnings({"code": names[: escape_routes.NAMED]})
    assert line.endswith("GET /5")


def policy_with(
    folder: Path,
    accounts: dict[str, str | None],
    presets: dict[str, list[str]] | None = None,
    **settings: str,
) -> Policy:
    """Return the policy of a file with these accounts, each with an endpoint or without any."""
    lines = []
    for place, (name, endpoint) in enumerate(accounts.items()):
        lines += [f"[account.{name}]", f'user = "a{place}@example.org"']
        lines += [] if endpoint is None else [f'endpoints = ["{endpoint}"]']
    file = folder / "policy.toml"
    file.write_text("\n".join(lines))
    file.chmod(0o600)
    read = Settings(
        {"ENABLE_ADMIN_API_KEY_BYPASS": "true", "ADMIN_API_KEY_POLICY_FILE": str(file)} | settings,
        presets,
    )
    assert read.problems == []
    return Policy(read)


def test_an_account_is_warned_of_by_its_name(tmp_path: Path) -> None:
    accounts = {"admin": "POST /api/v1/auths/add", "open": None, "status": "GET /health"}
    looked = escape_routes.look(policy_with(tmp_path, accounts))
    assert looked.exposure == {}
    assert looked.exposure_by_account == {"admin": {"accounts": ["POST /api/v1/auths/add"]}}
    assert looked.warnings == [
        "ADMIN_API_KEY_POLICY_FILE has no endpoints for account open: its key reaches all that "
        "ADMIN_API_KEY_ALLOWED_ENDPOINTS allows, or everything while that is unset",
        "ADMIN_API_KEY_POLICY_FILE lets the key of account admin change accounts or keys "
        "(POST /api/v1/auths/add)",
    ]


@pytest.mark.parametrize("preset", ["status", "models", "read"])
def test_a_preset_that_is_harmless_is_not_warned_of(tmp_path: Path, preset: str) -> None:
    for release in RELEASES:
        presets = presets_of(tuple(map(int, release.split("."))))
        policy = policy_with(tmp_path, {"one": f"@{preset}"}, presets)
        assert escape_routes.look(policy).warnings == []


def test_an_account_is_warned_of_in_one_line_for_all_classes(tmp_path: Path) -> None:
    [line] = escape_routes.look(policy_with(tmp_path, {"all": "*"})).warnings
    for lets in DANGERS.values():
        assert lets in line
    assert "(POST /api/v1/functions/create and " in line
    assert len(line) < 700


def test_an_account_reaches_no_more_than_the_environment(tmp_path: Path) -> None:
    policy = policy_with(
        tmp_path,
        {"admin": "POST /api/v1/auths/add", "data": "GET *"},
        ADMIN_API_KEY_ALLOWED_ENDPOINTS="GET /api/v1/configs/export$",
    )
    looked = escape_routes.look(policy)
    assert looked.exposure_by_account == {"data": {"data": ["GET /api/v1/configs/export"]}}


def test_many_accounts_do_not_fill_the_log(tmp_path: Path) -> None:
    accounts: dict[str, str | None] = {f"a{number}": None for number in range(25)}
    policy = policy_with(tmp_path, accounts)
    lines = escape_routes.look(policy).warnings
    assert len(lines) == escape_routes.MOST_ACCOUNTS + 1
    assert lines[-1] == (
        "ADMIN_API_KEY_POLICY_FILE: 5 more warnings of this kind, which `owui-keygate policy "
        "check` lists"
    )
    assert len(escape_routes.account_warnings(policy)) == 25
