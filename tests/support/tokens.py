"""Session tokens of every kind, made by hand: PyJWT would refuse to write many of them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from enum import Enum
from typing import Any

NOW = 1_800_000_000
SECRET = "a secret of more than thirty-two bytes"
HEADER = '{"alg":"HS256","typ":"JWT"}'


class Verdict(Enum):
    """What the native module says of a token."""

    ACCEPT = "accept"
    REJECT = "reject"
    HAND_OVER = "hand over"


ACCEPT, REJECT, HAND_OVER = Verdict.ACCEPT, Verdict.REJECT, Verdict.HAND_OVER


@dataclass(frozen=True)
class Case:
    """A token, and what is to be said of it.

    Attributes:
        name: What is special about it.
        token: The token.
        expected: The verdict.
        secret: What it is verified with.
        now: When, in epoch seconds.
    """

    name: str
    token: str
    expected: Verdict
    secret: str = SECRET
    now: float = NOW


def encode(data: bytes) -> str:
    """Return canonical base64url without padding (RFC 7515, section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sign(text: str, secret: str = SECRET) -> str:
    """Return a text with its signature behind it."""
    digest = hmac.digest(secret.encode(), text.encode(errors="surrogatepass"), hashlib.sha256)
    return f"{text}.{encode(digest)}"


def token(payload: str | bytes = "{}", header: str | bytes = HEADER, secret: str = SECRET) -> str:
    """Return a signed token of two texts."""
    parts = (part.encode() if isinstance(part, str) else part for part in (header, payload))
    return sign(".".join(map(encode, parts)), secret)


def claims(**values: Any) -> str:
    """Return a token with claims of the host's and others."""
    return token(json.dumps({"id": "9d2f6c1e", "typ": "session"} | values))


def change(text: str, index: int, new: str) -> str:
    """Return a text with one character replaced."""
    index %= len(text)
    return text[:index] + new + text[index + 1 :]


def _accepted() -> list[Case]:
    full = {
        "auth_method": "password",
        "auth_time": NOW,
        "session_stamp": "4f1d2c3b",
        "mfa_verified": False,
        "exp": NOW + 60,
        "jti": "1b4e28ba",
        "iat": NOW,
    }
    deep: Any = 1
    for _ in range(7):
        deep = [deep]
    return [
        Case("the host's own", claims(**full), ACCEPT),
        Case("no claims", token(), ACCEPT),
        Case("no expiry", claims(iat=NOW), ACCEPT),
        Case("exp in a second", claims(exp=NOW + 1), ACCEPT),
        Case("exp in a fraction of a second", claims(exp=NOW + 1), ACCEPT, now=NOW + 0.999),
        Case("exp far away", claims(exp=2**63 - 1), ACCEPT),
        Case("iat now", claims(iat=NOW), ACCEPT),
        Case("nbf now", claims(nbf=NOW), ACCEPT),
        Case("iat and nbf before the epoch", claims(iat=-1, nbf=-(2**63)), ACCEPT),
        Case("sub, jti and iss are strings", claims(sub="", jti="x", iss="y"), ACCEPT),
        Case("every kind of value", claims(a=[None, True, -7, "x", {"b": {}}, []]), ACCEPT),
        Case("nested as deep as it may be", claims(a=deep), ACCEPT),
        Case("many members", claims(**{f"m{number}": 0 for number in range(62)}), ACCEPT),
        Case("white space", token(' \t\r\n{ "id" : "x" , "a" : [ 1 , 2 ] } \n'), ACCEPT),
        Case("escapes", token(r'{"\u0069d":"\ud83d\ude00\n\u0000\/\"\\"}'), ACCEPT),
        Case("UTF-8", token('{"näme":"\U0001f600\u2028\x7f"}'), ACCEPT),
        Case("a key of one byte", token(secret="k"), ACCEPT, secret="k"),
        Case("a key of a block", token(secret="k" * 64), ACCEPT, secret="k" * 64),
        Case("a key of more than a block", token(secret="k" * 65), ACCEPT, secret="k" * 65),
        Case("a key of UTF-8", token(secret="\u00fc\0"), ACCEPT, secret="\u00fc\0"),
    ]


def _rejected() -> list[Case]:
    good = claims(exp=NOW + 60)
    signed, _, signature = good.rpartition(".")
    digest = base64.urlsafe_b64decode(signature + "=")
    return [
        Case("exp now", claims(exp=NOW), REJECT),
        Case("exp a fraction of a second ago", claims(exp=NOW), REJECT, now=NOW + 0.001),
        Case("exp a second ago", claims(exp=NOW - 1), REJECT),
        Case("exp before the epoch", claims(exp=-(2**63)), REJECT),
        Case("iat in a second", claims(iat=NOW + 1), REJECT),
        Case("iat in a fraction of a second", claims(iat=NOW + 1), REJECT, now=NOW + 0.999),
        Case("nbf in a second", claims(nbf=NOW + 1), REJECT),
        Case("expired and not yet valid", claims(exp=NOW, nbf=NOW + 1), REJECT),
        Case("another key", token(secret=SECRET + "x"), REJECT),
        Case("another payload", token().replace(".e30.", ".eyJpZCI6MX0."), REJECT),
        Case("the signature's first bit", change(good, -43, "A"), REJECT),
        Case("the signature of SHA-512", f"{signed}.{encode(b'x' * 64)}", REJECT),
        Case("a signature cut short by a byte", f"{signed}.{encode(digest[:-1])}", REJECT),
        Case("a signature cut to a byte", f"{signed}.{encode(digest[:1])}", REJECT),
        Case("the end of a signature", f"{signed}.{encode(digest[1:])}", REJECT),
        Case("a signature with a byte behind it", f"{signed}.{encode(digest + b'x')}", REJECT),
        Case("no signature", f"{signed}.", REJECT),
        Case(
            "a payload that is no JSON, forged",
            f"{sign(f'{encode(HEADER.encode())}.')}AAAA",
            REJECT,
        ),
    ]


def _headers() -> list[Case]:
    headers = {
        "alg none": '{"alg":"none","typ":"JWT"}',
        "alg of another case": '{"alg":"hs256","typ":"JWT"}',
        "alg HS512": '{"alg":"HS512","typ":"JWT"}',
        "alg RS256": '{"alg":"RS256","typ":"JWT"}',
        "alg no string": '{"alg":["HS256"],"typ":"JWT"}',
        "no alg": '{"typ":"JWT"}',
        "alg twice": '{"alg":"none","alg":"HS256","typ":"JWT"}',
        "no typ": '{"alg":"HS256"}',
        "typ no string": '{"alg":"HS256","typ":7}',
        "another order": '{"typ":"JWT","alg":"HS256"}',
        "white space in the header": '{"alg": "HS256", "typ": "JWT"}',
        "a kid": '{"alg":"HS256","kid":"k","typ":"JWT"}',
        "kid no string": '{"alg":"HS256","kid":1,"typ":"JWT"}',
        "unknown crit": '{"alg":"HS256","crit":["x"],"typ":"JWT","x":1}',
        "empty crit": '{"alg":"HS256","crit":[],"typ":"JWT"}',
        "b64 false": '{"alg":"HS256","b64":false,"typ":"JWT"}',
        "b64 false and critical": '{"alg":"HS256","b64":false,"crit":["b64"],"typ":"JWT"}',
        "b64 true": '{"alg":"HS256","b64":true,"typ":"JWT"}',
        "a header that is an array": '["HS256"]',
        "a header that is no JSON": "HS256",
        "an empty header": "",
        "a header that is not closed": HEADER[:-1],
    }
    return [Case(name, token(header=text), HAND_OVER) for name, text in headers.items()] + [
        Case("a header in UTF-16", token(header=HEADER.encode("utf-16")), HAND_OVER),
        Case("a header with a BOM", token(header=b"\xef\xbb\xbf" + HEADER.encode()), HAND_OVER),
        Case("a forged kid", change(token(header=headers["a kid"]), -2, "A"), HAND_OVER),
    ]


def _claims() -> list[Case]:
    values: dict[str, dict[str, Any]] = {
        "exp a string": {"exp": str(NOW + 60)},
        "exp a fraction": {"exp": NOW + 60.5},
        "exp a float": {"exp": NOW + 60.0},
        "exp 1e30": {"exp": 1e30},
        "exp beyond i64": {"exp": 2**63},
        "exp beyond u64": {"exp": 2**64},
        "exp true": {"exp": True},
        "exp null": {"exp": None},
        "iat a string": {"iat": "0"},
        "iat a fraction": {"iat": NOW + 0.5},
        "nbf an array": {"nbf": [0]},
        "sub no string": {"sub": 1},
        "sub null": {"sub": None},
        "jti no string": {"jti": 1},
        "iss no string": {"iss": 1},
        "an audience": {"aud": "x"},
        "an audience in a list": {"aud": ["x"]},
        "an empty audience": {"aud": ""},
        "an empty list of audiences": {"aud": []},
        "aud null": {"aud": None},
        "expired, and sub no string": {"exp": NOW, "sub": 1},
        "a fraction": {"x": 0.1},
        "an integer beyond i64": {"x": 2**63},
        "an integer below i64": {"x": -(2**63) - 1},
        "too many members": {f"m{number}": 0 for number in range(63)},
    }
    return [Case(name, claims(**each), HAND_OVER) for name, each in values.items()]


def _payloads() -> list[Case]:
    plain = json.dumps({"id": "x", "exp": NOW + 60})
    payloads: dict[str, str | bytes] = {
        "a member twice": '{"id":"x","id":"y"}',
        "a member twice, once escaped": r'{"id":"x","\u0069d":"y"}',
        "exp twice": f'{{"exp":{NOW},"exp":{NOW + 60}}}',
        "an inner member twice": '{"a":[{"b":1,"b":2}]}',
        "NaN": '{"x":NaN}',
        "infinity": '{"x":-Infinity}',
        "minus zero": '{"x":-0}',
        "an exponent": '{"x":1E2}',
        "a leading zero": '{"x":01}',
        "UTF-16": plain.encode("utf-16"),
        "UTF-16 without a BOM": plain.encode("utf-16-le"),
        "UTF-32": plain.encode("utf-32-be"),
        "a BOM": b"\xef\xbb\xbf" + plain.encode(),
        "a lone surrogate, escaped": r'{"x":"\ud800"}',
        "surrogates the wrong way round": r'{"x":"\ude00\ud83d"}',
        "a lone surrogate in UTF-8": b'{"x":"\xed\xa0\x80"}',
        "Latin-1": b'{"x":"\xe9"}',
        "a control character": '{"x":"\t"}',
        "a byte of zeros": '{"x":"\0"}',
        "an array": "[]",
        "a string": '"x"',
        "null": "null",
        "nothing": "",
        "an object that is not closed": plain[:-1],
        "a trailing comma": '{"x":1,}',
        "text behind the object": plain + "x",
        "two objects": plain + plain,
        "single quotes": "{'x':1}",
        "nested too deep": '{"x":' + "[" * 8 + "]" * 8 + "}",
        "nested very deep": '{"x":' + "[" * 1400 + "]" * 1400 + "}",
    }
    return [Case(name, token(payload), HAND_OVER) for name, payload in payloads.items()]


def _encodings() -> list[Case]:
    header, payload, signature = token('{"x":"\u00ff\u00ff?>"}').split(".")
    assert "_" in payload or "-" in payload
    swapped = payload.translate(str.maketrans("-_", "+/"))
    # The payload {"a":1} leaves four bits of its last character unused, a signature two.
    loose = change(encode(b'{"a":1}'), -1, "R")
    good = token()
    return [
        Case("padding of the payload", sign(f"{header}.{encode(b'{}')}="), HAND_OVER),
        Case("padding of the signature", good + "=", HAND_OVER),
        Case("the alphabet with + and /", sign(f"{header}.{swapped}"), HAND_OVER),
        Case("trailing bits of the payload", sign(f"{header}.{loose}"), HAND_OVER),
        Case("trailing bits of the signature", _next_character(good), HAND_OVER),
        Case(
            "a line break in the payload", sign(f"{header}.{payload[:4]}\n{payload[4:]}"), HAND_OVER
        ),
        Case("a line break behind it", good + "\n", HAND_OVER),
        Case("a space before it", " " + good, HAND_OVER),
        Case("four parts", sign(f"{header}.e30.{payload}"), HAND_OVER),
        Case("two parts", f"{header}.{signature}", HAND_OVER),
        Case("one part", header, HAND_OVER),
        Case("no parts", "", HAND_OVER),
        Case("two dots", "..", HAND_OVER),
        Case(
            "an impossible length",
            sign(f"{header}.{payload}A" + "A" * (-len(payload) % 4)),
            HAND_OVER,
        ),
        Case("a letter that is not ASCII", good + "\u00e9", HAND_OVER),
        Case("a lone surrogate in the token", good + "\ud800", HAND_OVER),
        Case("a null character", good + "\0", HAND_OVER),
    ]


def _next_character(text: str) -> str:
    """Return a token whose signature means the same bytes, with its last unused bit set."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return change(text, -1, alphabet[alphabet.index(text[-1]) + 1])


def _sizes_and_keys() -> list[Case]:
    room = 4096 - len(token('{"x":""}'))
    # Four characters of base64url hold three bytes.
    longest = token(json.dumps({"x": "y" * (room * 3 // 4)}, separators=(",", ":")))
    longer = token(json.dumps({"x": "y" * (room * 3 // 4 + 3)}, separators=(",", ":")))
    assert 4093 <= len(longest) <= 4096 < len(longer)
    secrets = {
        "an empty key": "",
        "a key in PEM": "-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----\n",
        "a key of SSH": "ssh-rsa AAAA",
        "a key of SSH with a curve": "ecdsa-sha2-nistp256 AAAA",
        "a JSON Web Key": ' {"kty":"oct","k":"AAAA"}',
    }
    return [
        Case("the longest", longest, ACCEPT),
        Case("too long", longer, HAND_OVER),
        *(
            Case(name, token(secret=secret), HAND_OVER, secret=secret)
            for name, secret in secrets.items()
        ),
    ]


CASES = [
    *_accepted(),
    *_rejected(),
    *_headers(),
    *_claims(),
    *_payloads(),
    *_encodings(),
    *_sizes_and_keys(),
]
