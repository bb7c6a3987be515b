"""Generation D: the rules are rows of the table `config`, and all of them bind one function."""

from __future__ import annotations

import functools
import importlib
from typing import TYPE_CHECKING, Any, cast

from owui_keygate import checker, key_management, sessions
from owui_keygate._native import Decision
from owui_keygate.background import in_background
from owui_keygate.hosts.generation import Generation
from owui_keygate.patches import HostFunction, PatchPoint
from owui_keygate.readers.choice import choose, open_reader
from owui_keygate.shapes import Shape

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from types import ModuleType

    from owui_keygate.checker import Refusal
    from owui_keygate.patches import Place
    from owui_keygate.readers import Rules, User
    from owui_keygate.sessions import Signing


def _replace_check(
    original: Callable[..., Any], auth: ModuleType, place: Place
) -> Callable[..., Any]:
    users = importlib.import_module("open_webui.models.users")
    engine = importlib.import_module("open_webui.internal.db").async_engine
    place.reader = choose(engine.url)
    host = checker.Host(
        reader=open_reader(place.reader, users, auth.Config, engine),
        is_permitted=_is_permitted(auth),
        api_key_header=_api_key_header(),
        refusals=_refusals(auth),
        on_allowed=_on_allowed(auth),
    )
    return checker.replacement(original, place.policy, host)


def _replace_key_management(
    original: Callable[..., Any], _auths: ModuleType, place: Place
) -> Callable[..., Any]:
    return key_management.replacement(original, place.policy, _api_key_header())


def _replace_decode_token(
    original: Callable[..., Any],
    auth: ModuleType,
    _place: Place,
) -> Callable[..., Any]:
    return sessions.replacement(original, cast("Signing", auth))


def _announce(
    original: Callable[..., Any], _logger: ModuleType, place: Place
) -> Callable[..., Any]:
    """Log after the host has set up its logs: before that, nothing below a warning is shown."""

    @functools.wraps(original)
    def start_logger() -> None:
        original()
        place.announce()

    return start_logger


def _api_key_header() -> str:
    header: str = importlib.import_module("open_webui.env").CUSTOM_API_KEY_HEADER
    return header


def _refusals(auth: ModuleType) -> Mapping[Decision, Refusal]:
    texts, codes = auth.ERROR_MESSAGES, auth.status
    unknown = checker.Refusal(codes.HTTP_401_UNAUTHORIZED, texts.INVALID_TOKEN)
    disabled = checker.Refusal(codes.HTTP_403_FORBIDDEN, texts.API_KEY_NOT_ALLOWED)
    return {
        Decision.UnknownKey: unknown,
        Decision.ExpiredKey: unknown,
        Decision.KeysDisabled: disabled,
        Decision.NotPermitted: disabled,
        Decision.EndpointRefused: checker.Refusal(
            codes.HTTP_403_FORBIDDEN, texts.ACCESS_PROHIBITED
        ),
    }


def _is_permitted(auth: ModuleType) -> Callable[[User, Rules], Awaitable[bool]]:
    async def is_permitted(user: User, rules: Rules) -> bool:
        return bool(await auth.has_permission(user.id, "features.api_keys", rules.permissions))

    return is_permitted


def _on_allowed(auth: ModuleType) -> Callable[[User], None]:
    def on_allowed(user: User) -> None:
        if auth.ENABLE_OTEL:
            from opentelemetry import trace

            trace.get_current_span().set_attributes(
                {
                    "client.user.id": user.id,
                    "client.user.email": user.email,
                    "client.user.role": user.role,
                    "client.auth.type": "api_key",
                }
            )
        in_background(auth.Users.update_last_active_by_id, user.id)

    return on_allowed


_CHECK_WORDS = """
    Config ENABLE_OTEL ERROR_MESSAGES HTTPException Users any get get_current_span get_many
    get_user_by_api_key has_permission opentelemetry scope set_attribute split startswith state
    status str strip trace update_last_active_by_id
    ACCESS_PROHIBITED API_KEY_NOT_ALLOWED HTTP_401_UNAUTHORIZED HTTP_403_FORBIDDEN INVALID_TOKEN
    admin api_key email enable_api_keys id path role , /
    detail status_code
    auth.api_key.allowed_endpoints auth.api_key.endpoint_restrictions auth.enable_api_keys
    client.auth.type client.user.email client.user.id client.user.role
    features.api_keys user.permissions
"""
_KEY_MANAGEMENT_WORDS = """
    Config ERROR_MESSAGES HTTPException get has_permission status
    API_KEY_CREATION_NOT_ALLOWED HTTP_403_FORBIDDEN db detail status_code
    admin id role auth.enable_api_keys features.api_keys user.permissions
"""
_SESSION_WORDS = "ALGORITHM Exception SESSION_SECRET algorithms decode jwt"
_LOOKUP_WORDS = """
    ApiKey User UserModel execute first get_async_db_context id join key model_validate scalars
    select user_id where
"""


def _words(text: str, *more: str) -> frozenset[str]:
    return frozenset(text.split()).union(more)


_LOOKUP = HostFunction(
    module="open_webui.models.users",
    name="UsersTable.get_user_by_api_key",
    shape=Shape(
        parameters=("self", "api_key", "db"),
        is_async=True,
        vocabulary=_words(
            _LOOKUP_WORDS, "Resolve a user from their API key via a JOIN on the api_key table."
        ),
    ),
)

GENERATION_D = Generation(
    name="D",
    first=(0, 10, 0),
    below=(0, 13, 0),
    tried=("0.10.2", "0.11.4", "0.12.4"),
    patch_points=(
        PatchPoint(
            module="open_webui.utils.auth",
            name="get_current_user_by_api_key",
            shape=Shape(
                parameters=("request", "api_key"),
                is_async=True,
                vocabulary=_words(_CHECK_WORDS, ""),
            ),
            replace=_replace_check,
            relies_on=(_LOOKUP,),
        ),
        PatchPoint(
            module="open_webui.utils.auth",
            name="decode_token",
            shape=Shape(
                parameters=("token",),
                is_async=False,
                vocabulary=_words(_SESSION_WORDS),
            ),
            replace=_replace_decode_token,
        ),
        PatchPoint(
            module="open_webui.routers.auths",
            name="_check_api_key_permission",
            shape=Shape(
                parameters=("request", "user", "db"),
                is_async=True,
                vocabulary=_words(_KEY_MANAGEMENT_WORDS),
            ),
            replace=_replace_key_management,
        ),
        PatchPoint(
            module="open_webui.utils.logger",
            name="start_logger",
            shape=Shape(parameters=(), is_async=False),
            replace=_announce,
        ),
    ),
)
