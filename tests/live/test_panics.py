"""A panic of the native module, at whatever entry point, ends as on the stock host.

The answer is the stock host's, an ERROR says so, the worker lives on, and the next request is
decided as ever.
"""

from __future__ import annotations

import os
import re
import signal
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from owui_keygate.recording.telemetry import COUNTER, GAUGE

from harness import people
from harness.client import bearer, cookie
from harness.server import BYPASS_ON, Server, by_uvicorn, host_settings
from harness.waiting import wait_until
from tests.live.in_host.panicking import entry_points
from tests.support.collector import EXPORTED, Collector, collecting
from tests.support.generations import RELEASE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.environments import Environment
    from tests.support.world import World

pytestmark = pytest.mark.skipif(RELEASE < (0, 10, 0), reason="tried on generation D")

SETTINGS = "/api/v1/users/user/settings"
OWN_KEY = "/api/v1/auths/api_key"
STATUS = "/api/v1/keygate"
KEYS = "/api/v1/keygate/keys"
OURS = {"keys", "status"}
"""The routes that are ours alone, and have nothing to say where something fails."""
IN_HOST = Path(__file__).parent / "in_host"
ERROR = re.compile(r"\bERROR\b")
PANIC = re.compile("panic", re.IGNORECASE)

AT_START = {
    "Audit.__new__": {},
    "Policy.__new__": {},
    "Policy.bypass": {},
    "Policy.may_bypass": {},
    "Policy.must_ask_server": {},
    "Policy.rules_every_admin": {},
    "SessionVerifier.__new__": {},
    "Settings.__new__": {},
    "Settings.bypass": {},
    "Settings.enabled": {},
    "Settings.problems": {},
    "Settings.strict": {"ADMIN_API_KEY_MAX_AGE": "wrong"},
}
"""What is called while the host starts, with the settings that lead there."""

BY_REQUEST = {
    "Audit.counts": {"status"},
    "Audit.counts_by_account": {"status"},
    "Audit.endings": {"status"},
    "Policy.judge": {"key"},
    "Policy.decide_let_in": set(),
    "Policy.distrusts_addresses": {"status"},
    "Policy.own_key": {"own key", "account page"},
    "SessionVerifier.verify": {"session"},
    "Settings.to_json": {"status"},
    "fingerprint": {"keys"},
}
"""What is called by requests, and by which of `probes` while keys are off."""

USUAL = {"account page": True, "key": 200, "keys": 200, "own key": 200, "status": 200}
"""What becomes of the requests that the stock host answers otherwise."""

BY_FIRST_REQUEST = {"Policy.note_server", "hold_everyone"}
"""What is called by the first request that has networks to hold a client against."""

BY_EXPORT = {"Audit.counts_by_account": COUNTER, "Audit.endings": GAUGE}
"""What the host's OpenTelemetry calls, and for which instrument."""

ELSEWHERE = {
    "Audit.counts_by_account",
    "Audit.drain",
    "Audit.note",
    "Policy.account",
    "Policy.accounts",
    "Policy.covering",
    "Policy.reaches",
    "Policy.watch",
    "check_policy_file",
    "is_setting",
    "parse_duration",
}
"""What is called when the process ends, for limits of whom the host lets in, for warnings, and by
the command `owui-keygate`."""


def test_every_entry_point_is_tried() -> None:
    assert {*AT_START, *BY_REQUEST, *BY_FIRST_REQUEST, *ELSEWHERE} == set(entry_points())


@contextmanager
def panicking(
    world: World,
    keygate: Environment,
    folder: Path,
    entry_point: str = "",
    settings: dict[str, str] | None = None,
) -> Iterator[Server]:
    """Run a server with keys off, the bypass on and a native module that can be told to panic."""
    command = by_uvicorn(keygate, "--factory", "--app-dir", str(IN_HOST), app="panicking:app")
    all_settings = {"FROM_INIT_PY": "true", "OWUI_KEYGATE_AUDIT": "all"} | (settings or {})
    server = world.server(keygate, folder, BYPASS_ON | all_settings, command)
    tell(server, entry_point)
    with server:
        yield server


@contextmanager
def telling(server: Server, entry_point: str) -> Iterator[None]:
    """Have an entry point panic meanwhile."""
    tell(server, entry_point)
    try:
        yield
    finally:
        tell(server, "")


