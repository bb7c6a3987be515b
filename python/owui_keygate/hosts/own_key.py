"""The endpoints of a user's own key, in hosts where each looks at the rules itself, or at none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from owui_keygate import key_management
from owui_keygate.hosts.common import api_key_header, words
from owui_keygate.patch_points import RoutePoint
from owui_keygate.shapes import Shape

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from owui_keygate.patch_points import Place

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
        _endpoint("generate_api_key", ("request", "user", *session), creating, _replace_creation),
        _endpoint("get_api_key", ("user", *session), words(_READ_WORDS), _guard),
        _endpoint("delete_api_key", ("user", *session), words(_DELETE_WORDS), _guard),
    )


def _endpoint(
    name: str,
    parameters: tuple[str, ...],
    vocabulary: frozenset[str],
    replace: Callable[[Callable[..., Any], ModuleType, Place], Callable[..., Any]],
) -> RoutePoint:
    return RoutePoint(
        module="open_webui.routers.auths",
        name=name,
        shape=Shape(parameters=parameters, is_async=True, vocabulary=vocabulary),
        replace=replace,
    )


def _replace_creation(
    original: Callable[..., Any], _auths: ModuleType, place: Place
) -> Callable[..., Any]:
    if not place.policy.bypass:
        return original
    return key_management.creation_replacement(original, place.policy, api_key_header())


def _guard(original: Callable[..., Any], _auths: ModuleType, place: Place) -> Callable[..., Any]:
    if not place.policy.bypass:
        return original
    return key_management.guarded(original, place.policy, api_key_header())
