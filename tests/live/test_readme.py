"""The examples of README do what they say, and what they write is for its owner alone."""

from __future__ import annotations

import re
import stat
import subprocess
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness import people
from harness.client import bearer
from harness.people import PASSWORD
from harness.server import BYPASS_ON

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.environments import Environment
    from harness.server import Server
    from tests.support.world import World

README = (Path(__file__).parents[2] / "README.md").read_text()
PAIR = re.findall(r"(?m)^(curl -s -o .*?) +# (\d+)$", README)
[USE] = re.findall(r"```sh\n(URL=.*?)```", README, re.DOTALL)
[KILL] = re.findall(r"\| its owner \| `(.*?)` \|", README)


@pytest.fixture(scope="module")
def server(
    world: World, keygate: Environment, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    with world.server(keygate, tmp_path_factory.mktemp("readme") / "server", BYPASS_ON) as started:
        with closing(started.client()) as client:
            people.set_rules(client, world.first, enabled=False)
        yield started


def run(script: str, server: Server, folder: Path, email: str) -> str:
    """Run lines of README as the shell of the person who types the password."""
    script = script.replace("http://localhost:8080", server.url)
    done = subprocess.run(
        ["/bin/bash", "-euc", script.replace("admin@example.org", email)],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "URL": server.url},
        input=f"{PASSWORD}\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_pair_of_requests(server: Server, world: World, tmp_path: Path) -> None:
    for name, person in {"user": world.permitted, "admin": world.admin}.items():
        header = f"Authorization: Bearer {person.keys['valid']}\n"
        (tmp_path / f"{name}.header").write_text(header)
    found = [run(command, server, tmp_path, world.first.email) for command, _ in PAIR]
    assert found == [f"{status}\n" for _, status in PAIR] == ["403\n", "200\n"]


def test_make_a_key_use_it_and_kill_it(server: Server, world: World, tmp_path: Path) -> None:
    assert world.first.email in run(USE, server, tmp_path, world.first.email)
    header = tmp_path / "key.header"
    files = [header, tmp_path / "session.header"]
    assert sorted(tmp_path.iterdir()) == files
    assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o600, 0o600]
    key = header.read_text().split()[-1]
    with closing(server.client()) as client:
        assert client.request("GET", "/api/v1/users/", bearer(key)).status == 200
        run(KILL, server, tmp_path, world.first.email)
        assert client.request("GET", "/api/v1/users/", bearer(key)).status == 401
