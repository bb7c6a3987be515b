"""Which proxies the server will believe about the address of a client, as far as its start says.

`trusted_proxies` asks the server itself, once it runs.
"""

from __future__ import annotations

import shlex
from pathlib import PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

VARIABLE = "FORWARDED_ALLOW_IPS"
UVICORNS_VARIABLE = "UVICORN_FORWARDED_ALLOW_IPS"
GUNICORNS_ARGUMENTS = "GUNICORN_CMD_ARGS"
OPTION = "--forwarded-allow-ips"
EVERYONE = "*"

FIRST_TO_ASK = (0, 12, 0)
"""`open-webui serve` believes everyone before this release, whatever the variable says."""


def believed_proxies(
    command: Sequence[str], environment: Mapping[str, str], release: tuple[int, ...]
) -> str:
    """Return the proxies whose `X-Forwarded-For` counts, as Uvicorn takes them.

    The option wins over what each server reads from the environment. What a configuration file or
    a program sets is not seen here.

    Args:
        command: The command line of the process.
        environment: Its environment variables.
        release: The host's release.
    """
    program = _program(command)
    arguments = [*command]
    if program == "gunicorn":
        arguments = [*shlex.split(environment.get(GUNICORNS_ARGUMENTS, "")), *command]
    given = _option(arguments)
    if given is not None:
        return given
    if program == "uvicorn" and environment.get(UVICORNS_VARIABLE):
        return environment[UVICORNS_VARIABLE]
    # `open-webui serve` sets this variable for the process and hands Uvicorn the list itself.
    by_serve = program not in {"gunicorn", "uvicorn"} and environment.get("FROM_INIT_PY") == "true"
    if by_serve and release < FIRST_TO_ASK:
        return EVERYONE
    return environment.get(VARIABLE, EVERYONE)


def _program(command: Sequence[str]) -> str:
    """Return the name of the program, whether it runs by its own name or with `python -m`."""
    path = PurePath(command[0]) if command else PurePath()
    return path.parent.name if path.name == "__main__.py" else path.stem


def _option(arguments: Sequence[str]) -> str | None:
    """Return the value of the option, the last one if there are several.

    Gunicorn takes it by each beginning that is no other option's; Uvicorn starts with none of them.
    """
    found = None
    for place, argument in enumerate(arguments):
        name, is_joined, value = argument.partition("=")
        if name.startswith("--f") and OPTION.startswith(name):
            following = arguments[place + 1] if place + 1 < len(arguments) else EVERYONE
            found = value if is_joined else following
    return found
