"""The generations of Open WebUI, and the choice between them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from owui_keygate.hosts.generation_a import GENERATIONS_A
from owui_keygate.hosts.generation_b import GENERATIONS_B
from owui_keygate.hosts.generation_c import GENERATIONS_C
from owui_keygate.hosts.generation_d import GENERATIONS_D
from owui_keygate.patching.patches import HostDoesNotFitError

if TYPE_CHECKING:
    from owui_keygate.hosts.generation import Generation, Release

GENERATIONS = (*GENERATIONS_A, *GENERATIONS_B, *GENERATIONS_C, *GENERATIONS_D)
"""In the order of their releases, without a gap."""


def choose(version: str) -> Generation:
    """Return the generation that a version of the host belongs to.

    Raises:
        HostDoesNotFitError: No generation covers that version.
    """
    release = release_of(version)
    for generation in GENERATIONS:
        if release and generation.covers(release):
            return generation
    first, below = _text(GENERATIONS[0].first), _text(GENERATIONS[-1].below)
    message = f"expected Open WebUI {first} to before {below}, found {version}"
    raise HostDoesNotFitError(message)


def release_of(version: str) -> Release:
    """Return the release that a version of the host is of; nothing for what is no version."""
    numbers = re.match(r"(\d+)\.(\d+)\.(\d+)", version)
    return tuple(int(number) for number in numbers.groups()) if numbers else ()


def _text(release: Release) -> str:
    return ".".join(map(str, release))
