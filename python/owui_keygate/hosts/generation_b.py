"""Generation B: a middleware enforces the endpoint list before it is known whose key it is.

It begins with 0.6.37. The middleware looks at the header `Authorization` only, so in these hosts a
key in a cookie reaches what the list forbids; of an administrator's key that is not accepted while
the bypass is on.
"""

from __future__ import annotations

import functools
import importlib
from typing import TYPE_CHECKING, Any

from fastapi.concurrency import run_in_threadpool

from owui_keygate._native import Decision
from owui_keygate.hosts.adapters import USERS, blocking_adapter, rules_in_memory
from owui_keygate.hosts.common import (
    API_KEY_COLUMN,
    API_KEY_TABLE,
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
from owui_keygate.hosts.transport import CHECK_URL, blocking_current_user
from owui_keygate.patching.points import HostFunction, HostTable, PatchPoint
from owui_keygate.patching.shapes import Shape
from owui_keygate.readers import ADMIN
from owui_keygate.replacements.api_key_check import (
    ApiKeyCheck,
    HostAdapter,
    Refusal,
    replace_check,
)
from owui_keygate.replacements.credentials import API_KEY_PREFIX, credential_of
from owui_keygate.replacements.endpoint_middleware import replace_middleware
from owui_keygate.replacements.run_sync import run_sync
from owui_keygate.unsure import unsure

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from starlette.requests import Request

    from owui_keygate.extension import Extension
    from owui_keygate.hosts.generation import Release
    from owui_keygate.readers import Rules, User

_LIST = unsure("Endpoint-list check", "falling back to Open WebUI's own list")

_NOT_ON_THE_LIST = Refusal(403, "API key not allowed to access this endpoint.")
"""What the middleware answers."""


@functools.cache
def _adapter(auth: ModuleType, extension: Extension) -> HostAdapter:
    """Return it once, for the check and for the middleware."""
    adapter = blocking_adapter(auth, extension)
    return adapter._replace(
        refusals={**adapter.refusals, Decision.EndpointRefused: _NOT_ON_THE_LIST},
        rules_of=_rules_of_admins,
    )


def _rules_of_admins(request: Request, user: User) -> Rules | None:
    return rules_in_memory(request, user) if user.role == ADMIN else None


def _replace_check(
    original: Callable[..., Any], auth: ModuleType, extension: Extension
) -> Callable[..., Any]:
    async def by_host(request: Request, api_key: str, **more: object) -> object:
        return original(request, api_key, **more)

    check = replace_check(by_host, extension, _adapter(auth, extension))

    @functools.wraps(original)
    def get_current_user_by_api_key(request: Request, api_key: str, **more: object) -> object:
        return run_sync(check(request, api_key, **more))

    return get_current_user_by_api_key


def _replace_endpoint_list(
    original: Callable[..., Any], _main: ModuleType, extension: Extension
) -> Callable[..., Any]:
    adapter = _adapter(importlib.import_module(AUTH), extension)
    check = ApiKeyCheck(extension, adapter)

    async def is_of_bypass(request: Request) -> bool:
        with _LIST:
            credential = credential_of(request, adapter.api_key_header)
            if credential is None or not credential.text.startswith(API_KEY_PREFIX):
                return False
            if not extension.policy.may_bypass(credential.transport):
                return False
            judging = check.judge(request, credential.text)
            judgement, _reading = await run_in_threadpool(run_sync, judging)
            return judgement.decision is not None and judgement.decision.is_of_bypass
        return False

    return replace_middleware(original, is_of_bypass)


_CHECK_WORDS = """
    API_KEY_NOT_ALLOWED ERROR_MESSAGES HTTPException HTTP_401_UNAUTHORIZED HTTP_403_FORBIDDEN
    INVALID_TOKEN USER_PERMISSIONS Users admin api_key app client.auth.type client.user.email
    client.user.id client.user.role config db detail email enable_api_keys features.api_keys
    get_current_span get_user_by_api_key has_permission id role set_attribute state status
    status_code trace update_last_active_by_id update_user_last_active_by_id
"""
_LIST_WORDS = """
    , / API_KEYS_ALLOWED_ENDPOINTS Authorization ENABLE_API_KEYS_ENDPOINT_RESTRICTIONS
    HTTP_403_FORBIDDEN JSONResponse Request any app config content detail get headers http len path
    sk- split startswith state status status_code str strip type url
"""
_LOOKUP_WORDS = """
    ApiKey Exception User UserModel api_key filter filter_by first get_db get_db_context id join key
    model_validate query user_id
"""
_LIST_VOCABULARY = words(_LIST_WORDS, " ", _NOT_ON_THE_LIST.detail)


def _check(
    *more: str, session: tuple[str, ...] = ("db",), keys: HostTable = API_KEY_TABLE
) -> PatchPoint:
    """Return the patch point of the check.

    Args:
        more: The parameters that the check has besides request and key.
        session: Those that the look-up has besides the key.
        keys: Where the keys are.
    """
    lookup = Shape(("self", "api_key", *session), is_async=False, vocabulary=words(_LOOKUP_WORDS))
    return PatchPoint(
        module=AUTH,
        name="get_current_user_by_api_key",
        shape=Shape(
            parameters=("request", "api_key", *more),
            is_async=False,
            vocabulary=words(_CHECK_WORDS),
        ),
        replace=_replace_check,
        relies_on=(
            HostFunction(USERS, "UsersTable.get_user_by_api_key", lookup),
            blocking_current_user(*more),
            keys,
        ),
        only_with_bypass=True,
    )


def _endpoint_list(vocabulary: frozenset[str] | None, *relies_on: HostFunction) -> PatchPoint:
    return PatchPoint(
        module=MAIN,
        name="APIKeyRestrictionMiddleware.__call__",
        shape=Shape(("self", "scope", "receive", "send"), is_async=True, vocabulary=vocabulary),
        replace=_replace_endpoint_list,
        relies_on=relies_on,
        only_with_bypass=True,
    )


_DISPATCH = HostFunction(
    module=MAIN,
    name="APIKeyRestrictionMiddleware.dispatch",
    shape=Shape(("self", "request", "call_next"), is_async=True, vocabulary=_LIST_VOCABULARY),
)
_DISPATCHED = _endpoint_list(None, _DISPATCH)
"""Up to 0.8.8 Starlette calls the middleware, which has a method of its own to decide."""

_ACCOUNT_PAGE = account_page_point("enable_api_keys", CHECK_URL)
_OWN_KEY = own_key_endpoints("ENABLE_API_KEYS", "db")


def _generation(
    first: Release, below: Release, tried: tuple[str, ...], *patch_points: PatchPoint
) -> Generation:
    return Generation(
        name="B",
        first=first,
        below=below,
        tried=tried,
        choose_reader=choose_blocking,
        patch_points=(*patch_points, DECODE_TOKEN, START_LOGGER, _ACCOUNT_PAGE, *OWN_ROUTES),
    )


GENERATIONS_B = (
    _generation(
        (0, 6, 37),
        (0, 6, 41),
        (),
        _check(session=(), keys=API_KEY_COLUMN),
        *own_key_endpoints("ENABLE_API_KEYS"),
        _DISPATCHED,
    ),
    _generation(
        (0, 6, 41),
        (0, 7, 0),
        ("0.6.43",),
        _check(session=()),
        *own_key_endpoints("ENABLE_API_KEYS"),
        _DISPATCHED,
    ),
    _generation((0, 7, 0), (0, 7, 2), (), _check("db"), *_OWN_KEY, _DISPATCHED),
    _generation((0, 7, 2), (0, 8, 9), ("0.7.2",), _check(), *_OWN_KEY, _DISPATCHED),
    _generation(
        (0, 8, 9), (0, 9, 0), ("0.8.12",), _check(), *_OWN_KEY, _endpoint_list(_LIST_VOCABULARY)
    ),
)
