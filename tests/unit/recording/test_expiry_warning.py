"""What the log says of a key that ends soon."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from owui_keygate._native import Audit, Ending, Policy, Settings, Transport, fingerprint
from owui_keygate.recording.expiry_warning import warn

from tests.support.account import Admin

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

KEY = "sk-0123456789"
TEXT = "An API key ends soon, and its requests are refused then; replace it: "


def ending_of(user: Admin, **settings: str) -> Ending | None:
    """Return what is to be warned of when a key of a user is used ten seconds before its end."""
    read = Settings({"ENABLE_ADMIN_API_KEY_BYPASS": "true"} | settings)
    request = ({"path": "/"}, KEY, Transport.Bearer, 1_800_000_000.5)
    return Policy(read).watch(request, user, (1_800_000_010, None), Audit(read))


def test_the_warning_names_the_key_by_its_fingerprint(caplog: pytest.LogCaptureFixture) -> None:
    warn(ending_of(Admin()))
    [record] = caplog.records
    assert (record.name, record.levelno) == ("owui_keygate", logging.WARNING)
    assert record.getMessage() == f'{TEXT}user="id" key="5c85b6dd" end="2027-01-15T08:00:10Z"'
    assert fingerprint(KEY) == "5c85b6dd"
    assert KEY not in caplog.text


def test_it_names_the_account_if_there_is_one(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    file = tmp_path / "policy.toml"
    file.write_text('[account.prometheus]\nuser = "admin@example.org"\n')
    warn(ending_of(Admin(), ADMIN_API_KEY_POLICY_FILE=str(file)))
    assert caplog.messages[0].startswith(f'{TEXT}account="prometheus" user="id" key=')


def test_no_name_ends_the_line(caplog: pytest.LogCaptureFixture) -> None:
    warn(ending_of(Admin(id='x"\r\n\x1b[31m\u2028')))
    assert caplog.messages[0].isprintable()


def test_where_nobody_is_to_be_warned_nothing_is_said(caplog: pytest.LogCaptureFixture) -> None:
    warn(ending_of(Admin(), ADMIN_API_KEY_EXPIRY_WARNING="off"))
    warn(ending_of(Admin(), ADMIN_API_KEY_EXPIRY_WARNING="9s"))
    assert caplog.records == []
    warn(ending_of(Admin(), ADMIN_API_KEY_EXPIRY_WARNING="10s"))
    assert len(caplog.records) == 1
