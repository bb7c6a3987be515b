"""How the commands end."""

from __future__ import annotations

from enum import IntEnum

from owui_keygate.commands.keys.errors import (
    HostUnusableError,
    MisplacedError,
    NoReaderError,
    NotReadyError,
    OutputError,
    RefusedError,
    UncertainError,
    UndoneError,
)

EXIT_CODES = (
    "Exit codes: 0 done; 1 refused, nothing changed; 2 the command line is invalid; 3 Open WebUI "
    "or its database cannot be used, nothing changed; 4 the output cannot be written, nothing "
    "changed; 5 the commit failed, nothing changed, and a key that was printed is not valid; 6 the "
    "commit failed, and it is unknown whether the change was made; 7 done, but FILE could not be "
    "replaced, and the error names the file that contains the key; 8 `list --fail` has found keys; "
    "130 interrupted, nothing changed."
)


class ExitCode(IntEnum):
    """How a command ends if it fails. Typer itself ends with 2."""

    REFUSED = 1
    UNUSABLE = 3
    OUTPUT = 4
    UNDONE = 5
    UNCERTAIN = 6
    MISPLACED = 7
    FOUND = 8


CODES = {
    RefusedError: ExitCode.REFUSED,
    HostUnusableError: ExitCode.UNUSABLE,
    NotReadyError: ExitCode.UNUSABLE,
    OutputError: ExitCode.OUTPUT,
    NoReaderError: ExitCode.OUTPUT,
    UndoneError: ExitCode.UNDONE,
    UncertainError: ExitCode.UNCERTAIN,
    MisplacedError: ExitCode.MISPLACED,
}
