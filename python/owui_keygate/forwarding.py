"""Which proxies the server believes about the address of a client."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

VARIABLE = "FORWARDED_ALLOW_IPS"
OPTION = "--forwarded-allow-ips"
EVERYONE = "*"

FIRST_TO_ASK = (0, 12, 0)
"""`open-webui serve` believes everyone before this release, whatever the variable says."""


def believed_proxies(
    command: Sequence[str], environment: Mapping[str, str], release: tuple[int, ...]
) -> str:
    """Return the proxies whose `X-Forwarded-For` counts, as Uvicorn takes them.

    Args:
        command: The command line of the process; Uvicorn's own option wins over the variable.
        environment: Its environment variables.
        release: The host's release.
    """
    given = _option(command)
    if given is not None:
        return given
    # `open-webui serve` sets this variable for the process and hands Uvicorn the list itself.
    if environment.get("FROM_INIT_PY") == "true" and release < FIRST_TO_ASK:
        return EVERYONE
    return environment.get(VARIABLE, EVERYONE)


def _option(command: Sequence[str]) -> str | None:
    """Return the value of the option, the last one if there are several."""
    found = None
    for place, argument in enumerate(command):
        if argument == OPTION:
            found = command[place + 1] if place + 1 < len(command) else EVERYONE
        elif argument.startswith(f"{OPTION}="):
            found = argument.partition("=")[2]
    return found
