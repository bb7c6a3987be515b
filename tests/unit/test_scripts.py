"""Scripts that are broken off take away what they have made."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from harness.environments import ROOT

if TYPE_CHECKING:
    from pathlib import Path

BREAK_OFF = "[ ! -e $MADE ] || kill -$SENT $PPID"
PROGRAMS = {
    "install-debian": {"id": "echo 0", "apt-get": BREAK_OFF},
    "bare-debian": {
        "id": "echo 0",
        "apt-get": "",
        "debootstrap": "",
        "mktemp": "mkdir $MADE; echo $MADE",
        "unshare": BREAK_OFF,
    },
}
"""What stands in for the programs that each script calls."""

ARGUMENTS = {"install-debian": ["this test", "/no/such=package"], "bare-debian": ["bookworm"]}


@pytest.mark.usefixtures("signals_are_heeded")
@pytest.mark.parametrize("sent", ["HUP", "INT", "TERM"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_nothing_is_left(tmp_path: Path, name: str, sent: str) -> None:
    made = tmp_path / "made"
    scripts, programs = tmp_path / "scripts", tmp_path / "bin"
    for folder in (scripts, programs):
        folder.mkdir()
    for program, does in PROGRAMS[name].items():
        (programs / program).write_text(f"#!/bin/sh\n{does}\n")
    text = (ROOT / "scripts" / name).read_text()
    (scripts / name).write_text(text.replace("/usr/sbin/policy-rc.d", str(made)))
    for file in (*programs.iterdir(), scripts / name):
        file.chmod(0o755)
    path = f"{programs}:{os.environ['PATH']}"
    ended = subprocess.run(
        [scripts / name, *ARGUMENTS[name]],
        env={"PATH": path, "MADE": str(made), "SENT": sent},
        check=False,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 1, ended.stderr
    assert not made.exists()
