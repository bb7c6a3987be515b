"""The host in this process: found, and imported against its database.

Nothing is started: only its models are imported, and what makes keys and password hashes.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import secrets
import sys
import tempfile
from pathlib import Path
from typing import Protocol

from owui_keygate.commands.find_host import NO_HOST, find_host
from owui_keygate.commands.keys.errors import HostUnusableError
from owui_keygate.commands.keys.host import Host
from owui_keygate.commands.keys.quiet import failures_explained, silence

_NO_DATABASE = (
    "There is no database of Open WebUI here yet: start the server once, or give this command the "
    "environment variables and the folder of the server"
)


class Env(Protocol):
    """The host's module `open_webui.env`, as far as it is looked at here."""

    DATABASE_URL: str
    VERSION: str


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
    with failures_explained(), silence(), tempfile.TemporaryDirectory() as static:
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


def _check_release(env: Env) -> None:
    from owui_keygate.hosts import choose
    from owui_keygate.patching.patches import HostDoesNotFitError

    try:
        choose(str(env.VERSION))
    except HostDoesNotFitError as error:
        message = f"Unsupported host: {error}"
        raise HostUnusableError(message) from None


def _check_database(env: Env) -> None:
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
