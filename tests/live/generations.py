"""What the release under test is, for expectations that differ between generations."""

from __future__ import annotations

from owui_keygate import hosts

from harness.environments import HOST_VERSION

RELEASE = tuple(int(number) for number in HOST_VERSION.split("."))
GENERATION = hosts.choose(HOST_VERSION).name
