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
    """What a PyJWT has answered: the claims with their order and types, or None."""

    version: str
    claims: list[tuple[str, Any]] | None


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


def exactly(value: Any) -> Any:  # noqa: ANN401
    """Return a value such that equal ones have equal types and orders too: 1 is not True."""
    if isinstance(value, dict):
        return [(name, exactly(each)) for name, each in value.items()]
    if isinstance(value, list):
        return ["list", *map(exactly, value)]
    return (type(value), value)
