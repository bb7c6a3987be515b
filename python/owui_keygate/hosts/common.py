"""What the generations of the host have in common."""

from __future__ import annotations

import functools
import importlib
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import make_url

from owui_keygate._native import Decision
from owui_keygate.patching.points import (
    HostFunction,
    HostTable,
    NewRoute,
    PatchPoint,
    RoutePoint,
)
from owui_keygate.patching.shapes import Shape
from owui_keygate.readers import Rules
from owui_keygate.readers.choice import (
    ReaderChoice,
    choose,
    open_blocking_reader,
    open_reader,
)
from owui_keygate.recording import last_used
from owui_keygate.recording.background import in_background
from owui_keygate.replacements import key_management, status_route
from owui_keygate.replacements.api_key_check import HostAdapter, Refusal
from owui_keygate.replacements.app_config import replace_app_config
from owui_keygate.replacements.decode_token import replace_decode_token

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from types import ModuleType

    from starlette.requests import Request

    from owui_keygate.extension import Extension
    from owui_keygate.readers import User
    from owui_keygate.replacements.decode_token import Signing

AUTH = "open_webui.utils.auth"
MAIN = "open_webui.main"
USERS = "open_webui.models.users"


def words(text: str, *more: str) -> frozenset[str]:
    """Return a vocabulary: the words of a text, and more that have a space in them."""
    return frozenset(text.split()).union(more)


def asynchronous_adapter(
    auth: ModuleType,
    extension: Extension,
    config: Any | None,  # noqa: ANN401
) -> HostAdapter:
    """Return what the check needs of a host with asynchronous sessions.

    Args:
        auth: The host's module `open_webui.utils.auth`.
        extension: The extension.
        config: The host's class `Config`, or None where the rules are not in the database.
    """
    users = importlib.import_module(USERS)
    engine = importlib.import_module("open_webui.internal.db").async_engine
    return HostAdapter(
        reader=open_reader(extension.reader, users, config, engine),
        is_permitted=_is_permitted(auth),
        api_key_header=api_key_header(),
        refusals=refusals(auth),
        on_allowed=_on_allowed(auth),
        on_used=last_used.asynchronous_noter(users),
    )


def blocking_adapter(auth: ModuleType, extension: Extension) -> HostAdapter:
    """Return what the check needs of a host with blocking sessions.

    Only whom the bypass rules is judged; the host answers everybody else itself.

    Args:
        auth: The host's module `open_webui.utils.auth`.
        extension: The extension.
    """
    users = importlib.import_module(USERS)
    engine = importlib.import_module("open_webui.internal.db").engine
    return HostAdapter(
        reader=open_blocking_reader(extension.reader, users, engine),
        is_permitted=_is_permitted(auth),
        api_key_header=api_key_header(),
        refusals=limit_refusals(auth),
        on_allowed=_on_allowed_blocking(auth),
        on_used=last_used.blocking_noter(users),
        keeps_times=hasattr(users, "ApiKey"),
    )


def choose_asynchronous(url: str) -> ReaderChoice:
    """Choose the reader for the database at an URL, where sessions are asynchronous."""
    database = importlib.import_module("open_webui.internal.db")
    # The host has no public name for what makes the URL of its engine of this one.
    return choose(make_url(database._make_async_url(url)))  # noqa: SLF001


def choose_blocking(url: str) -> ReaderChoice:
    """Choose the reader for the database at an URL, where sessions are blocking."""
    return choose(make_url(url))


def rules_in_memory(request: Request, _user: User) -> Rules:
    """Return the rules of hosts that keep them in memory, from 0.6.37 on."""
    config = request.app.state.config
    restricted = config.ENABLE_API_KEYS_ENDPOINT_RESTRICTIONS
    return Rules(
        keys_enabled=bool(request.state.enable_api_keys),
        allowed_endpoints=str(config.API_KEYS_ALLOWED_ENDPOINTS) if restricted else None,
        permissions=config.USER_PERMISSIONS,
    )


def api_key_header() -> str:
    """Return the name of the host's API-key header, which can be set from 0.9.6 on."""
    env = importlib.import_module("open_webui.env")
    return getattr(env, "CUSTOM_API_KEY_HEADER", "x-api-key")


