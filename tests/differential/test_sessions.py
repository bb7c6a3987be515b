"""The session verifier against PyJWT, as each supported host pins it.

Accept implies that PyJWT accepts with equal claims, Reject that it refuses; all else is handed
over.
"""

from __future__ import annotations

import json
from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import assume, event, find, given, settings
from hypothesis import strategies as st
from owui_keygate._native import SessionVerifier
from owui_keygate.replacements import decode_token

from harness.libraries import PYJWT_VERSIONS, load_pyjwt
from tests.support import tokens
from tests.support.pyjwt import answers, decode, exactly, time_stands_still
from tests.support.tokens import CASES, HEADER, NOW, SECRET, Case, Verdict

# PyJWT 2.11.0 and later warn of keys that are shorter than a digest, and take them.
pytestmark = pytest.mark.filterwarnings("ignore:The HMAC key is")

NAMES = [case.name for case in CASES]


def verify(token: object, secret: str, now: float) -> tuple[Verdict, Any]:
    """Return what the native module says, and the claims."""
    found = SessionVerifier(secret).verify(token, now)
    if found is NotImplemented:
        return Verdict.HAND_OVER, None
    return (Verdict.REJECT if found is None else Verdict.ACCEPT), found


def check(token: str, secret: str, now: float) -> Verdict:
    """Assert the property for one token, and return the verdict."""
    verdict, claims = verify(token, secret, now)
    with time_stands_still(now):
        found = answers(token, secret)
    for version, expected in found:
        if verdict is Verdict.ACCEPT:
            assert exactly(claims) == expected, version
        if verdict is Verdict.REJECT:
            assert expected is None, version
    return verdict


def test_there_are_cases_of_every_verdict_and_no_name_twice() -> None:
    assert len(set(NAMES)) == len(CASES) >= 42
    assert all(count >= 15 for count in Counter(case.expected for case in CASES).values())


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_a_token(case: Case) -> None:
    assert check(case.token, case.secret, case.now) is case.expected


@pytest.mark.parametrize("version", PYJWT_VERSIONS)
@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_the_replaced_function_returns_what_the_hosts_own_returns(
    case: Case, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def host_own(token: str) -> dict[str, Any] | None:
        asked.append(token)
        return decode(version, token, case.secret)

    signing = SimpleNamespace(SESSION_SECRET=case.secret, ALGORITHM="HS256")
    replaced = decode_token.replace_decode_token(host_own, signing)
    monkeypatch.setattr(decode_token, "time", SimpleNamespace(time=lambda: case.now))
    with time_stands_still(case.now):
        ours = replaced(case.token)
        assert asked == ([case.token] if case.expected is Verdict.HAND_OVER else [])
        assert exactly(ours) == exactly(host_own(case.token))


@pytest.mark.parametrize("version", PYJWT_VERSIONS)
def test_every_token_that_the_host_writes_has_the_one_header(version: str) -> None:
    written = load_pyjwt(version).encode({"id": "x"}, SECRET, algorithm="HS256")
    assert written == tokens.token('{"id":"x"}')


# The registered claims (RFC 7519, section 4.1), the host's own, and any others.
REGISTERED = ("aud", "exp", "iat", "iss", "jti", "nbf", "sub")
OWN = ("id", "typ", "session_stamp", "auth_time", "mfa_verified")
NOWS = st.sampled_from([NOW + part for part in (0.0, 0.25, 0.5, 0.999999)])
NEAR_NOW = st.integers(NOW - 2, NOW + 2)
SECRETS = st.one_of(
    st.just(SECRET),
    st.text(st.characters(codec="utf-8"), max_size=140),
    st.integers(0, 130).map("k".__mul__),
    st.sampled_from([case.secret for case in CASES]),
)

INTEGERS = st.integers(-(2**63), 2**63 - 1)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)
PLAIN_VALUES = st.recursive(
    st.none() | st.booleans() | INTEGERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
ODD_VALUES = st.one_of(
    PLAIN_VALUES,
    NEAR_NOW,
    NEAR_NOW.map(str),
    NEAR_NOW.map(float),
    st.floats(),
    st.integers(),
    st.sampled_from(["", [], {}, "x", ["x"], 1e30, 2**63, 2**64]),
)


@st.composite
def plain_claims(draw: st.DrawFn) -> dict[str, Any]:
    """Return claims of the types that the host writes, with their times around now."""
    times = dict.fromkeys(("exp", "iat", "nbf"), NEAR_NOW)
    texts = dict.fromkeys(("iss", "jti", "sub"), TEXTS)
    others = draw(st.dictionaries(st.sampled_from(OWN) | TEXTS, PLAIN_VALUES, max_size=6))
    found = draw(st.fixed_dictionaries({}, optional={**times, **texts}))
    members = [item for item in others.items() if item[0] not in REGISTERED]
    return dict(draw(st.permutations([*found.items(), *members])))


JSON_STYLES: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"ensure_ascii": st.booleans(), "separators": st.sampled_from([(",", ":"), (" , ", " :\n\t")])}
)


