"""The image as people run it: by the lines of README, and by compose.yaml."""

from __future__ import annotations

import re
import secrets
import shlex
import tomllib
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness import people
from harness.container_server import DATA
from harness.environments import HOST_VERSION, ROOT
from harness.stand_in import StandIns, rust_volumes
from tests.support import compose

if TYPE_CHECKING:
    from pathlib import Path

    from harness.buildah import Buildah
    from harness.container_server import ContainerServer
    from harness.people import Person
    from harness.server import Server

VERSION = tomllib.loads((ROOT / "Cargo.toml").read_text())["package"]["version"]
README = (ROOT / "README.md").read_text().replace("\\\n", " ")
[BUILD] = re.findall(r"(?m)^docker build (.*)$", README)
[RUN] = re.findall(r"(?m)^docker run (.*)$", README)


def build(buildah: Buildah, base: str, tag: str = "latest", **arguments: str) -> str:
    """Build the Dockerfile by the line of README, and return the name of the image.

    The bases have the names that the Dockerfile gives them, in a storage that reaches no registry.

    Args:
        buildah: Where it is built.
        base: The image that stands in for the official one.
        tag: The tag that the image gets beside its name.
        arguments: What the line gets in addition, as `--build-arg`.
    """
    option, name, context = shlex.split(BUILD)
    assert (option, context) == ("--tag", ".")
    image = f"localhost/{name}:{tag}"
    buildah.call("tag", StandIns(buildah).rust(), default("RUST_IMAGE"))
    official = default("OPEN_WEBUI_IMAGE").replace("${OPEN_WEBUI}", HOST_VERSION)
    buildah.call("tag", base, official)
    if default("OPEN_WEBUI") != HOST_VERSION:
        arguments = {"OPEN_WEBUI": HOST_VERSION, **arguments}
    dockerfile = ROOT / "Dockerfile"
    buildah.build(image, ROOT, dockerfile, arguments=arguments, volumes=rust_volumes())
    return image


def default(argument: str) -> str:
    """Return the default value of an argument of the Dockerfile."""
    [value] = re.findall(rf"(?m)^ARG {argument}=(\S+)$", (ROOT / "Dockerfile").read_text())
    return str(value)


def variables_of_readme() -> dict[str, str]:
    """Return the environment variables of the line that runs the image."""
    return dict(pair.split("=", 1) for pair in re.findall(r"--env (\S+)", RUN))


@dataclass(frozen=True)
class Volumes:
    """What a deployment keeps and is given, in a folder of this machine."""

    folder: Path
    policy: str = (ROOT / "deploy" / "owui-keygate.toml").read_text()

    @property
    def data(self) -> dict[Path, str]:
        """The volume of the data alone, as README has it."""
        kept = self.folder / "data"
        kept.mkdir(parents=True, exist_ok=True)
        return {kept: DATA}

    @property
    def all(self) -> dict[Path, str]:
        """The volume, the policy file and the secret, as compose.yaml has them."""
        file = self.folder / "webui-secret-key"
        if not file.exists():
            file.write_text(f"{secrets.token_urlsafe(32)}\n")
            file.chmod(0o600)
        policy = self.folder / "owui-keygate.toml"
        policy.write_text(self.policy)
        policy.chmod(0o644)
        return self.data | {
            file: "/run/secrets/webui-secret-key:ro",
            policy: "/etc/owui-keygate.toml:ro",
        }


@dataclass(frozen=True)
class Deployed:
    """A server with keys off and the bypass on, and its first administrator."""

    server: ContainerServer
    first: Person


def by_compose() -> dict[str, str]:
    """Return the environment variables of compose.yaml."""
    return dict(compose.service()["environment"])


def first_account(server: Server) -> Person:
    """Make the first account, and switch keys off."""
    with closing(server.client()) as client:
        first = people.sign_up(client)
        people.set_rules(client, first, enabled=False)
    return first
