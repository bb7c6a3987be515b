"""The status route where it has nothing to say: what the live tests cannot make it do."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from datetime import datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from fastapi import HTTPException
from owui_keygate._native import PanicException, Settings, Transport
from owui_keygate.extension import Standing
from owui_keygate.replacements import status_route

from tests.support.account import Admin
from tests.support.extension import extension_of

if TYPE_CHECKING:
    from pathlib import Path

    from owui_keygate.extension import Extension

SETTINGS = Settings({"ENABLE_ADMIN_API_KEY_BYPASS": "true"})


def answer(asked: Extension) -> status_route.Status:
    auth: Any = SimpleNamespace(get_admin_user=lambda: None)
    return asyncio.run(status_route.make_endpoint(auth, asked)())


def test_it_tells_what_the_extension_is() -> None:
    status = answer(extension_of(SETTINGS))
    assert (status.host_version, status.generation) == ("0.12.4", "D")
    assert status.reader == "reader none (a test)"
    assert set(status.decisions.values()) == {0}


def test_it_tells_of_accounts_and_of_keys_that_end_soon(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    users = {"bot": "admin@example.org", "idle": "idle@example.org"}
    file.write_text("".join(f'[account.{name}]\nuser = "{users[name]}"\n' for name in users))
    settings = Settings(
        {"ENABLE_ADMIN_API_KEY_BYPASS": "true", "ADMIN_API_KEY_POLICY_FILE": str(file)}
    )
    asked = extension_of(settings)
    end = int(time.time()) + 86_400
    request = ({"path": "/"}, "sk-0123456789", Transport.Bearer, time.time())
    for user in (Admin(), Admin(email="other@example.org")):
        asked.policy.judge(request, (user, end, None, None), audit=asked.audit.audit)
    asked.policy.judge(request, None, audit=asked.audit.audit)
    status = answer(asked)
    assert list(status.accounts) == ["bot", "idle"]
    counts = [decisions["allow_bypass"] for decisions in status.accounts.values()]
    assert (counts, status.decisions["allow_bypass"]) == ([1, 0], 1)
    assert status.decisions["unknown_key"] == 1
    [key] = status.ending_keys
    assert (key.fingerprint, key.account) == ("5c85b6dd", "bot")
    assert datetime.fromisoformat(key.ends_at).timestamp() == end
    assert '"id"' not in status.model_dump_json()


def test_after_standing_down_the_route_is_gone() -> None:
    standing = Standing()
    standing.in_force = False
    with pytest.raises(HTTPException) as gone:
        answer(extension_of(SETTINGS, standing=standing))
    assert gone.value.status_code == 404


def test_a_failure_is_an_error_of_the_server(caplog: pytest.LogCaptureFixture) -> None:
    class Failing:
        def to_json(self) -> str:
            raise PanicException

    with pytest.raises(HTTPException) as failed:
        answer(dataclasses.replace(extension_of(SETTINGS), settings=cast("Settings", Failing())))
    assert failed.value.status_code == 500
    assert caplog.messages == ["Status route failed (PanicException); answering 500"]
