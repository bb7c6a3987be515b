"""Keeps the environment of whoever runs the tests away from the policy."""

from __future__ import annotations

import os

import pytest
from owui_keygate._native import is_setting


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if is_setting(name)]:
        monkeypatch.delenv(name)
