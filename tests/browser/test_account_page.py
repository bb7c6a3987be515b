"""While keys are off, the host's own page offers one to whom it serves, and to nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.support.generations import GENERATION
from tests.support.keys import KEEPS_TIMES

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.people import Person
    from tests.support.account_page import AccountPage
    from tests.support.site import Site

    AccountOf = Callable[[Site, Person], AccountPage]
    Picture = Callable[[AccountPage, str], None]

UNKNOWN = 403 if GENERATION == "A" else 401
"""What an unknown key gets; generation A looks at its switch before it looks the key up."""


def test_an_administrator_makes_a_key_and_takes_it_back(
    on: Site, account_of: AccountOf, picture: Picture
) -> None:
    account = account_of(on, on.admin)
    key = account.make_key()
    # No key stands in an assertion, which would print it.
    answer = on.answer_to(key)
    assert answer == 200
    picture(account, "account-of-an-administrator")
    account.take_key_back()
    answer = on.answer_to(key)
    assert answer == UNKNOWN


@pytest.mark.skipif(not KEEPS_TIMES, reason="an account has one key before 0.6.41")
def test_the_page_shows_the_new_one_of_two_keys_and_deletes_both(
    on: Site, account_of: AccountOf
) -> None:
    account = account_of(on, on.admin)
    old = account.make_key()
    new = on.rotate(on.admin)
    again = account_of(on, on.admin)
    is_the_new_one = again.shown_key() == new
    assert is_the_new_one
    answers = [on.answer_to(key) for key in (old, new)]
    assert answers == [200, 200]
    again.take_key_back()
    answers = [on.answer_to(key) for key in (old, new)]
    assert answers == [UNKNOWN, UNKNOWN]


def test_a_user_is_offered_one_only_while_keys_are_on(
    on: Site, account_of: AccountOf, picture: Picture
) -> None:
    account = account_of(on, on.user)
    expect(account.create).to_have_count(0)
    picture(account, "account-of-a-user")
    on.switch_keys(enabled=True)
    try:
        expect(account_of(on, on.user).create).to_be_visible()
    finally:
        on.switch_keys(enabled=False)


@pytest.mark.parametrize("who", ["admin", "user"])
def test_without_the_bypass_nobody_is(off: Site, account_of: AccountOf, who: str) -> None:
    expect(account_of(off, getattr(off, who)).create).to_have_count(0)
