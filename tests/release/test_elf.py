"""What a native module needs of the machine it is loaded on, and whether a wheel's name says so."""

from __future__ import annotations

import platform
import shutil
import zipfile
from pathlib import Path

import pytest

from dev.release import artifacts
from dev.release.elf import Needs, needs_of
from harness.environments import built_wheel


def named(folder: Path, tag: str) -> Path:
    """Return a copy of the built wheel, which is for the glibc of this machine, of another name."""
    return Path(shutil.copy(built_wheel(), folder / f"owui_keygate-1.2.3-cp311-abi3-{tag}.whl"))


def test_the_headers_say_what_a_module_needs(tmp_path: Path) -> None:
    with zipfile.ZipFile(built_wheel()) as opened:
        (name,) = (name for name in opened.namelist() if name.endswith(".so"))
        needs = needs_of(Path(opened.extract(name, tmp_path)))
    assert needs.machine == platform.machine()
    assert "libc.so.6" in needs.libraries
    assert any(version.startswith("GLIBC_2.") for version in needs.versions)


def test_a_module_for_another_machine_is_a_fault(tmp_path: Path) -> None:
    other = "aarch64" if platform.machine() == "x86_64" else "x86_64"
    (fault,) = artifacts.platform(named(tmp_path, f"manylinux_2_28_{other}"))
    assert fault.endswith(f"_{other}, and its native module for {platform.machine()}")


def test_glibc_in_a_wheel_for_musl_is_a_fault(tmp_path: Path) -> None:
    (fault,) = artifacts.platform(named(tmp_path, f"musllinux_1_2_{platform.machine()}"))
    assert "GLIBC_2." in fault
    assert "libc.so.6" in fault


@pytest.mark.parametrize(
    ("libraries", "versions", "more"),
    [
        (set(), set(), ""),
        ({"libc.so"}, set(), ""),
        ({"libc.so", "libgcc_s.so.1"}, set(), "libgcc_s.so.1"),
        ({"libc.so"}, {"GLIBC_2.28"}, "GLIBC_2.28"),
    ],
)
def test_a_module_for_musl_needs_musl_alone(
    libraries: set[str], versions: set[str], more: str
) -> None:
    faults = artifacts.musl(Needs("x86_64", libraries, versions))
    assert [fault.startswith(f"it needs {more}, and") for fault in faults] == [True] * bool(more)