def credentials() -> key_management.Credentials:
    """Return what tells a person's session from other credentials."""
    decode = importlib.import_module(AUTH).decode_token
    return key_management.Credentials(api_key_header(), decode)


def limit_refusals(auth: ModuleType) -> Mapping[Decision, Refusal]:
    """Return the answer for each limit of the bypass; an ended key gets that of an unknown one."""
    forbidden = auth.status.HTTP_403_FORBIDDEN
    limits = (Decision.AgeLimit, Decision.NetworkLimit, Decision.EndpointLimit)
    named = {limit: Refusal(forbidden, f"Refused by {limit.limit}.") for limit in limits}
    return named | {Decision.ExpiredKey: _unknown(auth)}


def refusals(auth: ModuleType) -> Mapping[Decision, Refusal]:
    """Return the answer for each decision that refuses; the host's own are those of 0.9.0."""
    texts, forbidden = auth.ERROR_MESSAGES, auth.status.HTTP_403_FORBIDDEN
    disabled = Refusal(forbidden, texts.API_KEY_NOT_ALLOWED)
    return {
        **limit_refusals(auth),
        Decision.UnknownKey: _unknown(auth),
        Decision.KeysDisabled: disabled,
        Decision.NotPermitted: disabled,
        Decision.EndpointRefused: Refusal(forbidden, texts.ACCESS_PROHIBITED),
    }


def _unknown(auth: ModuleType) -> Refusal:
    return Refusal(auth.status.HTTP_401_UNAUTHORIZED, auth.ERROR_MESSAGES.INVALID_TOKEN)


def _is_permitted(auth: ModuleType) -> Callable[[User, Rules], Awaitable[bool]]:
    async def is_permitted(user: User, rules: Rules) -> bool:
        return bool(await auth.has_permission(user.id, "features.api_keys", rules.permissions))

    return is_permitted


def _on_allowed(auth: ModuleType) -> Callable[[User, bool], None]:
    trace = importlib.import_module("opentelemetry.trace") if auth.ENABLE_OTEL else None
    update = auth.Users.update_last_active_by_id

    def on_allowed(user: User, bypass: bool) -> None:  # noqa: FBT001
        if trace is not None:
            _name_on_span(trace, user, bypass=bypass)
        in_background(update, user.id)

    return on_allowed


def _on_allowed_blocking(auth: ModuleType) -> Callable[[User, bool], None]:
    """Return what notes a user. The name of the method changed with 0.6.41."""
    names = ("update_last_active_by_id", "update_user_last_active_by_id")
    method = next(name for name in names if hasattr(auth.Users, name))
    # Hosts before 0.6.10 know no spans.
    trace = getattr(auth, "trace", None)

    def on_allowed(user: User, bypass: bool) -> None:  # noqa: FBT001
        if trace is not None:
            _name_on_span(trace, user, bypass=bypass)
        getattr(auth.Users, method)(user.id)

    return on_allowed


def _name_on_span(trace: Any, user: User, *, bypass: bool) -> None:  # noqa: ANN401
    attributes = {
        "client.user.id": user.id,
        "client.user.email": user.email,
        "client.user.role": user.role,
        "client.auth.type": "api_key",
    }
    # A span of a request that bypasses nothing is the host's own.
    bypassed = {"client.auth.bypass": True} if bypass else {}
    trace.get_current_span().set_attributes(attributes | bypassed)


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


STATUS = NewRoute(
    module=MAIN,
    name=status_route.PATH,
    shape=Shape(parameters=(), is_async=False),
    replace=_add_status,
    only_with_bypass=True,
)

API_KEY_COLUMN = HostTable(module=USERS, name="User", columns=words("api_key"), prefix="api_key")
"""Up to 0.6.40 the key is a column of its holder; what limited it would be another one."""

API_KEY_TABLE = HostTable(
    module=USERS,
    name="ApiKey",
    columns=words("id user_id key data expires_at last_used_at created_at updated_at"),
)
"""From 0.6.41 on. A column that is not known may limit what a key is good for."""
