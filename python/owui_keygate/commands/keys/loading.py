"""Imports the host in this process, with its own database.

Nothing is started. Only the host's models are imported, and what creates keys and password hashes.
"""

from __future__ import annotations

import importlib
import os
import secrets
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from owui_keygate.commands.find_host import NO_HOST, find_host, is_installed_with_pip
from owui_keygate.commands.garbage import no_collections
from owui_keygate.commands.keys.errors import HostUnusableError, NotReadyError, RefusedError
from owui_keygate.commands.keys.host import Host
from owui_keygate.commands.keys.quiet import failures_explained, silence
from owui_keygate.commands.keys.readiness import wait_for_migrations
from owui_keygate.commands.progress import Progress

if TYPE_CHECKING:
    from owui_keygate.commands.keys.waiting import Patience

_NO_WAIT = (
    "Nothing was done: --wait needs Open WebUI 0.7.0 or newer. An older one migrates the database "
    "when this command imports it, and so must not be imported while the server starts: omit --wait"
)
_NO_DATABASE = (
    "Open WebUI has no database here yet: start the server once, or run this command in the "
    "server's folder, with the server's environment variables"
)


class Env(Protocol):
    """The host's module `open_webui.env`, as far as it is used here."""

    DATABASE_URL: str
    VERSION: str


def load(patience: Patience) -> Host:
    """Find the host and import it, with the database that it is configured for.

    Args:
        patience: Waits for the database.

    Raises:
        RefusedError: This host cannot be waited for.
        HostUnusableError: No host was found, it is not supported, or it cannot be imported.
    """
    folder = find_host()
    if folder is None:
        raise HostUnusableError(NO_HOST)
    installed_with_pip = is_installed_with_pip()
    if not installed_with_pip:
        sys.path.append(str(folder))
    progress = Progress("Importing Open WebUI")
    with no_collections(), tempfile.TemporaryDirectory() as static:
        with progress, failures_explained(), silence():
            _prepare_environment(static, installed_with_pip=installed_with_pip)
            # This does not connect to the database yet.
            env = importlib.import_module("open_webui.env")
            _check_release(env)
        if patience.seconds and not hasattr(env, "ENABLE_DB_MIGRATIONS"):
            raise RefusedError(_NO_WAIT)
        patience.until_ready(partial(_expect_database, env))
        with progress, failures_explained(), silence():
            database = importlib.import_module("open_webui.internal.db")
        if patience.seconds:
            wait_for_migrations(database, patience)
        with progress, failures_explained(), silence():
            return Host(
                database=database,
                users=importlib.import_module("open_webui.models.users"),
                auths=importlib.import_module("open_webui.models.auths"),
                auth=importlib.import_module("open_webui.utils.auth"),
                misc=importlib.import_module("open_webui.utils.misc"),
            )


def _prepare_environment(static: str, *, installed_with_pip: bool) -> None:
    """Keep the import from doing what only a server needs.

    Args:
        static: A folder for the static files, which the host deletes and copies when imported.
        installed_with_pip: Whether pip installed the host, which reads this from `FROM_INIT_PY`.
    """
    os.environ |= {
        "CUSTOM_NAME": "",  # Otherwise the host asks its vendor's server for a logo.
        "ENABLE_DB_MIGRATIONS": "false",
        # The host gives SQLite hundreds of megabytes, as it should to a server.
        "DATABASE_SQLITE_PRAGMA_CACHE_SIZE": "-8192",
        "DATABASE_SQLITE_PRAGMA_MMAP_SIZE": "0",
        "DATABASE_SQLITE_PRAGMA_TEMP_STORE": "FILE",
        "FROM_INIT_PY": str(installed_with_pip).lower(),
        "OWUI_KEYGATE": "off",
        "STATIC_DIR": static,
        "USE_CUDA_DOCKER": "false",  # Otherwise the host imports PyTorch,
        "VECTOR_DB": "",  # and what stores its vectors, which takes longer than all else.
    }
    # The server may have its secret from a file. So it is in the official image, where the variable
    # is empty. Nothing is signed or encrypted here.
    if not os.environ.get("WEBUI_SECRET_KEY"):
        os.environ["WEBUI_SECRET_KEY"] = secrets.token_hex()
    # By default, the drivers of PostgreSQL wait for minutes.
    os.environ.setdefault("PGCONNECT_TIMEOUT", "10")


def _check_release(env: Env) -> None:
    from owui_keygate.hosts import choose
    from owui_keygate.patching.patches import HostDoesNotFitError

    try:
        choose(str(env.VERSION))
    except HostDoesNotFitError as error:
        message = f"Unsupported Open WebUI: {error}"
        raise HostUnusableError(message) from None


def _expect_database(env: Env) -> None:
    with failures_explained(), silence():
        _check_database(env)


def _check_database(env: Env) -> None:
    """Refuse a database that the host has not created yet, unless the check would create it.

    Connecting to a SQLite file creates it, and hosts before 0.7.0 create their tables when they are
    imported. With the environment variables of another server, that would be a second database.
    """
    from sqlalchemy import create_engine, inspect, make_url

    url = make_url(env.DATABASE_URL)
    if url.drivername == "sqlite" and not Path(url.database or "").is_file():
        raise NotReadyError(_NO_DATABASE)
    if hasattr(env, "ENABLE_DB_MIGRATIONS") or url.drivername == "sqlite+sqlcipher":
        return
    engine = create_engine(url)
    try:
        if not inspect(engine).has_table("user", schema=getattr(env, "DATABASE_SCHEMA", None)):
            raise NotReadyError(_NO_DATABASE)
    finally:
        engine.dispose()
