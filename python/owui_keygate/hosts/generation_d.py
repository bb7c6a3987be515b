"""Generation D: the rules are rows of the table `config`, and all of them bind one function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from owui_keygate.hosts.adapters import USERS, asynchronous_adapter
from owui_keygate.hosts.common import (
    API_KEY_TABLE,
    AUTH,
    DECODE_TOKEN,
    OWN_ROUTES,
    START_LOGGER,
    account_page_point,
    choose_asynchronous,
    credentials,
    words,
)
from owui_keygate.hosts.generation import Generation
from owui_keygate.hosts.transport import (
    AUTH_TOKEN,
    CURRENT_USER,
    OPTIONAL_USER,
    SET_TOKEN,
    VALID_TOKEN,
)
from owui_keygate.patching.points import HostFunction, PatchPoint
from owui_keygate.patching.shapes import Shape
from owui_keygate.replacements.api_key_check import replace_check
from owui_keygate.replacements.key_management import replace_permission_check

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from owui_keygate.extension import Extension
    from owui_keygate.hosts.generation import Release


def _replace_check(
    original: Callable[..., Any], auth: ModuleType, extension: Extension
) -> Callable[..., Any]:
    return replace_check(original, extension, asynchronous_adapter(auth, extension, auth.Config))


def _replace_permission_check(
    original: Callable[..., Any], _auths: ModuleType, extension: Extension
) -> Callable[..., Any]:
    return replace_permission_check(original, extension.policy, credentials())


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
_LOOKUP_WORDS = """
    ApiKey User UserModel execute first get_async_db_context id join key model_validate scalars
    select user_id where
"""

LOOKUP = HostFunction(
    module=USERS,
    name="UsersTable.get_user_by_api_key",
    shape=Shape(
        parameters=("self", "api_key", "db"),
        is_async=True,
        vocabulary=words(
            _LOOKUP_WORDS, "Resolve a user from their API key via a JOIN on the api_key table."
        ),
    ),
)
"""From 0.9.6 on."""

_KEY_MANAGEMENT = PatchPoint(
    module="open_webui.routers.auths",
    name="_check_api_key_permission",
    shape=Shape(
        parameters=("request", "user", "db"),
        is_async=True,
        vocabulary=words(_KEY_MANAGEMENT_WORDS),
    ),
    replace=_replace_permission_check,
    only_with_bypass=True,
)


def _generation(
    first: Release,
    below: Release,
    tried: str,
    by_key: tuple[HostFunction, ...],
    by_token: tuple[HostFunction, ...],
) -> Generation:
    """Return the generation for some releases.

    Args:
        first: The first of them.
        below: The first that is none of them any more.
        tried: The one that the live tests run on.
        by_key: What asks for the check, besides `get_current_user`.
        by_token: What the account page relies on.
    """
    return Generation(
        name="D",
        first=first,
        below=below,
        tried=(tried,),
        choose_reader=choose_asynchronous,
        patch_points=(
            PatchPoint(
                module=AUTH,
                name="get_current_user_by_api_key",
                shape=Shape(
                    parameters=("request", "api_key"),
                    is_async=True,
                    vocabulary=words(_CHECK_WORDS, ""),
                ),
                replace=_replace_check,
                relies_on=(LOOKUP, CURRENT_USER, *by_key, API_KEY_TABLE),
            ),
            DECODE_TOKEN,
            _KEY_MANAGEMENT,
            START_LOGGER,
            account_page_point("enable_api_keys", *by_token),
            *OWN_ROUTES,
        ),
    )


GENERATIONS_D = (
    _generation((0, 10, 0), (0, 11, 1), "0.10.2", (), (AUTH_TOKEN,)),
    _generation((0, 11, 1), (0, 12, 0), "0.11.4", (OPTIONAL_USER,), (SET_TOKEN,)),
    _generation((0, 12, 0), (0, 13, 0), "0.12.4", (OPTIONAL_USER,), (SET_TOKEN, VALID_TOKEN)),
)
