"""The endpoints of a user's own key, in hosts where each looks at the rules itself, or at none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from owui_keygate.hosts.common import credentials, words
from owui_keygate.patching.points import RoutePoint
from owui_keygate.patching.shapes import Shape
from owui_keygate.replacements import key_management

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from owui_keygate.extension import Extension

AUTHS = "open_webui.routers.auths"

_WORDS = """
    API_KEY_CREATION_NOT_ALLOWED CREATE_API_KEY_ERROR ERROR_MESSAGES HTTPException
    HTTP_403_FORBIDDEN Users api_key app config create_api_key detail id state status
    update_user_api_key_by_id
"""
_PERMISSION_WORDS = "USER_PERMISSIONS admin db features.api_keys has_permission role status_code"


_READ_WORDS = """
    API_KEY_NOT_FOUND ERROR_MESSAGES HTTPException Users api_key db detail get_user_api_key_by_id id
"""
_DELETE_WORDS = "Users db delete_user_api_key_by_id id update_user_api_key_by_id"


def own_key_endpoints(switch: str, *session: str) -> tuple[RoutePoint, ...]:
    """Return the patch points for hosts before 0.10.0.

    Args:
        switch: The name of the host's switch in its configuration.
        session: The parameter for the host's database session, where the endpoints have one.
    """
    creating = words(_WORDS, switch)
    if switch == "ENABLE_API_KEYS":
        creating |= words(_PERMISSION_WORDS)
    return (
        RoutePoint(
            module=AUTHS,
            name="generate_api_key",
            shape=Shape(("request", "user", *session), is_async=True, vocabulary=creating),
            replace=_replace_creation,
            only_with_bypass=True,
        ),
        _unguarded("get_api_key", session, _READ_WORDS),
        _unguarded("delete_api_key", session, _DELETE_WORDS),
    )


def _unguarded(name: str, session: tuple[str, ...], vocabulary: str) -> RoutePoint:
    """Return the patch point of an endpoint that asks nobody.

    It takes no request, by which to know how a key came, so it is given one.
    """
    return RoutePoint(
        module=AUTHS,
        name=name,
        shape=Shape(("user", *session), is_async=True, vocabulary=words(vocabulary)),
        replace=_guard,
        only_with_bypass=True,
        prepare=key_management.with_request,
    )


def _replace_creation(
    original: Callable[..., Any], _auths: ModuleType, extension: Extension
) -> Callable[..., Any]:
    return key_management.replace_creation(original, extension.policy, credentials())


def _guard(
    original: Callable[..., Any], _auths: ModuleType, extension: Extension
) -> Callable[..., Any]:
    return key_management.guard_endpoint(original, extension.policy, credentials())
