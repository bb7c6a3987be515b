"""Generation A: `get_current_user` looks at switch and endpoint list, then looks the key up.

0.5.4 is the first release that asks for an endpoint list; 0.6.37 looks the key up first. Up to
0.6.0 a path is on the list only if it is written there; from 0.6.1 on what is below it is as well,
and an empty list allows everything. The host judges all that itself.
"""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any

from owui_keygate.hosts.common import (
    API_KEY_COLUMN,
    AUTH,
    DECODE_TOKEN,
    MAIN,
    START_LOGGER,
    STATUS,
    USERS,
    account_page_point,
    blocking_host,
    choose_blocking,
    words,
)
from owui_keygate.hosts.generation import Generation
from owui_keygate.hosts.own_key_route import own_key_endpoints
from owui_keygate.patching.points import DependencyPoint, HostFunction, PatchPoint
from owui_keygate.patching.shapes import Shape
from owui_keygate.readers import Rules
from owui_keygate.replacements import api_key_check
from owui_keygate.replacements.credentials import API_KEY_PREFIX
from owui_keygate.replacements.run_sync import at_once

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from starlette.requests import Request

    from owui_keygate.hosts.generation import Release
    from owui_keygate.patching.points import Place
    from owui_keygate.readers import User


def _rules_by_path(request: Request, _user: User) -> Rules:
    """Return the rules, as releases before 0.6.1 read them: a path means itself alone."""
    rules = _rules(request)
    written = [path.strip() for path in (rules.allowed_endpoints or "").split(",")]
    if rules.allowed_endpoints is None or request.url.path in written:
        return rules._replace(allowed_endpoints=None)
    return rules._replace(allowed_endpoints="")


def _rules_by_prefix(request: Request, _user: User) -> Rules:
    """Return the rules, as releases from 0.6.1 on read them: an empty list allows everything."""
    rules = _rules(request)
    is_empty = "" in [path.strip() for path in (rules.allowed_endpoints or "").split(",")]
    return rules._replace(allowed_endpoints=None) if is_empty else rules


def _rules(request: Request) -> Rules:
    config = request.app.state.config
    restricted = config.ENABLE_API_KEY_ENDPOINT_RESTRICTIONS
    return Rules(
        keys_enabled=bool(request.state.enable_api_key),
        allowed_endpoints=str(config.API_KEY_ALLOWED_ENDPOINTS) if restricted else None,
        permissions=None,
    )


def _replace_check(
    original: Callable[..., Any],
    auth: ModuleType,
    place: Place,
    rules_of: Callable[[Request, User], Rules],
) -> Callable[..., Any]:
    host = blocking_host(auth, place)._replace(rules_of=rules_of)
    if not place.policy.bypass:
        return original

    async def by_host(_request: object, _api_key: str, call: inspect.BoundArguments) -> object:
        return original(*call.args, **call.kwargs)

    check = api_key_check.replacement(by_host, place.policy, place.trail, host)
    signature = inspect.signature(original)

    @functools.wraps(original)
    def get_current_user(*args: Any, **dependencies: Any) -> object:  # noqa: ANN401
        # The host's audit log calls it by position.
        call = signature.bind(*args, **dependencies)
        credential = _credential(call)
        if credential is None or not credential.startswith(API_KEY_PREFIX):
            return original(*call.args, **call.kwargs)
        return at_once(check(call.arguments["request"], credential, call=call))

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
    rules_of: Callable[[Request, User], Rules],
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
                replace=functools.partial(_replace_check, rules_of=rules_of),
                relies_on=_RELIES_ON,
                dependents=("get_verified_user", "get_admin_user"),
            ),
            DECODE_TOKEN,
            *own_key_endpoints("ENABLE_API_KEY"),
            account_page_point("enable_api_key"),
            STATUS,
            *logger,
        ),
        announced_by=None if has_logger else MAIN,
    )


_REQUEST_AND_TOKEN = ("request", "auth_token")
_WITH_TASKS = ("request", "background_tasks", "auth_token")
_WITH_RESPONSE = ("request", "response", "background_tasks", "auth_token")

GENERATIONS_A = (
    _generation(
        ((0, 5, 4), (0, 5, 17)), ("0.5.4",), _REQUEST_AND_TOKEN, _rules_by_path, has_logger=False
    ),
    _generation(((0, 5, 17), (0, 6, 1)), ("0.5.20",), _WITH_TASKS, _rules_by_path),
    _generation(((0, 6, 1), (0, 6, 14)), (), _WITH_TASKS, _rules_by_prefix),
    _generation(((0, 6, 14), (0, 6, 37)), ("0.6.18", "0.6.36"), _WITH_RESPONSE, _rules_by_prefix),
)
