"""What every PyJWT of a supported host says of a token, at a time that stands still."""

from __future__ import annotations

import contextlib
import datetime as dt
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from harness.libraries import PYJWT_VERSIONS, load_pyjwt

if TYPE_CHECKING:
    from collections.abc import Iterator


class Answer(NamedTuple):
    """What a PyJWT has answered: the claims as an exact text, or None."""

    version: str
    claims: str | None


@contextlib.contextmanager
def time_stands_still(now: float) -> Iterator[None]:
    """Make every PyJWT take `now` for the time; each asks `datetime.now`."""

    class Frozen(dt.datetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> Frozen:
            return cls.fromtimestamp(now, tz)

    with pytest.MonkeyPatch.context() as patch:
        for version in PYJWT_VERSIONS:
            patch.setattr(load_pyjwt(version).api_jwt, "datetime", Frozen)
        yield


def decode(version: str, token: str, secret: str) -> dict[str, Any] | None:
    """Return what the host's `decode_token` returns: the claims, or None for any refusal."""
    pyjwt = load_pyjwt(version)
    try:
        claims: dict[str, Any] = pyjwt.decode(token, secret, algorithms=["HS256"])
    except Exception:  # noqa: BLE001 (so does the host)
        return None
    return claims


def answers(token: str, secret: str) -> list[Answer]:
    """Return the answer of each PyJWT."""
    found = [(version, decode(version, token, secret)) for version in PYJWT_VERSIONS]
    return [Answer(v, None if claims is None else exactly(claims)) for v, claims in found]


def exactly(value: object) -> str:
    """Return a text that is the same for values of equal types and orders only: 1 is not True.

    From Python 3.12 on PyJWT takes claims nested so deep that no Python function can follow.
    """
    return repr(value)
