"""What is said about a failure of the host, and what is not."""

from __future__ import annotations

import sqlite3

import psycopg
import pytest
from owui_keygate.commands.keys.errors import explain
from sqlalchemy.exc import OperationalError, ProgrammingError

SECRET = "sk-secret"


def caused(error: BaseException, by: BaseException) -> BaseException:
    """Return an error as if it had been raised because of another."""
    error.__cause__ = by
    return error


@pytest.mark.parametrize(
    ("driver", "line"),
    [
        (sqlite3.OperationalError("database is locked"), "The database is locked: "),
        (sqlite3.OperationalError("no such table: user"), "The database lacks tables "),
        (sqlite3.OperationalError("no such column: user.x"), "The database lacks tables "),
        (
            sqlite3.OperationalError("attempt to write a readonly database"),
            "The database file cannot be written: ",
        ),
        (sqlite3.OperationalError("disk I/O error"), "Open WebUI cannot be used here (Operat"),
        (psycopg.OperationalError("refused"), "The database cannot be reached: "),
        (psycopg.errors.LockNotAvailable("late"), "The database is locked: "),
        (psycopg.errors.UndefinedTable("none"), "The database lacks tables "),
        (psycopg.errors.InsufficientPrivilege("no"), "Open WebUI cannot be used here (Insuff"),
    ],
)
def test_what_the_driver_means(driver: Exception, line: str) -> None:
    wrapper = ProgrammingError if isinstance(driver, psycopg.ProgrammingError) else OperationalError
    error = wrapper(f"INSERT '{SECRET}'", {"key": SECRET}, driver)
    said = explain(caused(error, driver))
    assert said.startswith(line)
    assert SECRET not in said


def test_a_failure_that_the_host_has_made_worse() -> None:
    """Old hosts stumble over a variable after they could not connect."""
    error = caused(UnboundLocalError("db"), psycopg.OperationalError("refused"))
    assert explain(error).startswith("The database cannot be reached: ")


@pytest.mark.parametrize(
    ("error", "name"), [(SystemExit(1), "SystemExit"), (KeyError(SECRET), "KeyError")]
)
def test_anything_else_is_named_and_not_quoted(error: BaseException, name: str) -> None:
    said = explain(error)
    assert said.startswith(f"Open WebUI cannot be used here ({name}): ")
    assert SECRET not in said
