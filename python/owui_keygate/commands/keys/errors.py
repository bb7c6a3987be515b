"""How a command fails: each error is one line for a person, with what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOCKED = (
    "The database is locked: something else keeps writing to it; "
    "try again, or end what holds the lock"
)
_NO_TABLES = (
    "The database lacks tables of this Open WebUI: start the server once with the same "
    "environment variables, then try again"
)
_NOT_WRITABLE = (
    "The database file cannot be written to: run this as the user that Open WebUI runs as"
)
_UNREACHABLE = (
    "The database cannot be reached: see that it runs, and that this command has the "
    "environment variables of the server"
)
_TEXTS = {
    "database is locked": _LOCKED,
    "no such table": _NO_TABLES,
    "no such column": _NO_TABLES,
    "readonly database": _NOT_WRITABLE,
    "unable to open database file": _NOT_WRITABLE,
}
_TYPES = {
    "LockNotAvailable": _LOCKED,
    "LockNotAvailableError": _LOCKED,
    "UndefinedTable": _NO_TABLES,
    "UndefinedTableError": _NO_TABLES,
    "UndefinedColumn": _NO_TABLES,
    "UndefinedColumnError": _NO_TABLES,
    "ConnectionRefusedError": _UNREACHABLE,
    "gaierror": _UNREACHABLE,
    "InvalidPasswordError": _UNREACHABLE,
    "OperationalError": _UNREACHABLE,
}
"""By the names of the drivers' exceptions, as not every host has every driver."""


class RefusedError(Exception):
    """What was asked for is not done, and nothing has changed."""


class ConfirmationNeededError(Exception):
    """The deed that the message names is not done yet; a person has to agree to it."""


class HostUnusableError(Exception):
    """The host or its database cannot be used, and nothing has changed."""


class OutputError(Exception):
    """What is to be printed or written cannot be, and nothing has changed."""


class UndoneError(Exception):
    """The database has not kept the change, and what was printed of it does not hold."""


class UncertainError(Exception):
    """The database has failed at the commit and does not answer: nobody knows what it has kept."""


class MisplacedError(Exception):
    """The change is done, and the key is in another file than it should be."""


def explain(error: BaseException) -> str:
    """Return what a failure of the host means to its operator.

    Its own text is only looked at, never shown: it may hold a key, a hash or a password.
    """
    chain = list(_chain(error))
    for link in chain:
        for text, line in _TEXTS.items():
            if text in str(link):
                return line
    # SQLite is a file, and its driver has one exception for all that goes wrong with it.
    if not any(type(link).__module__ == "sqlite3" for link in chain):
        for link in reversed(chain):
            if type(link).__name__ in _TYPES:
                return _TYPES[type(link).__name__]
    kind = type(getattr(error, "orig", error)).__name__
    return (
        f"Open WebUI cannot be used here ({kind}): start the server with the same environment "
        "variables and see what its log says"
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error, then what it came from; the host's own handlers fail on top of some."""
    following: BaseException | None = error
    while following is not None:
        yield following
        following = following.__cause__ or following.__context__
