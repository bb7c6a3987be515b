"""The installation, where the native module that reads the settings cannot load."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from owui_keygate import installation as module
from owui_keygate._native import Settings
from owui_keygate.installation import Installation, StartRefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

SPACES = st.text("\t\n\r ", max_size=2)
WORDS = st.sampled_from(["on", "ON", "off", "oFF", "true", "False", "offf", "o ff", "1", ""])


@given(st.tuples(SPACES, WORDS, SPACES).map("".join))
def test_both_switches_mean_without_it_what_they_mean_with_it(text: str) -> None:
    environment = {"OWUI_KEYGATE": text, "OWUI_KEYGATE_STRICT": text}
    settings = Settings(environment)
    with pytest.MonkeyPatch.context() as patch:
        for variable, value in environment.items():
            patch.setenv(variable, value)
        assert module.environment_says("OWUI_KEYGATE", module.OFF) is not settings.enabled
        assert module.environment_says("OWUI_KEYGATE_STRICT", module.ON) is settings.strict


@pytest.mark.parametrize(
    ("environment", "says", "refuses"),
    [
        ({"OWUI_KEYGATE": "off"}, False, False),
        ({"OWUI_KEYGATE": " FALSE ", "OWUI_KEYGATE_STRICT": "true"}, False, False),
        ({"OWUI_KEYGATE": "no", "OWUI_KEYGATE_STRICT": "true"}, True, True),
        ({"OWUI_KEYGATE_STRICT": "true"}, True, True),
        ({}, True, False),
    ],
)
def test_what_a_host_gets_without_it(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    environment: Mapping[str, str],
    says: bool,
    refuses: bool,
) -> None:
    for variable in ("OWUI_KEYGATE", "OWUI_KEYGATE_STRICT"):
        monkeypatch.delenv(variable, raising=False)
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setitem(sys.modules, "owui_keygate._native", None)
    installation = Installation()
    host = ModuleType("open_webui.utils.auth")
    for _ in range(2):
        if refuses:
            with pytest.raises(StartRefusedError):
                installation.host_module_executed(host)
        else:
            installation.host_module_executed(host)
    assert caplog.text.count("owui-keygate is inactive; Open WebUI runs unmodified") == says
    assert (installation.failure is not None) is says
