"""Which credential the host takes from a request, and how it travelled.

The order is that of `get_current_user` in Open WebUI 0.5.4 to 0.12.4: bearer token, cookie, and
what the host's middleware put into `request.state.token`.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

from fastapi.security.utils import get_authorization_scheme_param

from owui_keygate._native import Transport

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableMapping

    from starlette.requests import Request

    Decode = Callable[[str], Mapping[str, Any] | None]

API_KEY_PREFIX = "sk-"
TRANSPORTS = (Transport.Bearer, Transport.ApiKeyHeader, Transport.Cookie, Transport.Other)


class Credential(NamedTuple):
    """A credential and how it travelled."""

    transport: Transport
    text: str


class KeyRequest(NamedTuple):
    """A request with an API key, as the decision looks at it.

    Attributes:
        scope: The ASGI scope.
        api_key: The key.
        transport: How the key travelled.
        now: The time now, in epoch seconds.
    """

    scope: MutableMapping[str, Any]
    api_key: str
    transport: Transport
    now: float


def key_request(request: Request, api_key: str, api_key_header: str) -> KeyRequest:
    """Return what the decision looks at.

    Args:
        request: The request, as the host's dependency has it.
        api_key: The key.
        api_key_header: The name of the host's API-key header.
    """
    transport = transport_of(request, api_key, api_key_header)
    return KeyRequest(request.scope, api_key, transport, time.time())


def credential_of(request: Request, api_key_header: str) -> Credential | None:
    """Return the credential that the host authenticates a request by, or None without any.

    Args:
        request: The request, as the host's dependency has it.
        api_key_header: The name of the host's API-key header.
    """
    scheme, parameter = get_authorization_scheme_param(request.headers.get("Authorization"))
    if scheme.lower() == "bearer" and parameter:
        return Credential(Transport.Bearer, parameter)
    if "token" in request.cookies:
        return Credential(Transport.Cookie, request.cookies["token"])
    token = getattr(request.state, "token", None)
    if token is None:
        return None
    is_header = request.headers.get(api_key_header) == token.credentials
    return Credential(Transport.ApiKeyHeader if is_header else Transport.Other, token.credentials)


def transport_of(request: Request, api_key: str, api_key_header: str) -> Transport:
    """Return how an API key travelled; `Transport.Other` for one the host took from elsewhere."""
    if _first_authorization(request) == f"Bearer {api_key}".encode():
        # What nearly every client sends needs no parsing.
        return Transport.Bearer
    credential = credential_of(request, api_key_header)
    if credential is None or credential.text != api_key:
        return Transport.Other
    return credential.transport


def _first_authorization(request: Request) -> bytes | None:
    for name, value in request.scope["headers"]:
        if name == b"authorization":
            found: bytes = value
            return found
    return None


def is_human_session(request: Request, api_key_header: str, decode: Decode) -> bool:
    """Whether a request that the host has authenticated carries the session token of a person.

    Args:
        request: The request.
        api_key_header: The name of the host's API-key header.
        decode: The host's `decode_token`. Hosts before 0.12.0 do not keep the claims.
    """
    credential = credential_of(request, api_key_header)
    if credential is None or credential.text.startswith(API_KEY_PREFIX):
        return False
    claims = decode(credential.text)
    return claims is not None and are_of_a_person(claims)


def are_of_a_person(claims: Mapping[str, Any]) -> bool:
    """Whether the claims of a session token say that it is a person's.

    From 0.10.0 on the host also issues session tokens to its own automations and tells them apart
    by the claim `typ`, which a person's has from 0.12.0 on. Earlier hosts issue them to people.
    """
    return bool(claims.get("typ", "session") == "session")