@given(plain_claims(), JSON_STYLES, NOWS, SECRETS)
def test_tokens_as_the_host_writes_them(
    claims: dict[str, Any], style: dict[str, Any], now: float, secret: str
) -> None:
    """With them the verifier always knows the answer, unless the key is an odd one."""
    token = tokens.token(json.dumps(claims, **style), secret=secret)
    assume(len(token) <= 4096)
    verdict = check(token, secret, now)
    event(verdict.value)
    if secret == SECRET:
        with time_stands_still(now):
            accepted = decode(PYJWT_VERSIONS[-1], token, secret) is not None
        assert verdict is (Verdict.ACCEPT if accepted else Verdict.REJECT)


@st.composite
def odd_payloads(draw: st.DrawFn) -> bytes:
    """Return an object of any claims, a member perhaps twice, in any encoding; or no object."""
    names = st.sampled_from([*REGISTERED, *OWN])
    members = draw(st.lists(st.tuples(names, ODD_VALUES), max_size=5))
    style = draw(JSON_STYLES)
    inner = ", ".join(f"{json.dumps(name)}:{json.dumps(each, **style)}" for name, each in members)
    text = draw(st.sampled_from(["{%s}", "{%s}", "{%s}", " {%s}\n", "[%s]", "{%s", "{%s,}"]))
    encoding = draw(st.sampled_from(["utf-8"] * 5 + ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"]))
    return (text % inner).encode(encoding, "surrogatepass")


HEADERS = st.one_of(
    st.just(HEADER),
    st.fixed_dictionaries(
        {},
        optional={
            "alg": st.sampled_from(["HS256", "HS384", "none", "hs256", "", None, 1, ["HS256"]]),
            "typ": st.sampled_from(["JWT", "jwt", "", None, 1]),
            "kid": st.sampled_from(["k", "", None, 1]),
            "crit": st.sampled_from([[], ["b64"], ["x"], "b64", None, [1]]),
            "b64": st.sampled_from([True, False, None, 0]),
            "x": st.just(1),
        },
    ).map(json.dumps),
    TEXTS,
)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=.\n \u00e9\ud800"


@st.composite
def odd_encodings(draw: st.DrawFn, secret: str) -> str:
    """Return a token of any header and payload, its parts perhaps altered before it is signed."""
    parts = [
        tokens.encode(draw(HEADERS).encode()),
        tokens.encode(draw(odd_payloads() | plain_claims().map(lambda c: json.dumps(c).encode()))),
    ]
    for index in range(2):
        if draw(st.integers(0, 5)) == 0:
            parts[index] = draw(alterations(parts[index]))
    return tokens.sign(".".join(parts), secret)


def alterations(text: str) -> st.SearchStrategy[str]:
    """Return texts that differ a little from another: in one character, in length, in alphabet."""
    places = st.integers(0, len(text))
    letters = st.sampled_from(ALPHABET)
    return st.one_of(
        st.builds(lambda at, new: text[:at] + new + text[at:], places, letters),
        st.builds(lambda at, new: text[:at] + new + text[at + 1 :], places, letters),
        places.map(lambda at: text[:at]),
        st.sampled_from(["=", "==", "A", "."]).map(text.__add__),
        st.just(text.translate(str.maketrans("-_", "+/"))),
    )


@given(st.data(), SECRETS, NOWS)
def test_tokens_of_any_kind(data: st.DataObject, secret: str, now: float) -> None:
    token = data.draw(odd_encodings(secret))
    event(check(token, secret, now).value)


@given(st.data(), plain_claims(), NOWS)
def test_tokens_that_were_altered(data: st.DataObject, claims: dict[str, Any], now: float) -> None:
    token = data.draw(alterations(tokens.token(json.dumps(claims))))
    event(check(token, SECRET, now).value)


@given(st.text(), SECRETS)
def test_any_text(token: str, secret: str) -> None:
    assert check(token, secret, NOW) is Verdict.HAND_OVER


@pytest.mark.parametrize("verdict", Verdict)
@pytest.mark.parametrize(
    "strategy",
    [
        odd_encodings(SECRET),
        plain_claims().flatmap(lambda claims: alterations(tokens.token(json.dumps(claims)))),
    ],
    ids=["any kind", "altered"],
)
def test_the_strategies_reach_every_verdict(
    strategy: st.SearchStrategy[str], verdict: Verdict
) -> None:
    """Otherwise the properties above would say nothing."""
    thorough = settings(database=None, derandomize=True, max_examples=10_000)
    find(strategy, lambda token: verify(token, SECRET, NOW)[0] is verdict, settings=thorough)
