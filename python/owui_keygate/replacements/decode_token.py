"""The replacement of the host's `decode_token`, which verifies session tokens."""

from __future__ import annotations

import functools
import time
from typing import TYPE_CHECKING, Any, Protocol

from owui_keygate._native import SessionVerifier
from owui_keygate.unsure import unsure

if TYPE_CHECKING:
    from collections.abc import Callable

_CHECK = unsure("Session-token check")


class Signing(Protocol):
    """What the host signs its session tokens with: globals of `open_webui.utils.auth`."""

    SESSION_SECRET: str
    ALGORITHM: str


def replace_decode_token(
    original: Callable[[str], dict[str, Any] | None], signing: Signing
) -> Callable[[str], dict[str, Any] | None]:
    """Return what answers for `original` where it is sure, and asks it everywhere else."""
    secret = signing.SESSION_SECRET
    verifier = SessionVerifier(secret)

    @functools.wraps(original)
    def decode_token(token: str) -> dict[str, Any] | None:
        claims: Any = NotImplemented
        with _CHECK:
            # Whoever gives the host another secret must not find the old one still in force.
            if signing.SESSION_SECRET is secret and signing.ALGORITHM == "HS256":
                claims = verifier.verify(token, time.time())
        return original(token) if claims is NotImplemented else claims

    return decode_token
