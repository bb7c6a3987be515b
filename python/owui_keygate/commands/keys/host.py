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
import signal
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from owui_keygate.commands.find_host import NO_HOST, find_host
from owui_keygate.commands.keys.errors import (
    ConfirmationNeededError,
    HostUnusableError,
    OutputError,
    RefusedError,
    UncertainError,
    UndoneError,
    explain,
)
from owui_keygate.commands.keys.transaction import transaction

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterator
    from types import ModuleType

    from owui_keygate.commands.keys.output import Output
    from owui_keygate.commands.keys.transaction import Execute

T = TypeVar("T")
_NO_DATABASE = (
    "There is no database of Open WebUI here yet: start the server once, or give this command the "
    "environment variables and the folder of the server"
)
_OURS = (ConfirmationNeededError, HostUnusableError, OutputError, RefusedError)
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What ends a command, and must not between its output and the commit."""


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
    folder = find_host()
    if folder is None:
        raise HostUnusableError(NO_HOST)
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


class Deed(Generic[T]):
    """Some work in the database, what it shows, and how one sees whether it was kept.

    Args:
        work: What is done, within a transaction whose statements it is given.
        show: Writes what came of it.
        kept: Whether the database holds it, in a later transaction.
    """

    def __init__(
        self,
        work: Callable[[Execute], Awaitable[T]],
        show: Callable[[T], None],
        kept: Callable[[Execute, T], Awaitable[bool]],
    ) -> None:
        self.work = work
        self.show = show
        self.kept = kept


def carry_out(database: ModuleType, deed: Deed[T], output: Output, *, changes: bool = True) -> T:
    """Do some work in one transaction of the host's database: all of it, or nothing.

    What came of it is shown before the commit, as a key that cannot be shown must not hold.

    Args:
        database: The host's module `open_webui.internal.db`.
        deed: What is done.
        output: Where that is shown.
        changes: Whether it changes anything.

    Raises:
        RefusedError: As the work does.
        ConfirmationNeededError: As the work does.
        OutputError: It cannot be shown.
        UndoneError: It was shown, and the database has not kept it.
        UncertainError: It was shown, and nobody knows whether the database has kept it.
        MisplacedError: The key is in another file than it should be.
        HostUnusableError: Anything else went wrong.
    """
    shown: list[T] = []

    async def all_or_nothing() -> None:
        async with transaction(database, changes=changes) as execute:
            result = await deed.work(execute)
            for number in _ENDING:
                signal.signal(number, signal.SIG_IGN)
            # An interrupt that has come already takes effect here, and not in the commit.
            await asyncio.sleep(0)
            deed.show(result)
            shown.append(result)

    async def kept() -> bool:
        async with transaction(database, changes=False) as execute:
            return await deed.kept(execute, shown[0])

    with _handlers_restored():
        try:
            with _failures_explained(), _silence():
                asyncio.run(all_or_nothing())
        except HostUnusableError as error:
            if not shown:
                raise
            _settle(kept, output, error)
        output.keep()
    return shown[0]


def _settle(kept: Callable[[], Coroutine[Any, Any, bool]], output: Output, why: Exception) -> None:
    """Find out what became of a commit that has failed; one that was carried out may, too.

    Raises:
        HostUnusableError: Nothing has changed, and nothing was printed.
        UndoneError: Nothing has changed, and what was printed does not hold.
        UncertainError: The database does not tell.
    """
    try:
        with _failures_explained(), _silence():
            done = asyncio.run(kept())
    except HostUnusableError:
        place = f"; the key is in {output.waiting}" if output.waiting else ""
        message = (
            "The database failed at the commit, and nobody knows whether the change was made: "
            f"see `owui-keygate keys list` once it answers{place} ({why})"
        )
        raise UncertainError(message) from None
    if done:
        return
    output.discard()
    if not output.printed:
        raise why
    message = (
        "The database failed at the commit and nothing has changed: what was printed does not "
        f"hold, a key that was printed is NOT valid ({why})"
    )
    raise UndoneError(message) from None


@contextmanager
def _handlers_restored() -> Iterator[None]:
    """Give signals back what handled them; `asyncio.run` does not if they are ignored meanwhile."""
    before = {number: signal.getsignal(number) for number in _ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            # None stands for one that is not of Python's making, and could not be put back.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


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
    from owui_keygate.hosts import choose
    from owui_keygate.patching.patches import HostDoesNotFitError

    try:
        choose(str(env.VERSION))
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
    _flush()
    kept = [os.dup(1), os.dup(2)]
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    os.close(nothing)
    try:
        yield
    finally:
        _flush()
        for number, original in enumerate(kept, start=1):
            os.dup2(original, number)
            os.close(original)


def _flush() -> None:
    """Flush the standard streams, of which a process can be started without any."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
