"""The status route where it has nothing to say: what the live tests cannot make it do."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import HTTPException
from owui_keygate._native import PanicException, Policy, Settings
from owui_keygate.audit import AuditLog
from owui_keygate.extension import Extension, Standing
from owui_keygate.readers.choice import ReaderChoice
from owui_keygate.replacements import status_route

SETTINGS = Settings({"ENABLE_ADMIN_API_KEY_BYPASS": "true"})


def extension(**facts: Any) -> Extension:
    made: dict[str, Any] = {
        "host_version": "0.12.4",
        "generation": "D",
        "settings": SETTINGS,
        "policy": Policy(SETTINGS),
        "audit": AuditLog(SETTINGS),
        "reader": ReaderChoice("none", "a test"),
        "standing": Standing(),
        "announce": lambda: None,
    }
    return Extension(**made | facts)


def answer(asked: Extension) -> status_route.Status:
    auth: Any = SimpleNamespace(get_admin_user=lambda: None)
    return asyncio.run(status_route.make_endpoint(auth, asked)())


def test_it_tells_what_the_extension_is() -> None:
    status = answer(extension())
    assert (status.host_version, status.generation) == ("0.12.4", "D")
    assert status.reader == "reader none (a test)"
    assert set(status.decisions.values()) == {0}


def test_after_standing_down_the_route_is_gone() -> None:
    standing = Standing()
    standing.in_force = False
    with pytest.raises(HTTPException) as gone:
        answer(extension(standing=standing))
    assert gone.value.status_code == 404


def test_a_failure_is_an_error_of_the_server(caplog: pytest.LogCaptureFixture) -> None:
    class Failing:
        def to_json(self) -> str:
            raise PanicException

    with pytest.raises(HTTPException) as failed:
        answer(extension(settings=Failing()))
    assert failed.value.status_code == 500
    assert caplog.messages == ["Status route failed (PanicException); answering 500"]
