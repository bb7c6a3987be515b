"""What `decode_token` costs, replaced and with PyJWT alone, the dict of claims included.

Both are called in turn, in one run: in a tight loop, and after work that drives both out of the
caches of the processor, as a server does between two requests.
"""

from __future__ import annotations

import statistics
import time
import uuid
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from owui_keygate.replacements import decode_token

from harness.libraries import load_pyjwt

if TYPE_CHECKING:
    from collections.abc import Callable

    Decode = Callable[[str], dict[str, Any] | None]

PYJWT = "2.13.0"
SECRET = "a secret of more than thirty-two bytes"  # noqa: S105
WORK = bytearray(8_000_000)
CALLS = {"loop": 20_000, "after other work": 500}


def measure() -> dict[str, dict[str, float]]:
    """Return median times in microseconds, and their ratio, for each way of calling.

    Raises:
        RuntimeError: The two do not return the same.
    """
    pyjwt = load_pyjwt(PYJWT)

    def stock(token: str) -> dict[str, Any] | None:
        claims: dict[str, Any] = pyjwt.decode(token, SECRET, algorithms=["HS256"])
        return claims

    def unexpected(_token: str) -> None:
        message = "the token is handed over"
        raise RuntimeError(message)

    signing = SimpleNamespace(SESSION_SECRET=SECRET, ALGORITHM="HS256")
    replaced = decode_token.replace_decode_token(unexpected, signing)
    token = pyjwt.encode(_claims(), SECRET)
    if list((replaced(token) or {}).items()) != list((stock(token) or {}).items()):
        message = "the claims differ"
        raise RuntimeError(message)
    return {way: _compare(stock, replaced, token, way) for way in CALLS}


def _compare(stock: Decode, replaced: Decode, token: str, way: str) -> dict[str, float]:
    pairs = [[_time(decode, token, way) for decode in (stock, replaced)] for _ in range(CALLS[way])]
    before, after = (statistics.median(times) for times in zip(*pairs, strict=True))
    return {"pyjwt": before, "replaced": after, "ratio": before / after}


def _time(decode: Decode, token: str, way: str) -> float:
    if way == "after other work":
        WORK[::64] = bytes(len(WORK) // 64)
    begin = time.perf_counter_ns()
    decode(token)
    return (time.perf_counter_ns() - begin) / 1000


def _claims() -> dict[str, Any]:
    """Return what the host puts into the token of a person who signs in."""
    now = int(time.time())
    return {
        "id": str(uuid.uuid4()),
        "typ": "session",
        "auth_method": "password",
        "auth_time": now,
        "session_stamp": uuid.uuid4().hex,
        "mfa_verified": False,
        "exp": now + 2_419_200,
        "jti": str(uuid.uuid4()),
        "iat": now,
    }


def main() -> None:
    """Print what was measured."""
    for way, found in measure().items():
        print(f"decode_token, {way}: PyJWT {PYJWT} {found['pyjwt']:.2f} us, ", end="")
        print(f"replaced {found['replaced']:.2f} us, {found['ratio']:.1f} times less")


if __name__ == "__main__":
    main()
