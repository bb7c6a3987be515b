"""What a wheel must be to be published. The checks by other tools run in `make release-check`."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from dev.release import artifacts
from dev.release.check import differing
from harness.environments import built_wheel

NAME = "owui_keygate-1.2.3-cp311-abi3-{}.whl"


def wheel(folder: Path, **files: str) -> Path:
    path = folder / NAME.format("manylinux_2_28_x86_64")
    with zipfile.ZipFile(path, "w") as opened:
        for name, text in files.items():
            opened.writestr(name, text)
    return path


def test_the_wheel_names_the_crates_it_is_made_of() -> None:
    needed = artifacts.crates_needed(artifacts.target(built_wheel()))
    assert {"jsonwebtoken", "pyo3", "serde", "zeroize"} <= {name for name, _ in needed}
    assert "owui-keygate" not in {name for name, _ in needed}
    assert artifacts.crates(built_wheel()) == []


def test_a_crate_that_is_not_named_is_a_fault(tmp_path: Path) -> None:
    needed = sorted(artifacts.crates_needed("x86_64-unknown-linux-gnu"))
    components = [{"name": name, "version": version} for name, version in needed]
    lists = {"k.dist-info/sboms/k.cyclonedx.json": json.dumps({"components": components})}
    assert artifacts.crates(wheel(tmp_path, **lists)) == []
    (name, version), *rest = needed
    lists = {"k.dist-info/sboms/k.cyclonedx.json": json.dumps({"components": components[1:]})}
    (fault,) = artifacts.crates(wheel(tmp_path, **lists))
    assert f"does not name {name} {version}:" in fault
    (fault,) = artifacts.crates(wheel(tmp_path))
    assert all(f"{name} {version}" in fault for name, version in rest)


def test_a_wheel_may_be_so_large_and_no_larger(tmp_path: Path) -> None:
    path = tmp_path / "wheel"
    path.write_bytes(bytes(artifacts.LARGEST - 1))
    assert artifacts.size(path) == []
    path.write_bytes(bytes(artifacts.LARGEST))
    assert artifacts.size(path)[0].startswith("1,000,000 bytes, and less than 1,000,000 wanted")


def test_a_wheel_for_one_python_is_a_fault() -> None:
    (fault,) = artifacts.abi(Path("owui_keygate-1.2.3-cp311-cp311-manylinux_2_28_x86_64.whl"))
    assert fault.startswith("its name lacks -cp311-abi3-")


@pytest.mark.parametrize("tag", ["linux_x86_64", "manylinux_2_34_x86_64", "musllinux_1_1_aarch64"])
def test_a_wheel_for_too_new_or_old_a_linux_is_a_fault(tag: str) -> None:
    (fault,) = artifacts.platform(Path(NAME.format(tag)))
    assert fault.startswith(f"it is for {tag}, and manylinux_2_28 or musllinux_1_2 wanted")


@pytest.mark.parametrize(
    ("tag", "target"),
    [
        ("manylinux_2_28_x86_64", "x86_64-unknown-linux-gnu"),
        ("manylinux_2_17_aarch64.manylinux2014_aarch64", "aarch64-unknown-linux-gnu"),
        ("musllinux_1_2_aarch64", "aarch64-unknown-linux-musl"),
        ("macosx_10_12_x86_64", "x86_64-apple-darwin"),
        ("macosx_11_0_arm64", "aarch64-apple-darwin"),
        ("win_amd64", "x86_64-pc-windows-msvc"),
    ],
)
def test_a_platform_tag_names_a_target_of_rust(tag: str, target: str) -> None:
    assert artifacts.target(Path(NAME.format(tag))) == target


def test_what_differs_between_two_builds_is_named(tmp_path: Path) -> None:
    for side in ("one", "other"):
        (tmp_path / side).mkdir()
    one = wheel(tmp_path / "one", same="1", changed="1", gone="1")
    other = wheel(tmp_path / "other", same="1", changed="2", new="1")
    assert differing(one, other) == ["changed", "gone", "new"]
    assert differing(one, one) == []
