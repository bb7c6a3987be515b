"""The status route where it has nothing to say: what the live tests cannot make it do."""

from __future__ import annotations

import asyncio
import dataclasses
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from fastapi import HTTPException
from owui_keygate._native import PanicException, Settings
from owui_keygate.extension import Standing
from owui_keygate.replacements import status_route

from tests.support.extension import extension_of

if TYPE_CHECKING:
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
