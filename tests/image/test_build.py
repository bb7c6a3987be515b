"""What the Dockerfile makes of its base: the same image with one package more."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from harness.stand_in import StandIns
from tests.support.deployed import VERSION, build

if TYPE_CHECKING:
    from harness.buildah import Buildah

LIST = "find / -xdev -path /proc -prune -o -path /sys -prune -o -path /dev -prune -o -printf"
"""Lists what is in a container; what follows says how."""


def files(buildah: Buildah, image: str) -> set[str]:
    with buildah.container(image) as container:
        found = container.run(*LIST.split(), r"%m %U:%G %p\n", user="0:0").stdout
    return set(found.splitlines())


def test_the_image_is_the_base_with_one_package_more(
    buildah: Buildah, base: str, image: str
) -> None:
    assert buildah.configuration(image) == buildah.configuration(base)
    before, after = files(buildah, base), files(buildah, image)
    assert len(before) > 10_000
    assert before - after == set()
    # Buildah makes the folders on which the first stage has Rust and crates mounted.
    added = [
        file for file in after - before if not re.search(r"keygate|/local/(cargo|rust)\b", file)
    ]
    assert added == []
    with buildah.container(image) as container:
        assert container.run("owui-keygate", "--version").stdout.endswith(f"{VERSION}\n")


def test_a_base_with_another_user_and_without_pip(buildah: Buildah, base: str) -> None:
    another = StandIns(buildah).variant(base, UID="1000", GID="1000", WITH_PIP="false")
    image = build(buildah, another, "1000")
    assert buildah.configuration(image) == buildah.configuration(another)
    with buildah.container(image) as container:
        assert container.run("python3", "-m", "pip").returncode == 1
        assert container.run("id", "-u").stdout == "1000\n"
        assert container.run("owui-keygate", "--version").returncode == 0
