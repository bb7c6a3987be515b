"""The host in this process: found, kept quiet, imported, and asked within one transaction.

The host prints and logs as it is imported, and its texts about a database may hold a password, so
none of what it says is shown. Nothing is started: only its models are imported, and what makes
keys and password hashes.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import os
import secrets
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from owui_keygate import doctor
from owui_keygate.keys.errors import (
    ConfirmationNeededError,
    HostUnusableError,
    RefusedError,
    explain,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from types import ModuleType

    from owui_keygate.keys.work import Keys

T = TypeVar("T")
_NO_DATABASE = (
    "There is no database of Open WebUI here yet: start the server once, or give this command the "
    "environment variables and the folder of the server"
)
_OURS = (ConfirmationNeededError, HostUnusableError, RefusedError)


class Host(NamedTuple):
    """The host's modules that are needed here."""

    database: ModuleType
    users: ModuleType
    auths: ModuleType
    auth: ModuleType
    misc: ModuleType


def load() -> Host:
    """Find the host and import it against the database that it is configured for.

    Raises:
        HostUnusableError: There is none, it is not supported, or it cannot be imported.
    """
    folder = doctor.find_host()
    if folder is None:
        raise HostUnusableError(doctor.NO_HOST)
    installed_with_pip = importlib.util.find_spec("open_webui") is not None
    if not installed_with_pip:
        sys.path.append(str(folder))
    with _failures_explained(), _silence(), tempfile.TemporaryDirectory() as static:
        _prepare_environment(static, installed_with_pip=installed_with_pip)
        # This connects to nothing yet.
        env = importlib.import_module("open_webui.env")
        _check_release(env)
        _check_database(env)
        return Host(
            database=importlib.import_module("open_webui.internal.db"),
            users=importlib.import_module("open_webui.models.users"),
            auths=importlib.import_module("open_webui.models.auths"),
            auth=importlib.import_module("open_webui.utils.auth"),
            misc=importlib.import_module("open_webui.utils.misc"),
        )


def carry_out(host: Host, work: Callable[[Keys], Awaitable[T]], *, changes: bool = True) -> T:
    """Do some work in one transaction of the host's database: all of it, or nothing.

    Args:
        host: The host.
        work: What is done.
        changes: Whether it changes anything.

    Raises:
        RefusedError: As the work does.
        ConfirmationNeededError: As the work does.
        HostUnusableError: Anything else went wrong.
    """
    from owui_keygate.keys.transaction import transaction
    from owui_keygate.keys.work import Keys

    async def all_or_nothing() -> T:
        async with transaction(host.database, changes=changes) as execute:
            return await work(Keys(host, execute))

    with _failures_explained(), _silence():
        return asyncio.run(all_or_nothing())


def _prepare_environment(static: str, *, installed_with_pip: bool) -> None:
    """Keep the import from what only a server needs.

    Args:
        static: A folder for the static files, which the host deletes and copies as it is imported.
        installed_with_pip: As the host asks for it with `FROM_INIT_PY`.
    """
    os.environ |= {
        "CUSTOM_NAME": "",  # The host asks its makers' server for a logo otherwise.
        "ENABLE_DB_MIGRATIONS": "false",
        "FROM_INIT_PY": str(installed_with_pip).lower(),
        "OWUI_KEYGATE": "off",
        "STATIC_DIR": static,
    }
    # `open-webui serve` gets its secret from a file; nothing is signed or encrypted here.
    os.environ.setdefault("WEBUI_SECRET_KEY", secrets.token_hex())
    # The drivers of PostgreSQL wait for minutes by default.
    os.environ.setdefault("PGCONNECT_TIMEOUT", "10")


def _check_release(env: Any) -> None:  # noqa: ANN401
    from owui_keygate import hosts
    from owui_keygate.patches import HostDoesNotFitError

    try:
        hosts.choose(str(env.VERSION))
    except HostDoesNotFitError as error:
        message = f"Unsupported host: {error}"
        raise HostUnusableError(message) from None


def _check_database(env: Any) -> None:  # noqa: ANN401
    """Refuse a database that the host has not made yet, as far as asking does not make it.

    To connect to a SQLite file makes it, and hosts before 0.7.0 make their tables as they are
    imported: with the environment variables of another server, that would be a second database.
    """
    from sqlalchemy import create_engine, inspect, make_url

    url = make_url(env.DATABASE_URL)
    if url.drivername == "sqlite" and not Path(url.database or "").is_file():
        raise HostUnusableError(_NO_DATABASE)
    if hasattr(env, "ENABLE_DB_MIGRATIONS") or url.drivername == "sqlite+sqlcipher":
        return
    engine = create_engine(url)
    try:
        if not inspect(engine).has_table("user", schema=getattr(env, "DATABASE_SCHEMA", None)):
            raise HostUnusableError(_NO_DATABASE)
    finally:
        engine.dispose()


@contextmanager
def _failures_explained() -> Iterator[None]:
    """Make one line of whatever fails, and of nothing that it says.

    Raises:
        HostUnusableError: Something failed.
    """
    try:
        yield
    except _OURS:
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001 (its text may hold a secret)
        raise HostUnusableError(explain(error)) from None


@contextmanager
def _silence() -> Iterator[None]:
    """Lead what this process prints into nothing, the output of C libraries included."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = [os.dup(1), os.dup(2)]
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    os.close(nothing)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, original in enumerate(kept, start=1):
            os.dup2(original, number)
            os.close(original)
