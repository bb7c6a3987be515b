"""Hooks of other packages beside ours: the host starts, and log, status and behaviour agree."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from owui_keygate.hosts import choose

from harness.client import bearer
from harness.environments import HOST_VERSION
from harness.server import BYPASS_ON, STRICT, Server, host_settings
from tests.live.in_host.other_hooks import CALLED, NAMES
from tests.support.generations import GENERATION
from tests.support.startup import BYPASS, STOCK, answers, refusal_to_start

if TYPE_CHECKING:
    from harness.environments import Environment
    from tests.support.world import World

SITE = Path(__file__).parent / "in_host" / "other_hooks.py"
FINDERS = ("unguarded", "guarded", "wrapt")
PLACES = {"in front": 0, "behind": 1}
CHECK = choose(HOST_VERSION).patch_points[0].name
LEFT = "owui-keygate is inactive; Open WebUI runs unmodified: "
REPLACED = f"something else has replaced open_webui.utils.auth.{CHECK}"
REASONS = (REPLACED, f"{CHECK}: expected ")
STATUS = "/api/v1/keygate"


def hook(folder: Path, *choice: object) -> dict[str, str]:
    """Make a folder of a hook, and return the settings by which an interpreter has it."""
    folder.mkdir()
    text = SITE.read_text() + f"\n\ninstall(*{choice!r})\n"
    (folder / "sitecustomize.py").write_text(text)
    return {"PYTHONPATH": str(folder)}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("finder", FINDERS)
def test_another_finder_and_ours_see_each_module_once(
    keygate: Environment, tmp_path: Path, finder: str, place: int
) -> None:
    code = """
import open_webui.main
from owui_keygate.installation import INSTALLATION
from owui_keygate.report import report as report_of
report = report_of(INSTALLATION)
assert report["failure"] is None, report["failure"]
assert set(report["patch_points"].values()) == {"applied"}, report["patch_points"]
"""
    settings = host_settings(tmp_path / "host") | BYPASS_ON | hook(tmp_path / "hook", finder, place)
    found = keygate.run("python", "-c", code, env=settings | {"FROM_INIT_PY": "true"})
    assert found.returncode == 0, found.stderr[-3000:]
    assert [found.stdout.count(f"the other one saw {name}\n") for name in NAMES] == [1] * len(NAMES)


def test_a_server_with_a_finder_that_asks_ours_in_turn(
    world: World, keygate: Environment, tmp_path: Path
) -> None:
    settings = BYPASS_ON | STRICT | hook(tmp_path / "hook", "unguarded", PLACES["behind"])
    with Server(keygate, world.copy(tmp_path), settings) as server:
        assert answers(server, world) == BYPASS
        assert "is active on Open WebUI" in server.log


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("wrapping", ["setattr", "wrapt", "opentelemetry"])
def test_what_something_else_has_wrapped_is_the_hosts_own(
    world: World, keygate: Environment, tmp_path: Path, wrapping: str, place: int
) -> None:
    """In front, the other hook wraps our function; behind, it has wrapped the host's before us."""
    finder = "unguarded" if wrapping == "setattr" else "wrapt"
    other = hook(tmp_path / "hook", finder, place, wrapping, CHECK)
    with Server(keygate, world.copy(tmp_path), BYPASS_ON | other) as server:
        assert answers(server, world) == STOCK
        assert server.log.count(CALLED) > 1
        [line] = [line for line in server.log.splitlines() if LEFT in line]
        assert REASONS[place] in line
        assert "is active on" not in server.log
        with closing(server.client()) as client:
            session = bearer(world.admin.session)
            status = client.request("GET", STATUS, session)
            missing = client.request("GET", f"{STATUS}/of/nothing", session)
            assert (status.status, status.body) == (missing.status, missing.body)
            own_key = client.request("GET", "/api/v1/auths/api_key", session).status
            assert own_key == (403 if GENERATION == "D" else 200)
            made = client.request("POST", "/api/v1/auths/api_key", session).status
            assert made == 403
            features = client.request("GET", "/api/config", session).json()["features"]
            assert not features.get("enable_api_keys", features.get("enable_api_key"))


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_doctor_says_that_something_else_has_wrapped_the_check(
    keygate: Environment, tmp_path: Path, place: int
) -> None:
    other = hook(tmp_path / "hook", "wrapt", place, "wrapt", CHECK)
    env = {"PATH": os.environ["PATH"]} | BYPASS_ON | other
    doctor = keygate.run("owui-keygate", "doctor", env=env, cwd=tmp_path)
    assert doctor.returncode != 0
    assert f"  not applied open_webui.utils.auth.{CHECK}" in doctor.stdout.splitlines()


def test_a_strict_server_does_not_start_with_its_check_wrapped(
    keygate: Environment, tmp_path: Path
) -> None:
    other = hook(tmp_path / "hook", "wrapt", PLACES["in front"], "wrapt", CHECK)
    assert REPLACED in refusal_to_start(keygate, tmp_path, BYPASS_ON | STRICT | other)
