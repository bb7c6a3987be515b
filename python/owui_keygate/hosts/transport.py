"""The functions of the host by which a credential travels.

`owui_keygate.replacements.credentials` follows them. Generation A has them all in the function that
is replaced.
"""

from __future__ import annotations

from owui_keygate.hosts.common import AUTH, MAIN, words
from owui_keygate.patching.points import HostFunction
from owui_keygate.patching.shapes import Shape

_ASGI = "open_webui.utils.asgi_middleware"

_CURRENT_USER_WORDS = """
    ERROR_MESSAGES Exception HTTPException HTTP_401_UNAUTHORIZED INVALID_TOKEN UNAUTHORIZED Users
    WEBUI_AUTH_TRUSTED_EMAIL_HEADER api_key client.auth.type client.user.email client.user.id
    client.user.role cookies credentials decode_token delete_cookie detail email get
    get_current_span get_current_user_by_api_key get_user_by_id hasattr headers id is_valid_token
    jti jwt lower oauth_id_token oauth_session_id role set_attribute sk- startswith state status
    status_code token update_last_active_by_id
"""
_BLOCKING_WORDS = "add_task db trace update_user_last_active_by_id"
_ASYNCHRONOUS_WORDS = """
    ENABLE_OTEL app asyncio auth_type claims create_task getattr opentelemetry redis trace user
"""
_CHECK_URL_WORDS = """
    /api/message /api/v1/messages /ollama/v1/messages Authorization Bearer ENABLE_API_KEYS
    HTTPAuthorizationCredentials X-Process-Time app config cookies credentials enable_api_keys
    fastapi.security get get_http_authorization_cred headers int path scheme startswith state str
    time token url x-api-key
"""
_MIDDLEWARE_WORDS = """
    .6f Authorization Bearer CUSTOM_API_KEY_HEADER Config ENABLE_API_KEYS
    HTTPAuthorizationCredentials Message MutableHeaders None Request X-Process-Time _fastapi_app
    app auth.enable_api_keys config cookies credentials enable_api_keys get
    get_http_authorization_cred headers http http.response.start int message monotonic return
    scheme scope state str time token type x-api-key
"""
_METHOD_WORDS = """
    Authorization Bearer CUSTOM_API_KEY_HEADER HTTPAuthorizationCredentials cookies credentials get
    get_http_authorization_cred headers scheme state token
"""
_OPTIONAL_USER_WORDS = """
    Authorization HTTPException VERIFIED_USER_ROLES app cookies credentials get
    get_current_user_by_api_key get_http_authorization_cred get_verified_user_by_token getattr
    headers redis role sk- startswith state token
"""
_SESSION_WORDS = """
    :auth:token: :auth:user: :revoked :revoked_at REDIS_KEY_PREFIX RedisError TypeError ValueError
    auth_method automation get get_auth get_mfa_config iat id int is_mfa_required jti mfa
    mfa_verified open_webui.utils.mfa reset_required revocation_log secret session session_stamp
    subagent typ warning
"""


def _current_user(vocabulary: str, *more: str) -> HostFunction:
    return HostFunction(
        module=AUTH,
        name="get_current_user",
        shape=Shape(
            parameters=("request", "response", "background_tasks", "auth_token", *more),
            is_async=True,
            vocabulary=words(
                f"{_CURRENT_USER_WORDS} {vocabulary}",
                "",
                "Invalid token",
                "Not authenticated",
                "User mismatch. Please sign in again.",
            ),
        ),
    )


def blocking_current_user(*more: str) -> HostFunction:
    """Return what finds a key in generation B.

    Args:
        more: The parameters it has besides those that all of them have.
    """
    return _current_user(_BLOCKING_WORDS, *more)


CURRENT_USER = _current_user(_ASYNCHRONOUS_WORDS)
"""What finds a key, from 0.9.0 on."""

CHECK_URL = HostFunction(
    module=MAIN,
    name="check_url",
    shape=Shape(("request", "call_next"), is_async=True, vocabulary=words(_CHECK_URL_WORDS)),
)
"""What keeps a credential for `get_current_user` and others, up to 0.8.12."""

AUTH_TOKEN = HostFunction(
    module=_ASGI,
    name="AuthTokenMiddleware.__call__",
    shape=Shape(
        parameters=("self", "scope", "receive", "send"),
        is_async=True,
        vocabulary=words(_MIDDLEWARE_WORDS),
    ),
)
"""The same, from 0.9.0 to 0.11.0."""

SET_TOKEN = HostFunction(
    module=_ASGI,
    name="AppHTTPMiddleware._set_token",
    shape=Shape(("self", "request"), is_async=False, vocabulary=words(_METHOD_WORDS)),
)
"""The same, from 0.11.1 on."""

OPTIONAL_USER = HostFunction(
    module=AUTH,
    name="get_optional_verified_user_from_request",
    shape=Shape(("request",), is_async=True, vocabulary=words(_OPTIONAL_USER_WORDS)),
)
"""What finds a key where a request need not have one, from 0.11.1 on."""

VALID_TOKEN = HostFunction(
    module=AUTH,
    name="is_valid_token",
    shape=Shape(
        parameters=("decoded", "redis"),
        is_async=True,
        vocabulary=words(
            _SESSION_WORDS,
            "",
            "Revocation check failed; accepting token: %s",
            "Check persistent account revocation, then optional Redis per-token revocation.\n\n"
            "    Database failures fail closed. Redis failures retain the existing availability "
            "policy.\n    ",
        ),
    ),
)
"""What tells whether a session token counts, and knows whose there are, from 0.12.0 on."""