def tell(server: Server, entry_point: str) -> None:
    """Have an entry point panic from now on, or none."""
    new = server.folder / "panic.new"
    new.write_text(entry_point)
    new.replace(server.folder / "panic")


def is_logged(server: Server, text: str) -> bool:
    """Whether a text stands in the log of a server."""
    return text in server.log


def probes(server: Server, world: World) -> dict[str, object]:
    """Return what becomes of requests that the extension has a word in, by their names."""
    key, session = world.admin.keys["valid"], world.admin.session
    with closing(server.client()) as client:
        features = client.request("GET", "/api/config", bearer(session)).json()["features"]
        return {
            "account page": bool(features.get("enable_api_keys")),
            "key": client.request("GET", SETTINGS, bearer(key)).status,
            "keys": client.request("GET", KEYS, bearer(session)).status,
            "nobody's key": client.request("GET", SETTINGS, bearer(people.NOBODYS_KEY)).status,
            "own key": client.request("GET", OWN_KEY, bearer(session)).status,
            "session": client.request("GET", SETTINGS, bearer(session)).status,
            "status": client.request("GET", STATUS, bearer(session)).status,
            "user's key": client.request(
                "GET", SETTINGS, bearer(world.permitted.keys["valid"])
            ).status,
            "wrong session": client.request("GET", SETTINGS, bearer(session + "x")).status,
        }


@pytest.fixture(scope="module")
def on_stock(
    world: World, stock: Environment, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, object]:
    """What the stock host makes of these requests."""
    with world.server(stock, tmp_path_factory.mktemp("panics") / "panics_stock") as server:
        return probes(server, world)


@pytest.mark.parametrize("entry_point", AT_START)
def test_a_panic_at_start_leaves_the_host_as_it_is(
    world: World,
    keygate: Environment,
    tmp_path: Path,
    on_stock: dict[str, object],
    entry_point: str,
) -> None:
    folder = tmp_path / f"start_{entry_point.replace('.', '_').lower()}"
    with panicking(world, keygate, folder, entry_point, AT_START[entry_point]) as server:
        assert probes(server, world) == on_stock
        [line] = [line for line in server.log.splitlines() if ERROR.search(line)]
        assert "Open WebUI runs unmodified" in line
        assert PANIC.search(line)


