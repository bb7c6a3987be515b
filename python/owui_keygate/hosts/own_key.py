"""The endpoint that makes a user's key, in hosts where it looks at the rules itself."""

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


def own_key_endpoint(switch: str, parameters: tuple[str, ...]) -> RoutePoint:
    """Return the patch point for hosts before 0.10.0.

    Args:
        switch: The name of the host's switch in its configuration.
        parameters: The parameters of the endpoint.
    """
    vocabulary = words(_WORDS, switch)
    if switch == "ENABLE_API_KEYS":
        vocabulary |= words(_PERMISSION_WORDS)
    return RoutePoint(
        module="open_webui.routers.auths",
        name="generate_api_key",
        shape=Shape(parameters=parameters, is_async=True, vocabulary=vocabulary),
        replace=_replace,
    )


def _replace(original: Callable[..., Any], _auths: ModuleType, place: Place) -> Callable[..., Any]:
    return key_management.endpoint_replacement(original, place.policy, api_key_header())
