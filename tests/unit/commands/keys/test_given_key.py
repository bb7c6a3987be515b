"""Which keys are taken that Open WebUI has not made."""

from __future__ import annotations

import secrets
import uuid

import pytest
from owui_keygate.commands.keys.errors import RefusedError
from owui_keygate.commands.keys.given_key import check_key

GOOD = "7c4a8d09ca3762af61e59520943dc264"


def test_a_random_key_is_taken() -> None:
    check_key(f"sk-{GOOD}")
    for _ in range(50):
        check_key(f"sk-{secrets.token_hex(16)}")


@pytest.mark.parametrize(
    "digits", ["933a67bc37c0a966ca7bc37b9b07676b", "2c2ce4683572c024e4e1f3d8350a24e6"]
)
def test_eight_digits_and_eight_steps_are_enough(digits: str) -> None:
    check_key(f"sk-{digits}")


def test_a_key_as_open_webui_makes_it_is_taken() -> None:
    check_key(f"sk-{uuid.uuid4().hex}")


@pytest.mark.parametrize(
    "key",
    [
        "",
        GOOD,
        f"sk-{GOOD[1:]}",
        f"sk-{GOOD}0",
        f"SK-{GOOD}",
        f"sk-{GOOD.upper()}",
        f"sk-{GOOD}\n",
        f" sk-{GOOD}",
        f"sk_{GOOD}",
        f"sk-{GOOD[:-1]}g",
        f"sk-{GOOD[:-1]}\N{FULLWIDTH DIGIT ONE}",
        f"sk-proj-{GOOD}",
    ],
)
def test_another_form_is_refused(key: str) -> None:
    with pytest.raises(RefusedError, match="form") as raised:
        check_key(key)
    assert GOOD[1:-1] not in str(raised.value)


@pytest.mark.parametrize(
    "digits",
    [
        "0" * 32,
        "0123456789abcdef" * 2,
        "0123456789abcdeffedcba9876543210",
        "13579bdf02468ace13579bdf02468ace",
        "deadbeef" * 4,
        "0123456789" * 3 + "01",
        f"{GOOD[:16]}{GOOD[:16]}",
        "12345678" + "0" * 24,
        "00112233445566778899aabbccddeeff",
        "7c4a8d0" + "c" * 25,
        "0137f0f3710713f0137f7f103f107313",
        "c66444869988056460c4484066088099",
        "d8c0437659432e21f372ed5432e91d80",
    ],
)
def test_what_is_not_random_is_refused(digits: str) -> None:
    with pytest.raises(RefusedError, match="not random") as raised:
        check_key(f"sk-{digits}")
    assert digits not in str(raised.value)
