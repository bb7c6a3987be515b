"""Generation C: one asynchronous function looks at all the rules, which are in memory.

0.9.0 is the first release that has it; 0.10.0 moves the rules into the database. Up to 0.9.5 the
endpoint list is compared with the path of the URL, which the Host header can forge
(CVE-2026-48710). There the host judges everybody whom the bypass does not rule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from owui_keygate.hosts.adapters import USERS, asynchronous_adapter, rules_in_memory
from owui_keygate.hosts.common import (
    API_KEY_TABLE,
    AUTH,
    DECODE_TOKEN,
    OWN_ROUTES,
    START_LOGGER,
    account_page_point,
    choose_asynchronous,
    words,
)
from owui_keygate.hosts.generation import Generation
from owui_keygate.hosts.generation_d import LOOKUP
from owui_keygate.hosts.own_key_route import own_key_endpoints
from owui_keygate.hosts.transport import AUTH_TOKEN, CURRENT_USER
from owui_keygate.patching.points import HostFunction, PatchPoint
from owui_keygate.patching.shapes import Shape
from owui_keygate.replacements.api_key_check import replace_check

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from owui_keygate.extension import Extension
    from owui_keygate.hosts.generation import Release


def _replace_check_of_admins(
    original: Callable[..., Any], auth: ModuleType, extension: Extension
) -> Callable[..., Any]:
    return replace_check(original, extension, asynchronous_adapter(auth, extension, None))


def _replace_check(
    original: Callable[..., Any], auth: ModuleType, extension: Extension
) -> Callable[..., Any]:
    adapter = asynchronous_adapter(auth, extension, None)
    return replace_check(original, extension, adapter._replace(rules_of=rules_in_memory))


_CHECK_WORDS = """
    , / ACCESS_PROHIBITED API_KEYS_ALLOWED_ENDPOINTS API_KEY_NOT_ALLOWED
    ENABLE_API_KEYS_ENDPOINT_RESTRICTIONS ENABLE_OTEL ERROR_MESSAGES HTTPException
    HTTP_401_UNAUTHORIZED HTTP_403_FORBIDDEN INVALID_TOKEN USER_PERMISSIONS Users admin any api_key
    app client.auth.type client.user.email client.user.id client.user.role config detail email
    enable_api_keys features.api_keys get_current_span get_user_by_api_key has_permission id
    opentelemetry path role set_attribute split startswith state status status_code str strip trace
    update_last_active_by_id
"""
_OLD_LOOKUP_WORDS = """
    ApiKey Exception User UserModel execute filter first get_async_db_context id join key
    model_validate scalars select user_id
"""
_OLD_LOOKUP = HostFunction(
    module=USERS,
    name="UsersTable.get_user_by_api_key",
    shape=Shape(
        parameters=("self", "api_key", "db"),
        is_async=True,
        vocabulary=words(_OLD_LOOKUP_WORDS),
    ),
)


def _generation(
    first: Release, below: Release, tried: tuple[str, ...], lookup: HostFunction, *, judges: bool
) -> Generation:
    return Generation(
        name="C",
        first=first,
        below=below,
        tried=tried,
        choose_reader=choose_asynchronous,
        patch_points=(
            PatchPoint(
                module=AUTH,
                name="get_current_user_by_api_key",
                shape=Shape(
                    parameters=("request", "api_key"),
                    is_async=True,
                    vocabulary=words(_CHECK_WORDS) | {"scope" if judges else "url"},
                ),
                replace=_replace_check if judges else _replace_check_of_admins,
                relies_on=(lookup, CURRENT_USER, API_KEY_TABLE),
                only_with_bypass=not judges,
            ),
            DECODE_TOKEN,
            *own_key_endpoints("ENABLE_API_KEYS", "db"),
            START_LOGGER,
            account_page_point("enable_api_keys", AUTH_TOKEN),
            *OWN_ROUTES,
        ),
    )


GENERATIONS_C = (
    _generation((0, 9, 0), (0, 9, 6), (), _OLD_LOOKUP, judges=False),
    _generation((0, 9, 6), (0, 10, 0), ("0.9.6",), LOOKUP, judges=True),
)
