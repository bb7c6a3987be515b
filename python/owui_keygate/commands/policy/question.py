"""A question to the policy: would this request pass?"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import unquote

from owui_keygate._native import Transport

TRANSPORTS = {
    "bearer": Transport.Bearer,
    "x-api-key": Transport.ApiKeyHeader,
    "cookie": Transport.Cookie,
}
"""How a key travels, by the words for it."""

EXPECTED_TRANSPORT = "expected bearer, x-api-key or cookie"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A request with an API key, and what is known about its user and about Open WebUI.

    Attributes:
        user: The id of the user; empty where it is not known.
        email: The e-mail address; empty where it is not known.
        role: The role.
        transport: How the key travels.
        address: The address of the client, as the server sees it; None where it is not known.
        age: How old the key is, in seconds.
        method: The method.
        path: The path, as the server decodes it.
        keys_off: Whether API keys are off in Open WebUI.
        host_endpoints: Open WebUI's own list of endpoints; None where it is not in force.
        permitted: Whether Open WebUI permits API keys to the user, who is no administrator.
    """

    user: str
    email: str
    role: str = "admin"
    transport: Transport = Transport.Bearer
    address: str | None = None
    age: int = 0
    method: str
    path: str
    keys_off: bool = False
    host_endpoints: str | None = None
    permitted: bool = True


def names_of(user: str, email: str | None) -> tuple[str, str]:
    """Return the id and the e-mail address of a user who is named by either, or by both.

    Raises:
        ValueError: Two e-mail addresses are given.
    """
    if "@" not in user:
        return user, email or ""
    if email is not None:
        message = "expected the id of the user where the e-mail address is given, too"
        raise ValueError(message)
    return "", user


def method_of(text: str) -> str:
    """Return a method in upper case.

    Raises:
        ValueError: The text is no method.
    """
    if not (text.isascii() and text.isalpha()):
        message = "expected a method such as GET"
        raise ValueError(message)
    return text.upper()


def path_of(text: str) -> str:
    """Return a path as the server gives it to the decision: percent-decoded, once.

    Raises:
        ValueError: The text is no path.
    """
    if not text.startswith("/") or "?" in text or "#" in text:
        message = "expected a path without a query, such as /api/v1/users"
        raise ValueError(message)
    return unquote(text)


def address_of(text: str) -> str:
    """Return an address.

    Raises:
        ValueError: The text is no address.
    """
    try:
        ip_address(text)
    except ValueError:
        message = "expected an address such as 10.20.0.7 or 2001:db8::7"
        raise ValueError(message) from None
    return text


def transport_of(text: str) -> Transport:
    """Return how a key travels.

    Raises:
        ValueError: The text is no word for that.
    """
    if text not in TRANSPORTS:
        raise ValueError(EXPECTED_TRANSPORT)
    return TRANSPORTS[text]
