"""What `decode_token` costs, replaced and with PyJWT alone, the dict of claims included.

Both are called in turn, in one run, on the same token with the same secret and the options that the
host gives PyJWT: in a tight loop, and after work that drives both out of the caches of the
processor, as a server does between two requests. The fewer claims a token has, the more is gained.
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
AFTER_WORK = "after other work"
CALLS = {"loop": 20_000, AFTER_WORK: 500, "loop, three claims": 20_000, "loop, one claim": 20_000}


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
    found = {}
    for way in CALLS:
        token = pyjwt.encode(_claims(way), SECRET)
        if list((replaced(token) or {}).items()) != list((stock(token) or {}).items()):
            message = "the claims differ"
            raise RuntimeError(message)
        found[way] = _compare(stock, replaced, token, way)
    return found


def _compare(stock: Decode, replaced: Decode, token: str, way: str) -> dict[str, float]:
    pairs = [[_time(decode, token, way) for decode in (stock, replaced)] for _ in range(CALLS[way])]
    before, after = (statistics.median(times) for times in zip(*pairs, strict=True))
    return {"pyjwt": before, "replaced": after, "ratio": before / after}


def _time(decode: Decode, token: str, way: str) -> float:
    if way == AFTER_WORK:
        WORK[::64] = bytes(len(WORK) // 64)
    begin = time.perf_counter_ns()
    decode(token)
    return (time.perf_counter_ns() - begin) / 1000


def _claims(way: str) -> dict[str, Any]:
    """Return what 0.12.4 puts into the token of a person who signs in, or fewer claims."""
    now = int(time.time())
    first: dict[str, Any] = {"id": str(uuid.uuid4())}
    three = first | {"exp": now + 2_419_200, "jti": str(uuid.uuid4())}
    all_nine = three | {
        "typ": "session",
        "auth_method": "password",
        "auth_time": now,
        "session_stamp": uuid.uuid4().hex,
        "mfa_verified": False,
        "iat": now,
    }
    return {"loop, one claim": first, "loop, three claims": three}.get(way, all_nine)


def main() -> None:
    """Print what was measured."""
    for way, found in measure().items():
        print(f"decode_token, {way}: PyJWT {PYJWT} {found['pyjwt']:.2f} us, ", end="")
        print(f"replaced {found['replaced']:.2f} us, {found['ratio']:.1f} times less")


if __name__ == "__main__":
    main()
