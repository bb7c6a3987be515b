"""What the check needs of the host: with asynchronous, or with blocking database sessions."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from owui_keygate._native import Decision
from owui_keygate.readers import Rules
from owui_keygate.readers.choice import open_blocking_reader, open_reader
from owui_keygate.recording import last_active, last_used
from owui_keygate.replacements.api_key_check import HostAdapter, Refusal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from types import ModuleType

    from starlette.requests import Request

    from owui_keygate.extension import Extension
    from owui_keygate.readers import Config, User

USERS = "open_webui.models.users"


def asynchronous_adapter(
    auth: ModuleType, extension: Extension, config: Config | None
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

    The extension judges only those whom the bypass rules; the host judges everybody else.

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


def limit_refusals(auth: ModuleType) -> Mapping[Decision, Refusal]:
    """Return the answer for each limit of the bypass; an ended key gets that of an unknown one."""
    forbidden = auth.status.HTTP_403_FORBIDDEN
    limits = (
        Decision.AgeLimit,
        Decision.NetworkLimit,
        Decision.EndpointLimit,
        Decision.TwoAccounts,
        Decision.AccountAgeLimit,
        Decision.AccountNetworkLimit,
        Decision.AccountEndpointLimit,
    )
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


def _on_allowed(auth: ModuleType) -> Callable[[User, Decision], None]:
    trace = importlib.import_module("opentelemetry.trace") if auth.ENABLE_OTEL else None
    note_active = last_active.asynchronous_noter(auth.Users.update_last_active_by_id)

    def on_allowed(user: User, decision: Decision) -> None:
        if trace is not None:
            _name_on_span(trace, user, decision)
        note_active(user.id)

    return on_allowed


def _on_allowed_blocking(auth: ModuleType) -> Callable[[User, Decision], None]:
    """Return what records a user's activity. 0.6.41 renamed the method."""
    names = ("update_last_active_by_id", "update_user_last_active_by_id")
    method = next(name for name in names if hasattr(auth.Users, name))
    # Hosts before 0.6.10 know no spans.
    trace = getattr(auth, "trace", None)

    def on_allowed(user: User, decision: Decision) -> None:
        if trace is not None:
            _name_on_span(trace, user, decision)
        getattr(auth.Users, method)(user.id)

    return on_allowed


def _name_on_span(trace: ModuleType, user: User, decision: Decision) -> None:
    attributes = {
        "client.user.id": user.id,
        "client.user.email": user.email,
        "client.user.role": user.role,
        "client.auth.type": "api_key",
    }
    # Other requests have the attributes that the host itself sets, and no more.
    bypassed = {"client.auth.bypass": True} if decision == Decision.AllowBypass else {}
    trace.get_current_span().set_attributes(attributes | bypassed)
