"""What is published: one wheel, and a source distribution from which pip installs."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from typing import TYPE_CHECKING

from owui_keygate import __version__

from harness.environments import ROOT, built_wheel, make_environment

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_the_wheel_is_one_for_every_supported_python() -> None:
    assert "-cp311-abi3-" in built_wheel().name


def test_the_wheel_holds_what_it_should() -> None:
    names = set(zipfile.ZipFile(built_wheel()).namelist())
    assert "owui_keygate/_native.abi3.so" in names
    assert "owui_keygate/_native.pyi" in names
    assert "owui_keygate/py.typed" in names
    assert "owui_keygate/settings/routes.txt" in names
    assert any(name.endswith(".data/platlib/owui_keygate_startup.pth") for name in names)
    assert any(name.endswith("/licenses/LICENSE") for name in names)
    assert not [name for name in names if "__pycache__" in name or "test" in name]


def test_pip_installs_from_the_source_distribution(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = [sys.executable, "-m", "maturin", "sdist", "--out", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True)
    archive = next(tmp_path.glob("owui_keygate-*.tar.gz"))
    with tarfile.open(archive) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}
    assert {"Cargo.lock", "LICENSE", "startup/platlib/owui_keygate_startup.pth"} <= names
    environment = make_environment(tmp_path / "venv")
    # The crates that the extension needs are built there already, for the wheel.
    monkeypatch.setenv("CARGO_TARGET_DIR", str(ROOT / "target"))
    environment.pip("install", archive)
    code = "import owui_keygate, owui_keygate._native; print(owui_keygate.__version__)"
    found = environment.run("python", "-c", code)
    assert found.stdout == f"{__version__}\n"
    assert (environment.site_packages / "owui_keygate_startup.pth").is_file()
