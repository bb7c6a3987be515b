"""Generation A: `get_current_user` looks at switch and endpoint list, then looks the key up.

0.5.4 is the first release that asks for an endpoint list; 0.6.37 looks the key up first. Up to
0.6.0 a path is on the list only if it is written there; from 0.6.1 on what is below it is as well,
and an empty list allows everything. The host judges all that itself.
"""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any

from owui_keygate.hosts.adapters import USERS, blocking_adapter
from owui_keygate.hosts.common import (
    API_KEY_COLUMN,
    AUTH,
    DECODE_TOKEN,
    MAIN,
    OWN_ROUTES,
    START_LOGGER,
    account_page_point,
    choose_blocking,
    words,
)
from owui_keygate.hosts.generation import Generation
from owui_keygate.hosts.own_key_route import own_key_endpoints
from owui_keygate.patching.points import DependencyPoint, HostFunction, PatchPoint
from owui_keygate.patching.shapes import Shape
from owui_keygate.replacements.api_key_check import replace_check
from owui_keygate.replacements.credentials import API_KEY_PREFIX
from owui_keygate.replacements.run_sync import run_sync

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from owui_keygate.extension import Extension
    from owui_keygate.hosts.generation import Release


def _replace_check(
    original: Callable[..., Any], auth: ModuleType, extension: Extension
) -> Callable[..., Any]:
    async def by_host(_request: object, _api_key: str, call: inspect.BoundArguments) -> object:
        return original(*call.args, **call.kwargs)

    check = replace_check(by_host, extension, blocking_adapter(auth, extension))
    signature = inspect.signature(original)

    @functools.wraps(original)
    def get_current_user(*args: object, **dependencies: object) -> object:
        # The host's audit log calls it by position.
        call = signature.bind(*args, **dependencies)
        credential = _credential(call)
        if credential is None or not credential.startswith(API_KEY_PREFIX):
            return original(*call.args, **call.kwargs)
        return run_sync(check(call.arguments["request"], credential, call=call))

    return get_current_user


def _credential(call: inspect.BoundArguments) -> str | None:
    """Return the credential that the host's function authenticates by: a bearer's, or the cookie's.

    It is called with the bearer that FastAPI has found, and by its audit log with that of the
    header `Authorization` whatever the scheme.
    """
    bearer = call.arguments.get("auth_token")
    if bearer is not None:
        return str(bearer.credentials)
    cookie: str | None = call.arguments["request"].cookies.get("token")
    return cookie


_CHECK_WORDS = """
    , / API_KEY_ALLOWED_ENDPOINTS API_KEY_NOT_ALLOWED ENABLE_API_KEY_ENDPOINT_RESTRICTIONS
    ERROR_MESSAGES Exception HTTPException HTTP_401_UNAUTHORIZED HTTP_403_FORBIDDEN INVALID_TOKEN
    UNAUTHORIZED Users WEBUI_AUTH_TRUSTED_EMAIL_HEADER add_task any api_key app client.auth.type
    client.user.email client.user.id client.user.role config cookies credentials decode_token
    delete_cookie detail email enable_api_key get get_current_span get_current_user_by_api_key
    get_user_by_id headers id jwt lower oauth_id_token oauth_session_id path role set_attribute sk-
    split startswith state status status_code str strip token trace update_user_last_active_by_id
    url
"""
_BY_KEY_WORDS = """
    ERROR_MESSAGES HTTPException HTTP_401_UNAUTHORIZED INVALID_TOKEN Users api_key client.auth.type
    client.user.email client.user.id client.user.role detail email get_current_span
    get_user_by_api_key id role set_attribute status status_code trace update_user_last_active_by_id
"""
_LOOKUP_WORDS = "Exception User UserModel api_key filter_by first get_db model_validate query"
_RELIES_ON = (
    HostFunction(
        module=AUTH,
        name="get_current_user_by_api_key",
        shape=Shape(("api_key",), is_async=False, vocabulary=words(_BY_KEY_WORDS)),
    ),
    HostFunction(
        module=USERS,
        name="UsersTable.get_user_by_api_key",
        shape=Shape(("self", "api_key"), is_async=False, vocabulary=words(_LOOKUP_WORDS)),
    ),
    API_KEY_COLUMN,
)


def _generation(
    releases: tuple[Release, Release],
    tried: tuple[str, ...],
    parameters: tuple[str, ...],
    *,
    has_logger: bool = True,
) -> Generation:
    logger: tuple[PatchPoint, ...] = (START_LOGGER,) if has_logger else ()
    return Generation(
        name="A",
        first=releases[0],
        below=releases[1],
        tried=tried,
        choose_reader=choose_blocking,
        patch_points=(
            DependencyPoint(
                module=AUTH,
                name="get_current_user",
                shape=Shape(
                    parameters=parameters,
                    is_async=False,
                    vocabulary=words(
                        _CHECK_WORDS,
                        "",
                        "Invalid token",
                        "Not authenticated",
                        "User mismatch. Please sign in again.",
                    ),
                ),
                replace=_replace_check,
                relies_on=_RELIES_ON,
                only_with_bypass=True,
                dependents=("get_verified_user", "get_admin_user"),
            ),
            DECODE_TOKEN,
            *own_key_endpoints("ENABLE_API_KEY"),
            account_page_point("enable_api_key"),
            *OWN_ROUTES,
            *logger,
        ),
        announced_by=None if has_logger else MAIN,
    )


_REQUEST_AND_TOKEN = ("request", "auth_token")
_WITH_TASKS = ("request", "background_tasks", "auth_token")
_WITH_RESPONSE = ("request", "response", "background_tasks", "auth_token")

GENERATIONS_A = (
    _generation(((0, 5, 4), (0, 5, 17)), ("0.5.4",), _REQUEST_AND_TOKEN, has_logger=False),
    _generation(((0, 5, 17), (0, 6, 1)), ("0.5.20",), _WITH_TASKS),
    _generation(((0, 6, 1), (0, 6, 14)), (), _WITH_TASKS),
    _generation(((0, 6, 14), (0, 6, 37)), ("0.6.18", "0.6.36"), _WITH_RESPONSE),
)
