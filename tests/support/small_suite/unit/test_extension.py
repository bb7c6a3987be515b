"""Differs on purpose where the extension is installed, and where the bypass is on."""

from __future__ import annotations

import importlib.util
import os

import pytest

INSTALLED = importlib.util.find_spec("owui_keygate") is not None


def test_the_extension_is_not_installed() -> None:
    assert not INSTALLED


def test_the_bypass_is_off() -> None:
    assert os.environ.get("ENABLE_ADMIN_API_KEY_BYPASS") != "true"


@pytest.mark.skipif(INSTALLED, reason="the extension is installed")
def test_runs_only_on_stock() -> None:
    pass
