"""A wheel of the host that requires what the tests install, and no PyTorch.

Tools that install the host by its name would take its hundreds of packages as well.
"""

from __future__ import annotations

import re
import zipfile
from typing import TYPE_CHECKING

from harness.environments import HOST_VERSION, ROOT, host_environment

if TYPE_CHECKING:
    from pathlib import Path

_LEFT_BY_THE_INSTALLER = ("INSTALLER", "RECORD", "REQUESTED", ".pyc")


def slim_wheel() -> Path:
    """Return the wheel, made of the files of the stock environment if it is not there yet.

    It stays in its place, because uv keeps what it has unpacked of a wheel by its path and time.
    """
    requirements = ROOT / "harness" / "hosts" / f"{HOST_VERSION}.txt"
    wheel = ROOT / ".venv-slim" / f"open_webui-{HOST_VERSION}-py3-none-any.whl"
    if wheel.is_file() and wheel.stat().st_mtime > requirements.stat().st_mtime:
        return wheel
    wheel.parent.mkdir(exist_ok=True)
    packages = host_environment(with_wheel=False).site_packages
    information = f"open_webui-{HOST_VERSION}.dist-info"
    record = (packages / information / "RECORD").read_text()
    names = [line.rsplit(",", 2)[0] for line in record.splitlines()]
    kept = [each for each in names if not each.startswith("..")]
    kept = [each for each in kept if not each.endswith(_LEFT_BY_THE_INSTALLER)]
    unfinished = wheel.with_suffix(".part")
    with zipfile.ZipFile(unfinished, "w") as archive:
        for name in kept:
            if name != f"{information}/METADATA":
                archive.write(packages / name, name)
        metadata = (packages / information / "METADATA").read_text()
        archive.writestr(f"{information}/METADATA", _requiring(metadata, requirements.read_text()))
        archive.writestr(f"{information}/RECORD", "".join(f"{name},,\n" for name in kept))
    return unfinished.rename(wheel)


def _requiring(metadata: str, requirements: str) -> str:
    """Return the metadata of a package with other requirements."""
    rest = re.sub(r"(?m)^(Requires-Dist|Provides-Extra):.*\n", "", metadata)
    lines = "".join(f"Requires-Dist: {each}\n" for each in requirements.splitlines() if each)
    return rest.replace("\nName: ", f"\n{lines}Name: ", 1)
