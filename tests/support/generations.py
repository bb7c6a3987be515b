"""What the release under test is, for expectations that differ between generations."""

from __future__ import annotations

import pytest
from owui_keygate import hosts

from harness.environments import HOST_DATABASE, HOST_VERSION

RELEASE = tuple(int(number) for number in HOST_VERSION.split("."))
GENERATION = hosts.choose(HOST_VERSION).name
READER = {
    "sqlite": "sqlite",
    "postgresql": "host" if GENERATION in "AB" else "postgres",
}[HOST_DATABASE]
"""The name of the reader that is chosen."""

needs_telemetry = pytest.mark.skipif(
    RELEASE < (0, 8, 12), reason="the requirements of older hosts leave it out"
)
