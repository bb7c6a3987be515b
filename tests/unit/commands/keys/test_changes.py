"""What is recorded of a change, and what a dry run says about it."""

from __future__ import annotations

import os
import pwd
import re
from typing import TYPE_CHECKING

import pytest
from owui_keygate.commands.keys.changes import Change, Deed, deletions, of_key, plan, record
from owui_keygate.readers.holder import Holder

if TYPE_CHECKING:
    from typing import NoReturn

BOT = Holder("1", "bot@example.org", "admin", "0123abcd", 1, 4_102_444_800, None)
WHO = f"user={pwd.getpwuid(os.getuid()).pw_name} uid={os.getuid()}"


def recorded(change: Change) -> str:
    line = record(change)
    found = re.fullmatch(r"owui-keygate time=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (.*)", line)
    assert found is not None, line
    return found[1]


def test_a_record_says_who_what_and_which_key() -> None:
    assert recorded(of_key(Deed.CREATE_KEY, BOT)) == (
        f"{WHO} change=create-key account=bot@example.org fingerprint=0123abcd "
        "until=2100-01-01T00:00:00Z"
    )
    assert recorded(Change(Deed.CREATE_ACCOUNT, "a@b.c")) == (
        f"{WHO} change=create-account account=a@b.c"
    )
    [deleted] = deletions([BOT])
    assert recorded(deleted) == (
        f"{WHO} change=delete-key account=bot@example.org fingerprint=0123abcd"
    )


@pytest.mark.parametrize("address", ["a b@c", 'a"b@c', "a@b uid=0", "a\nb", "caf\u00e9@c"])
def test_an_address_forges_no_other_value(address: str) -> None:
    line = recorded(Change(Deed.RESET_PASSWORD, address))
    assert re.fullmatch(rf'{WHO} change=reset-password account="([^"\\\n]|\\.)*"', line), line


def test_a_user_without_a_name_has_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(uid: int) -> NoReturn:
        raise KeyError(uid)

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    assert recorded(Change(Deed.CREATE_ACCOUNT, "a")).startswith(f"uid={os.getuid()} ")


@pytest.mark.parametrize("deed", Deed)
def test_a_plan_names_the_account(deed: Deed) -> None:
    said = plan(of_key(deed, BOT))
    assert said.startswith("Would ")
    assert "bot@example.org" in said
    assert ("0123abcd" in said) == (deed in {Deed.LIMIT_KEY, Deed.DELETE_KEY})
    assert ("2100-01-01" in said) == (deed in {Deed.LIMIT_KEY, Deed.CREATE_KEY})
