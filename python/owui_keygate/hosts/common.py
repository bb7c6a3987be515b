"""What the generations of the host have in common."""

from __future__ import annotations

import functools
import importlib
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import make_url

from owui_keygate.hosts.adapters import USERS, api_key_header
from owui_keygate.patching.points import (
    HostFunction,
    HostTable,
    NewRoute,
    PatchPoint,
    RoutePoint,
)
from owui_keygate.patching.shapes import Shape
from owui_keygate.readers.choice import ReaderChoice, choose
from owui_keygate.replacements import key_management, keys_route, status_route
from owui_keygate.replacements.app_config import replace_app_config
from owui_keygate.replacements.decode_token import replace_decode_token

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from owui_keygate.extension import Extension
    from owui_keygate.patching.points import Replace
    from owui_keygate.replacements.decode_token import Signing

AUTH = "open_webui.utils.auth"
MAIN = "open_webui.main"


def words(text: str, *more: str) -> frozenset[str]:
    """Return a vocabulary: the words of a text, and more that have a space in them."""
    return frozenset(text.split()).union(more)


def choose_asynchronous(url: str) -> ReaderChoice:
    """Choose the reader for the database at an URL, where sessions are asynchronous."""
    database = importlib.import_module("open_webui.internal.db")
    # The host has no public name for what makes the URL of its engine of this one.
    return choose(make_url(database._make_async_url(url)))  # noqa: SLF001


def choose_blocking(url: str) -> ReaderChoice:
    """Choose the reader for the database at an URL, where sessions are blocking."""
    return choose(make_url(url))


def credentials() -> key_management.Credentials:
    """Return what tells a person's session from other credentials."""
    decode = importlib.import_module(AUTH).decode_token
    return key_management.Credentials(api_key_header(), decode)


def _replace_decode_token(
    original: Callable[..., Any], auth: ModuleType, _extension: Extension
) -> Callable[..., Any]:
    return replace_decode_token(original, cast("Signing", auth))


def _announce(
    original: Callable[..., Any], _logger: ModuleType, extension: Extension
) -> Callable[..., Any]:
    """Log after the host has set up its logs: before that, nothing below a warning is shown."""

    @functools.wraps(original)
    def start_logger() -> None:
        original()
        extension.announce()

    return start_logger


DECODE_TOKEN = PatchPoint(
    module=AUTH,
    name="decode_token",
    shape=Shape(
        parameters=("token",),
        is_async=False,
        vocabulary=words("ALGORITHM Exception SESSION_SECRET algorithms decode jwt"),
    ),
    replace=_replace_decode_token,
)

START_LOGGER = PatchPoint(
    module="open_webui.utils.logger",
    name="start_logger",
    shape=Shape(parameters=(), is_async=False),
    replace=_announce,
)


def account_page_point(flag: str, *relies_on: HostFunction) -> RoutePoint:
    """Return the patch point of what the host tells its web page about itself.

    Args:
        flag: The name of the member of `features` that tells whether keys are on.
        relies_on: Functions by which the credential of a request travels.
    """

    def replace(
        original: Callable[..., Any], main: ModuleType, extension: Extension
    ) -> Callable[..., Any]:
        return replace_app_config(original, main, extension.policy, flag)

    return RoutePoint(
        module=MAIN,
        name="get_app_config",
        shape=Shape(parameters=("request",), is_async=True),
        replace=replace,
        relies_on=relies_on,
        only_with_bypass=True,
    )


def _add_status(
    _nothing: Callable[..., Any], _main: ModuleType, extension: Extension
) -> Callable[..., Any]:
    return status_route.make_endpoint(importlib.import_module(AUTH), extension)


def _add_keys(
    _nothing: Callable[..., Any], _main: ModuleType, extension: Extension
) -> Callable[..., Any]:
    auth, users = importlib.import_module(AUTH), importlib.import_module(USERS)
    return keys_route.make_endpoint(auth, users, extension, credentials())


def _new_route(path: str, replace: Replace) -> NewRoute:
    return NewRoute(
        module=MAIN,
        name=path,
        shape=Shape(parameters=(), is_async=False),
        replace=replace,
        only_with_bypass=True,
    )


OWN_ROUTES = (
    _new_route(status_route.PATH, _add_status),
    _new_route(keys_route.PATH, _add_keys),
)
"""What the extension adds to the host."""

API_KEY_COLUMN = HostTable(module=USERS, name="User", columns=words("api_key"), prefix="api_key")
"""Up to 0.6.40 the key is a column of its holder; what limited it would be another one."""

API_KEY_TABLE = HostTable(
    module=USERS,
    name="ApiKey",
    columns=words("id user_id key data expires_at last_used_at created_at updated_at"),
)
"""From 0.6.41 on. A column that is not known may limit what a key is good for."""
