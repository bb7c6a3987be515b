"""The release that an answer is about, and the presets that it has."""

from __future__ import annotations

import importlib.metadata
import json
from typing import TYPE_CHECKING

from owui_keygate.commands import find_host
from owui_keygate.commands.policy import loading
from owui_keygate.settings.presets import PRESETS, presets_of

from harness.environments import RELEASES
from tests.support.policy_file import run

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_the_newest_release_counts_where_none_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    target = loading.target_of(None)
    assert str(target) == (
        f"Open WebUI {RELEASES[-1]} (the newest that was tried, as none is installed)"
    )


def test_the_installed_release_is_found_without_importing_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = tmp_path / "app" / "backend"
    (backend / "open_webui").mkdir(parents=True)
    (backend / "open_webui" / "__init__.py").write_text("raise AssertionError")
    (tmp_path / "app" / "package.json").write_text(json.dumps({"version": "0.8.12"}))
    monkeypatch.chdir(backend)
    assert str(loading.target_of(None)) == "Open WebUI 0.8.12 (installed)"
    assert str(loading.target_of("v0.9.6"[1:])) == "Open WebUI 0.9.6 (asked for)"


def test_a_package_says_its_own_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(find_host, "find_host", lambda: tmp_path / "site-packages")
    monkeypatch.setattr(importlib.metadata, "version", lambda _name: "0.6.36")
    assert find_host.find_release() == "0.6.36"

    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    assert find_host.find_release() is None


def test_presets_are_listed_with_what_they_mean() -> None:
    done = run("presets", "--release", "0.6.36")
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[0] == "Open WebUI 0.6.36 (asked for)"
    for name, endpoints in presets_of((0, 6, 36)).items():
        at = lines.index(f"@{name}: {PRESETS[name].meaning}")
        assert [line.strip() for line in lines[at + 1 : at + 1 + len(endpoints)]] == endpoints
    facts = json.loads(run("presets", "--release", "0.6.36", "--json").stdout)
    assert facts["release"] == "0.6.36"
    assert facts["presets"]["status"] == {
        "meaning": PRESETS["status"].meaning,
        "endpoints": presets_of((0, 6, 36))["status"],
    }
