"""What the release under test is, for expectations that differ between generations."""

from __future__ import annotations

from owui_keygate import hosts

from harness.environments import HOST_DATABASE, HOST_VERSION

RELEASE = tuple(int(number) for number in HOST_VERSION.split("."))
GENERATION = hosts.choose(HOST_VERSION).name
READER = {
    "sqlite": "sqlite",
    "postgresql": "host" if GENERATION in "AB" else "postgres",
}[HOST_DATABASE]
"""The name of the reader that is chosen."""
