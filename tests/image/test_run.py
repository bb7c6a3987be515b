"""The image as people run it: by README, by compose.yaml, as other users, and without us again."""

from __future__ import annotations

import os
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from harness import people
from harness.client import bearer
from harness.container_server import DATA, ContainerServer
from harness.read_only import ReadOnly
from harness.server import make_database
from harness.stand_in import StandIns
from harness.waiting import wait_until
from tests.support import compose
from tests.support.deployed import (
    VERSION,
    Volumes,
    build,
    by_compose,
    first_account,
    variables_of_readme,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.buildah import Buildah
    from harness.server import Server
    from tests.support.deployed import Deployed

MODELS = "/api/models"
USERS = "/api/v1/users/"
ACTIVE = f"owui-keygate {VERSION} is active on Open WebUI"


def status(server: Server, credential: str, target: str) -> int:
    with closing(server.client()) as client:
        return client.request("GET", target, bearer(credential)).status


def healthy(server: ContainerServer, script: str) -> bool:
    return server.beside.run("sh", "-c", script).returncode == 0


@contextmanager
def by_readme(
    buildah: Buildah, image: str, volumes: Volumes, folder: Path, **settings: str
) -> Iterator[ContainerServer]:
    with buildah.container(image) as container:
        ready = container.having(variables_of_readme() | settings).mounting(volumes.data)
        with ContainerServer(ready, folder) as server:
            yield server


def test_an_account_of_the_policy_file_bypasses_and_no_other_does(deployed: Deployed) -> None:
    server, first = deployed.server, deployed.first
    assert ACTIVE in server.log
    with closing(server.client()) as client:
        bot = people.add_person(client, first, "bot", "admin")
        key = people.make_key(client, bot)
    assert [status(server, key, target) for target in (MODELS, USERS)] == [200, 403]
    with closing(server.client()) as client:
        refused = client.request("POST", "/api/v1/auths/api_key", bearer(first.session))
    assert refused.status == 403


def test_doctor_in_the_container(deployed: Deployed) -> None:
    found = deployed.server.beside.run("owui-keygate", "doctor")
    assert found.returncode == 0, found.stdout + found.stderr
    assert found.stdout.splitlines()[-1].startswith("Active, and the bypass is on")


def test_health_is_the_servers_and_ours(
    deployed: Deployed, buildah: Buildah, image: str, tmp_path: Path
) -> None:
    script = compose.health_check()
    assert healthy(deployed.server, script)
    off = {"ENABLE_ADMIN_API_KEY_BYPASS": "false"}
    with by_readme(buildah, image, Volumes(tmp_path), tmp_path / "off", **off) as server:
        assert not healthy(server, script)


def test_a_new_container_has_the_keys_and_ends_sessions_unless_the_secret_is_kept(
    buildah: Buildah, image: str, tmp_path: Path
) -> None:
    volumes = Volumes(tmp_path)
    with by_readme(buildah, image, volumes, tmp_path / "1") as server:
        first = first_account(server)
        with closing(server.client()) as client:
            key = people.make_key(client, first)
    kept = {"WEBUI_SECRET_KEY_FILE": f"{DATA}/.webui_secret_key"}
    with by_readme(buildah, image, volumes, tmp_path / "2", **kept) as server:
        assert (status(server, key, USERS), status(server, first.session, USERS)) == (200, 401)
        with closing(server.client()) as client:
            session = people.sign_in(client, first.email).session
    with by_readme(buildah, image, volumes, tmp_path / "3", **kept) as server:
        assert (status(server, key, USERS), status(server, session, USERS)) == (200, 200)


def test_any_user_of_group_0(buildah: Buildah, base: str, tmp_path: Path) -> None:
    """As OpenShift runs it, on a base that was built with `USE_PERMISSION_HARDENING`."""
    hardened = StandIns(buildah).variant(base, USE_PERMISSION_HARDENING="true")
    image = build(buildah, hardened, "hardened")
    volumes = Volumes(tmp_path)
    [data] = volumes.data
    os.chown(data, 123456, 0)
    tmp_path.chmod(0o755)
    with buildah.container(image) as container:
        ready = container.having(variables_of_readme()).mounting(volumes.data)
        with ContainerServer(replace(ready, user="123456:0"), tmp_path / "server") as server:
            assert ACTIVE in server.log
            assert server.beside.run("id", "-u").stdout == "123456\n"
            doctor = server.beside.run("owui-keygate", "doctor")
            assert doctor.returncode == 0, doctor.stdout + doctor.stderr


def test_a_read_only_root(buildah: Buildah, image: str, tmp_path: Path) -> None:
    with buildah.container(image) as container:
        ready = ReadOnly(buildah, container.name, by_compose(), Volumes(tmp_path).all)
        with ContainerServer(ready, tmp_path / "server") as server:
            assert ACTIVE in server.log
            assert server.beside.run("touch", "/root/file").returncode == 1
            doctor = server.beside.run("owui-keygate", "doctor")
            assert doctor.returncode == 0, doctor.stdout + doctor.stderr


def test_two_workers(buildah: Buildah, image: str, tmp_path: Path) -> None:
    volumes = Volumes(tmp_path)
    with buildah.container(image) as container:
        ready = container.having(variables_of_readme()).mounting(volumes.data)
        make_database(ContainerServer(ready, tmp_path / "1"))
        both = ready.having({"UVICORN_WORKERS": "2"})
        with ContainerServer(both, tmp_path / "2") as server:
            first = first_account(server)
            with closing(server.client()) as client:
                key = people.make_key(client, first)
            wait_until(lambda: server.log.count(ACTIVE) >= 2, server.end_of_log)
            assert [status(server, key, USERS) for _ in range(16)] == [200] * 16


def test_uninstalling_leaves_nothing(buildah: Buildah, image: str, tmp_path: Path) -> None:
    volumes = Volumes(tmp_path)
    with buildah.container(image) as container:
        ready = container.having(variables_of_readme()).mounting(volumes.data)
        done = ready.run("pip", "uninstall", "--yes", "owui-keygate")
        assert done.returncode == 0, done.stderr
        left = ready.run("find", "/", "-xdev", "-iname", "*keygate*")
        assert left.stdout == ""
        with ContainerServer(ready, tmp_path / "server") as server:
            first = first_account(server)
            assert "keygate" not in server.log
            with closing(server.client()) as client:
                refused = client.request("POST", "/api/v1/auths/api_key", bearer(first.session))
            assert refused.status == 403
