"""Debian's buildah: images are built and run in them, without a daemon and without a registry."""

from __future__ import annotations

import json
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from harness.environments import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

BUILDAH = "/usr/bin/buildah"
STORAGE = ROOT / "target" / "image"
"""Keeps images between runs."""
SECONDS = 1800
"""How long a build may take: the wheel is compiled in one of them."""


class BuildahError(Exception):
    """A build or a command of buildah itself failed; the message holds the end of its output."""


class Buildah:
    """Images and containers in a storage of their own.

    Args:
        folder: Holds the storage.
    """

    def __init__(self, folder: Path) -> None:
        self._command = [BUILDAH, "--root", str(folder / "root"), "--runroot", str(folder / "run")]

    def command(self, *arguments: str | Path) -> list[str]:
        """Return the command line of a command of buildah."""
        return [*self._command, *map(str, arguments)]

    def call(self, *arguments: str | Path) -> str:
        """Run a command of buildah and return what it printed.

        Raises:
            BuildahError: It failed.
        """
        done = subprocess.run(
            self.command(*arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=SECONDS,
        )
        if done.returncode:
            message = f"buildah {arguments[0]} ended with {done.returncode}:\n{done.stdout[-4000:]}"
            raise BuildahError(message)
        return done.stdout

    def build(
        self,
        image: str,
        context: Path,
        dockerfile: Path,
        *,
        arguments: Mapping[str, str] | None = None,
        volumes: Mapping[Path, str] | None = None,
    ) -> str:
        """Build an image and return what was printed meanwhile.

        Args:
            image: Its name.
            context: The folder it is built from.
            dockerfile: How it is built.
            arguments: The values of `ARG`.
            volumes: Folders of this machine, and where they are mounted while it is built.
        """
        options = ["--isolation", "chroot", "--layers", "--pull-never"]
        for name, value in (arguments or {}).items():
            options += ["--build-arg", f"{name}={value}"]
        for source, target in (volumes or {}).items():
            options += ["--volume", f"{source}:{target}"]
        options += ["--file", str(dockerfile), "--tag", image]
        return self.call("bud", *options, context)

    def has(self, image: str) -> bool:
        """Whether there is an image of that name."""
        return image in self.call("images", "--format", "{{.Name}}:{{.Tag}}").splitlines()

    def configuration(self, name: str, kind: str = "image") -> dict[str, Any]:
        """Return what an image, or the one of a container, says about containers, as in OCI."""
        found = json.loads(self.call("inspect", "--type", kind, name))
        configuration: dict[str, Any] = found["OCIv1"]["config"]
        return configuration

    @contextmanager
    def container(self, image: str) -> Iterator[Container]:
        """Make a container from an image, and remove it in the end."""
        name = self.call("from", "--pull-never", image).strip().splitlines()[-1]
        try:
            yield Container(self, name)
        finally:
            self.call("rm", name)


@dataclass(frozen=True)
class Container:
    """A container, and what its commands get beside the environment of its image.

    Attributes:
        buildah: Where it is.
        name: Its name.
        settings: Environment variables, as those after `docker run --env`.
        volumes: Files and folders of this machine, and where they are mounted; `:ro` may follow.
        user: The user and group of the commands, unless they are those of the image.
    """

    buildah: Buildah
    name: str
    settings: Mapping[str, str] = field(default_factory=dict)
    volumes: Mapping[Path, str] = field(default_factory=dict)
    user: str | None = None

    def having(self, settings: Mapping[str, str]) -> Container:
        """Return the same container with further environment variables."""
        return replace(self, settings={**self.settings, **settings})

    def mounting(self, volumes: Mapping[Path, str]) -> Container:
        """Return the same container with further volumes."""
        return replace(self, volumes={**self.volumes, **volumes})

    def command(self, *arguments: str) -> list[str]:
        """Return the command line that runs a command in it, as `docker exec` does."""
        options = ["--isolation", "chroot"]
        options += [] if self.user is None else ["--user", self.user]
        for name, value in self.settings.items():
            options += ["--env", f"{name}={value}"]
        for source, target in self.volumes.items():
            options += ["--volume", f"{source}:{target}"]
        return self.buildah.command("run", *options, "--", self.name, *arguments)

    def run(
        self, *arguments: str, stdin: str = "", user: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in it to its end, whatever that is, and return what it printed."""
        return subprocess.run(
            replace(self, user=user or self.user).command(*arguments),
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