@pytest.fixture(scope="module")
def server(
    world: World, keygate: Environment, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    with panicking(world, keygate, tmp_path_factory.mktemp("panics") / "panics") as started:
        yield started


@pytest.mark.parametrize("entry_point", BY_REQUEST)
def test_a_panic_ends_a_request_as_on_stock(
    world: World, server: Server, on_stock: dict[str, object], entry_point: str
) -> None:
    assert probes(server, world) == on_stock | USUAL
    workers = server.workers()
    since = len(server.log)
    touched = BY_REQUEST[entry_point]
    expected = {name: 500 if name in OURS else on_stock[name] for name in touched}
    with telling(server, entry_point):
        found = probes(server, world)
    assert found == on_stock | USUAL | expected
    log = server.log[since:]
    assert bool(PANIC.search(log)) is bool(touched)
    errors = [line for line in log.splitlines() if ERROR.search(line)]
    assert len(errors) >= len(touched)
    assert not [secret for secret in world.secrets if secret in log]
    assert probes(server, world) == on_stock | USUAL
    assert server.workers() == workers


@pytest.fixture(scope="module")
def limited(
    world: World, keygate: Environment, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A server with keys on, and a limit that an administrator's key is beyond."""
    folder = tmp_path_factory.mktemp("panics") / "panics_limited"
    settings = {"ADMIN_API_KEY_ALLOWED_ENDPOINTS": OWN_KEY}
    with panicking(world, keygate, folder, settings=settings) as started:
        with closing(started.client()) as client:
            people.set_rules(client, world.first, enabled=True)
        yield started


@pytest.mark.parametrize("entry_point", BY_REQUEST)
def test_a_panic_leads_nobody_past_a_limit(world: World, limited: Server, entry_point: str) -> None:
    key, user = world.admin.keys["valid"], world.permitted.keys["valid"]
    forbidden = [
        ("GET", SETTINGS, bearer(key)),
        ("GET", SETTINGS, cookie(key)),
        *((method, OWN_KEY, bearer(key)) for method in ("GET", "POST", "DELETE")),
    ]
    with closing(limited.client()) as client, telling(limited, entry_point):
        for request in forbidden:
            assert client.request(*request).status == 403, request
        assert client.request("GET", SETTINGS, bearer(user)).status == 200
        assert client.request("GET", SETTINGS, bearer(world.admin.session)).status == 200
    with closing(limited.client()) as client:
        assert client.request("GET", SETTINGS, bearer(key)).status == 403
    assert not [secret for secret in world.secrets if secret in limited.log]


def test_a_panic_while_warnings_are_sought_costs_the_warnings_alone(
    world: World, keygate: Environment, tmp_path: Path, on_stock: dict[str, object]
) -> None:
    with panicking(world, keygate, tmp_path / "exposure", "Policy.reaches") as server:
        assert probes(server, world) == on_stock | USUAL
        with closing(server.client()) as client:
            status = client.request("GET", STATUS, bearer(world.admin.session)).json()
        errors = [line for line in server.log.splitlines() if ERROR.search(line)]
    assert status["warnings"] == [
        "What ADMIN_API_KEY_ALLOWED_ENDPOINTS reaches is not known, see the log"
    ]
    assert len(errors) == 2, "at the start and for the first status"
    assert all("Search for dangerous routes failed (PanicException)" in line for line in errors)


def test_a_panic_while_the_server_is_asked_lets_nobody_in(
    world: World, keygate: Environment, tmp_path: Path
) -> None:
    settings = {
        "ADMIN_API_KEY_ALLOWED_NETWORKS": "127.0.0.0/8",
        "FORWARDED_ALLOW_IPS": "127.0.0.1",
    }
    folder = tmp_path / "panics_asked"
    with (
        panicking(world, keygate, folder, "Policy.note_server", settings) as server,
        closing(server.client()) as client,
    ):

        def detail() -> object:
            answer = client.request("GET", SETTINGS, bearer(world.admin.keys["valid"]))
            return answer.json().get("detail")

        assert detail() == "Use of API key is not enabled in the environment."
        assert (
            "API-key check failed (PanicException); falling back to Open WebUI's own check"
            in server.log
        )
        for entry_point in ("hold_everyone", ""):
            tell(server, entry_point)
            assert detail() == "Refused by ADMIN_API_KEY_ALLOWED_NETWORKS."
        [line] = [line for line in server.log.splitlines() if "refuses every key" in line]
        assert PANIC.search(line)


def test_a_panic_in_telemetry_or_at_the_end_is_an_error(
    world: World, keygate: Environment, tmp_path: Path
) -> None:
    with collecting() as address:
        settings = {
            "ENABLE_OTEL": "true",
            "ENABLE_OTEL_METRICS": "true",
            "OTEL_EXPORTER_OTLP_ENDPOINT": address,
            "OTEL_OTLP_SPAN_EXPORTER": "http",
            "OTEL_METRICS_EXPORT_INTERVAL_MILLIS": "200",
        }
        folder = tmp_path / "panics_elsewhere"
        with panicking(world, keygate, folder, settings=settings) as server:
            for entry_point, instrument in BY_EXPORT.items():
                failed = f"Callback failed for instrument {instrument}."
                with telling(server, entry_point):
                    wait_until(partial(is_logged, server, failed), server.end_of_log)
            probes(server, world)
            wait_until(lambda: EXPORTED[0] in Collector.received, server.end_of_log)
            tell(server, "Audit.drain")
            since = len(server.log)
            # After SIGTERM Uvicorn ends the process without what is registered for its end.
            os.kill(server.pid, signal.SIGINT)
            server.wait_until_dead()
    [line] = [line for line in server.log[since:].splitlines() if ERROR.search(line)]
    assert PANIC.search(line)


def test_a_panic_in_the_command_makes_no_key(keygate: Environment, tmp_path: Path) -> None:
    (tmp_path / "panic").write_text("parse_duration")
    command = (
        "import panicking; panicking.arm_all(); from owui_keygate.commands.cli import app; app()"
    )
    run = keygate.run(
        "python",
        *("-c", command, "keys", "create", "bot@example.org", "--expires", "90d"),
        env=host_settings(tmp_path) | {"PYTHONPATH": str(IN_HOST)},
        cwd=tmp_path,
    )
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.splitlines()[-1] == "Nothing was done: the native module panicked"
    assert not (tmp_path / "data").exists()
