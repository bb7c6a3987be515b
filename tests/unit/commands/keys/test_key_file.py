"""Files that hold a key: which are read, how far, and what is said about them."""

from __future__ import annotations

import contextlib
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from owui_keygate.commands.keys.errors import RefusedError
from owui_keygate.commands.keys.key_file import read_key

if TYPE_CHECKING:
    from collections.abc import Iterator

DIGITS = "7c4a8d09ca3762af61e59520943dc264"
KEY = f"sk-{DIGITS}"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "key"
    made.write_text(f"{KEY}\n")
    made.chmod(0o600)
    return made


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_one_newline_is_taken_off(file: Path, end: str) -> None:
    file.write_bytes(f"{KEY}{end}".encode())
    given = read_key(file)
    assert (given.api_key, given.warnings) == (KEY, ())
    assert DIGITS not in repr(given)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        f"{KEY}\n\n".encode(),
        f"{KEY}\r".encode(),
        f"{KEY} \n".encode(),
        f"\n{KEY}".encode(),
        f"\ufeff{KEY}".encode(),
        KEY.encode("utf-16"),
        f"{KEY}\n{KEY}\n".encode(),
        f"API_KEY={KEY}\n".encode(),
        b"\xff\x00",
        KEY.encode() + bytes(4096 - len(KEY)),
    ],
)
def test_anything_else_in_the_file_is_refused(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    refused(file, "Open WebUI's form")


def test_a_large_file_is_not_read_to_its_end(file: Path) -> None:
    os.truncate(file, 1 << 40)
    refused(file, "larger than 4096 bytes")


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666, 0o777])
def test_a_file_that_others_can_write_is_refused(file: Path, mode: int) -> None:
    file.chmod(mode)
    refused(file, f"can write to the key file .mode 0{mode:o}.")


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o444])
def test_a_file_that_others_can_read_is_warned_of(file: Path, mode: int) -> None:
    file.chmod(mode)
    [warning] = read_key(file).warnings
    assert f"0{mode:o}" in warning
    assert "defaultMode" in warning


@pytest.mark.usefixtures("file")
def test_links_are_followed_as_kubernetes_mounts_them(tmp_path: Path) -> None:
    (tmp_path / "..data").symlink_to(tmp_path)
    (tmp_path / "mounted").symlink_to("..data/key")
    assert read_key(tmp_path / "mounted").api_key == KEY


@pytest.fixture
def alarm() -> Iterator[None]:
    """End a test that hangs."""
    signal.alarm(20)
    yield
    signal.alarm(0)


@pytest.mark.usefixtures("alarm")
def test_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    refused(tmp_path / "pipe", "not a regular file")
    (tmp_path / "link").symlink_to("pipe")
    refused(tmp_path / "link", "not a regular file")


def test_a_folder_a_device_and_nothing(tmp_path: Path) -> None:
    refused(tmp_path, "not a regular file")
    refused(Path("/dev/null"), "not a regular file")
    refused(tmp_path / KEY, "cannot be read .No such file")
    refused(Path("a\0b"), "no file can have the name")
    (tmp_path / "loop").symlink_to("loop")
    refused(tmp_path / "loop", "cannot be read")


def refused(file: Path, reason: str) -> None:
    with pytest.raises(RefusedError, match=reason) as raised:
        read_key(file)
    assert DIGITS not in str(raised.value)
    assert str(file) not in str(raised.value)
    assert raised.value.__cause__ is None


def standard_input(content: Path | int) -> tuple[str, str]:
    """Read a key from the standard input of a process, and return the key or the refusal."""
    code = (
        "from pathlib import Path\n"
        "from owui_keygate.commands.keys.key_file import read_key\n"
        "given = read_key(Path('-'))\n"
        "print(given.api_key, *given.warnings)\n"
    )
    with contextlib.ExitStack() as stack:
        stdin = content if isinstance(content, int) else stack.enter_context(content.open())
        found = subprocess.run(
            [sys.executable, "-c", code], stdin=stdin, capture_output=True, text=True, check=False
        )
    return found.stdout, found.stderr


def test_the_standard_input_is_read_whoever_can_write_to_it(file: Path) -> None:
    file.chmod(0o666)
    assert standard_input(file) == (f"{KEY}\n", "")


def test_a_pipe_is_read_to_its_end() -> None:
    end, start = os.pipe()
    os.write(start, KEY.encode())
    os.close(start)
    assert standard_input(end) == (f"{KEY}\n", "")
    os.close(end)


def test_a_terminal_would_show_the_key() -> None:
    leader, follower = pty.openpty()
    key, refusal = standard_input(follower)
    assert (key, "is a terminal" in refusal) == ("", True)
    os.close(leader)
    os.close(follower)
