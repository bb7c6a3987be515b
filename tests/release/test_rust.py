"""Which Rust builds for a target: the machine's own, Debian's, or none."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING

import pytest

from dev.release import rust
from dev.release.rust import BUILD_STD, settings_for

if TYPE_CHECKING:
    from pathlib import Path

OWN = f"{platform.machine()}-unknown-linux-gnu"
WITH_LIBRARY = "with-library-linux-gnu"
FROM_SOURCE = "from-source-linux-musl"


@pytest.fixture
def debian(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "usr" / "lib" / "rustlib" / WITH_LIBRARY).mkdir(parents=True)
    monkeypatch.setattr(rust, "DEBIAN", tmp_path)
    return tmp_path


def test_the_machines_own_comes_first(debian: Path) -> None:
    (debian / ".ready").touch()
    assert settings_for(OWN) == {}


@pytest.mark.usefixtures("debian")
def test_none_is_there() -> None:
    assert settings_for(WITH_LIBRARY) is None


def test_debians_builds_what_the_machines_own_cannot(debian: Path) -> None:
    (debian / ".ready").touch()
    compiler = {"RUSTC": str(debian / "bin" / "rustc")}
    assert settings_for(WITH_LIBRARY) == compiler
    assert settings_for(FROM_SOURCE) == compiler | BUILD_STD
