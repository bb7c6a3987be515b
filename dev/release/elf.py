"""What a native module for Linux needs of the machine it is loaded on."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

MACHINES = {62: "x86_64", 183: "aarch64"}
"""The kinds of machine that wheels are made for, by the numbers of the ELF specification."""
MACHINE_AT = 18

_LIBRARY = re.compile(r"\(NEEDED\).*\[(.+)\]")
_VERSION = re.compile(r"Name: (\S+) +Flags")


class Needs(NamedTuple):
    """What a module needs.

    Attributes:
        machine: A key or value of `MACHINES`.
        libraries: The names of shared libraries.
        versions: Of symbols in them, such as `GLIBC_2.28`.
    """

    machine: str
    libraries: set[str]
    versions: set[str]


def needs_of(module: Path) -> Needs:
    """Return what a native module needs, as its headers say."""
    with module.open("rb") as opened:
        number = int.from_bytes(opened.read(MACHINE_AT + 2)[MACHINE_AT:], "little")
    command = ["readelf", "--dynamic", "--version-info", "--wide", str(module)]
    settings = os.environ | {"LC_ALL": "C"}
    shown = subprocess.run(command, check=True, capture_output=True, text=True, env=settings).stdout
    return Needs(
        MACHINES.get(number, str(number)),
        set(_LIBRARY.findall(shown)),
        set(_VERSION.findall(shown)),
    )
