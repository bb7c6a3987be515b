"""How a command fails: each error is one line for a person, with the remedy."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOCKED = (
    "The database is locked: another program keeps writing to it; "
    "try again, or stop the program that holds the lock"
)
_NO_TABLES = (
    "The database lacks tables that this Open WebUI needs: start the server once with the same "
    "environment variables, then try again"
)
_NOT_WRITABLE = (
    "The database file cannot be written: run this command as the user that runs Open WebUI"
)
_UNREACHABLE = (
    "The database cannot be reached: check that it is running, and that this command has the "
    "server's environment variables"
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
"""By the names of the drivers' exceptions, because not every host has every driver."""


READY_LATER = {_LOCKED, _NO_TABLES, _UNREACHABLE}
"""Explanations of failures that may pass while a server or its database starts."""


class RefusedError(Exception):
    """The request is refused, and nothing has changed."""


class ConfirmationNeededError(Exception):
    """A person has to agree to what the message says; nothing has changed yet."""


class HostUnusableError(Exception):
    """The host or its database cannot be used, and nothing has changed."""


class NotReadyError(HostUnusableError):
    """The host's database cannot be used yet, and may be ready later; nothing has changed."""


class OutputError(Exception):
    """The output cannot be written, and nothing has changed."""


class NoReaderError(OutputError):
    """The reader of the output has gone."""


class UndoneError(Exception):
    """The database has not kept the change, so what was printed is not true."""


class UncertainError(Exception):
    """The commit failed and the database does not answer: what it has kept is unknown."""


class MisplacedError(Exception):
    """The change is made, but the key is not in the file where it should be."""


def explain(error: BaseException) -> str:
    """Return what a failure of the host means to its operator.

    The text of the error is only searched, never shown: it may contain a key, a hash or a password.
    """
    chain = list(_chain(error))
    for link in chain:
        for text, line in _TEXTS.items():
            if text in str(link):
                return line
    # SQLite is a file, and its driver has one exception for every kind of failure.
    if not any(type(link).__module__ == "sqlite3" for link in chain):
        for link in reversed(chain):
            if type(link).__name__ in _TYPES:
                return _TYPES[type(link).__name__]
    kind = type(getattr(error, "orig", error)).__name__
    return (
        f"Open WebUI cannot be used here ({kind}): start the server with the same environment "
        "variables and read its log"
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error, then its causes; some of the host's handlers fail while handling another."""
    following: BaseException | None = error
    while following is not None:
        yield following
        following = following.__cause__ or following.__context__
