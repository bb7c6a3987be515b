"""The images, and a server that runs by compose.yaml."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.buildah import STORAGE, Buildah
from harness.container_server import ContainerServer
from harness.stand_in import StandIns
from tests.support.deployed import Deployed, Volumes, build, by_compose, first_account

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def buildah() -> Buildah:
    """A storage that is kept between runs."""
    return Buildah(STORAGE)


@pytest.fixture(scope="session")
def base(buildah: Buildah) -> str:
    """The stand-in of the official image."""
    return StandIns(buildah).open_webui()


@pytest.fixture(scope="session")
def image(buildah: Buildah, base: str) -> str:
    """What the Dockerfile makes of it."""
    return build(buildah, base)


@pytest.fixture(scope="session")
def deployed(
    buildah: Buildah, image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployed]:
    """A server by compose.yaml."""
    folder = tmp_path_factory.mktemp("deployed")
    volumes = Volumes(folder)
    with buildah.container(image) as container:
        composed = container.having(by_compose()).mounting(volumes.all)
        with ContainerServer(composed, folder / "server") as server:
            yield Deployed(server, first_account(server))
