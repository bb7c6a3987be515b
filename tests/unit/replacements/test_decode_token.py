"""The replaced `decode_token`: whom it asks, and that it never raises."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from owui_keygate._native import PanicException, SessionVerifier
from owui_keygate.replacements import decode_token as module

from tests.support.tokens import NOW, SECRET, claims, token

if TYPE_CHECKING:
    from collections.abc import Callable

BY_HOST = {"by": "the host"}
GOOD = claims(exp=NOW + 60)
EXPIRED = claims(exp=NOW)


def decode_token(token: str) -> dict[str, Any] | None:
    """The host's own words about it."""
    assert token is not None
    return BY_HOST


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "time", SimpleNamespace(time=lambda: NOW))


@pytest.fixture
def signing() -> SimpleNamespace:
    return SimpleNamespace(SESSION_SECRET=SECRET, ALGORITHM="HS256")


@pytest.fixture
def replaced(signing: SimpleNamespace) -> Callable[[Any], Any]:
    return module.replace_decode_token(decode_token, signing)


def test_it_answers_where_it_is_sure(replaced: Callable[[Any], Any]) -> None:
    assert replaced(GOOD) == {"id": "9d2f6c1e", "typ": "session", "exp": NOW + 60}
    assert replaced(EXPIRED) is None


class Text(str):
    """A text that may encode itself as it likes."""

    __slots__ = ()


@pytest.mark.parametrize(
    "token", ["", "sk-key", "\ud800", GOOD + "=", GOOD.encode(), Text(GOOD), 1, [GOOD]]
)
def test_of_anything_else_the_host_decides(replaced: Callable[[Any], Any], token: object) -> None:
    assert replaced(token) is BY_HOST


@pytest.mark.parametrize("secret", ["", "\ud800", "ssh-rsa x"])
def test_of_an_odd_secret_the_host_decides(secret: str) -> None:
    signing = SimpleNamespace(SESSION_SECRET=secret, ALGORITHM="HS256")
    assert module.replace_decode_token(decode_token, signing)(GOOD) is BY_HOST


@pytest.mark.parametrize("changed", [{"SESSION_SECRET": "another"}, {"ALGORITHM": "HS512"}])
def test_what_the_host_signs_with_is_looked_at_every_time(
    replaced: Callable[[Any], Any], signing: SimpleNamespace, changed: dict[str, str]
) -> None:
    assert replaced(GOOD) is not BY_HOST
    vars(signing).update(changed)
    assert replaced(GOOD) is BY_HOST


@pytest.mark.parametrize("error", [RuntimeError(GOOD), PanicException(GOOD)], ids=type)
def test_where_it_fails_the_host_decides(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    signing: SimpleNamespace,
    error: BaseException,
) -> None:
    class Failing:
        def __init__(self, _secret: str) -> None: ...

        def verify(self, _token: str, _now: float) -> None:
            raise error

    monkeypatch.setattr(module, "SessionVerifier", Failing)
    assert module.replace_decode_token(decode_token, signing)(GOOD) is BY_HOST
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert type(error).__name__ in caplog.text
    assert GOOD not in caplog.text


def test_it_still_is_the_hosts_function(replaced: Callable[[Any], Any]) -> None:
    assert replaced.__wrapped__ is decode_token  # type: ignore[attr-defined]
    assert (replaced.__name__, replaced.__doc__) == ("decode_token", decode_token.__doc__)


def test_what_the_host_raises_is_raised(signing: SimpleNamespace) -> None:
    def failing(_token: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        module.replace_decode_token(failing, signing)("")


def test_every_dict_of_claims_is_a_new_one() -> None:
    verifier = SessionVerifier(SECRET)
    text = token('{"a":{"b":[]}}')
    first, second = verifier.verify(text, NOW), verifier.verify(text, NOW)
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    first["a"]["b"].append(1)
    first["c"] = 1
    assert second == verifier.verify(text, NOW) == {"a": {"b": []}}


@pytest.mark.parametrize("now", [float("nan"), float("inf"), -float("inf"), 2.0**53, 1e300])
def test_a_time_that_is_none_leaves_it_to_the_host(now: float) -> None:
    assert SessionVerifier(SECRET).verify(EXPIRED, now) is NotImplemented


def test_a_time_before_the_epoch_is_rounded_down() -> None:
    verifier = SessionVerifier(SECRET)
    assert verifier.verify(claims(iat=0), -0.5) is None
    assert verifier.verify(claims(iat=-1), -0.5) is not None
    assert verifier.verify(claims(exp=0), -0.5) is not None


def test_what_is_no_text_is_no_secret_and_what_is_no_number_is_no_time() -> None:
    with pytest.raises(TypeError):
        SessionVerifier(b"secret")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        SessionVerifier(SECRET).verify(GOOD, "now")  # type: ignore[arg-type]


def test_no_secret_is_printed() -> None:
    assert SECRET not in repr(SessionVerifier(SECRET))
