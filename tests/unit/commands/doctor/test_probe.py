"""What `doctor` lets the process see that imports the host."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from owui_keygate._native import PanicException, Settings
from owui_keygate.commands.doctor import probe

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "name",
    [
        "ADMIN_API_KEY_NETWORKS",
        "ADMIN_API_KEYS_ALLOWED_ENDPOINTS",
        "ADMIN_APIKEY_MAX_AGE",
        "ADMIN_APIKEYS_MAX_AGE",
        "ENABLE_ADMIN_APIKEY_BYPASS",
        "ENABLE_ADMIN_API_KEY_BYPAS",
        "ENABLE_ADMIN_KEY_BYPASS",
        "OWUI_KEYGATE_STRCIT",
        "Owui_Keygate",
        " admin_api_key_max_age",
    ],
)
def test_doctor_sees_each_name_that_the_settings_refuse(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Settings({name: "x"}).problems
    monkeypatch.setenv(name, "x")
    assert probe.environment(tmp_path, tmp_path)[name] == "x"


def test_doctor_sees_whom_the_server_believes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "127.0.0.1")
    assert probe.environment(tmp_path, tmp_path)["FORWARDED_ALLOW_IPS"] == "127.0.0.1"


def test_a_panic_is_an_error_of_the_probe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def panic(_: str) -> bool:
        raise PanicException

    monkeypatch.setattr(probe, "is_setting", panic)
    with pytest.raises(probe.ProbeError, match="the native module panicked"):
        probe.probe(tmp_path)


def test_it_does_not_see_the_key_of_a_script(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADMIN_API_KEY", "sk-secret")
    assert "ADMIN_API_KEY" not in probe.environment(tmp_path, tmp_path)
