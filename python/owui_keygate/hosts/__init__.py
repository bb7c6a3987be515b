"""The generations of Open WebUI, and the choice between them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from owui_keygate.hosts.generation_d import GENERATION_D
from owui_keygate.patches import HostDoesNotFitError

if TYPE_CHECKING:
    from owui_keygate.hosts.generation import Generation

GENERATIONS = (GENERATION_D,)


def choose(version: str) -> Generation:
    """Return the generation that a version of the host belongs to.

    Raises:
        HostDoesNotFitError: No generation covers that version.
    """
    numbers = re.match(r"(\d+)\.(\d+)\.(\d+)", version)
    for generation in GENERATIONS:
        if numbers and generation.covers(tuple(int(number) for number in numbers.groups())):
            return generation
    supported = ", ".join(generation.supported for generation in GENERATIONS)
    message = f"expected Open WebUI {supported}, found {version}"
    raise HostDoesNotFitError(message)
