"""Reads a key from a file, such as one that a secret store has mounted."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, NamedTuple

from owui_keygate.commands.keys.errors import RefusedError
from owui_keygate.commands.keys.given_key import check_key

if TYPE_CHECKING:
    from pathlib import Path

STANDARD_INPUT = "-"
"""The name that stands for the standard input, such as of `kubectl exec --stdin`."""

_MOST_BYTES = 4096
"""Far more than a key and a newline; a file that is larger is another file."""


class GivenKey(NamedTuple):
    """A key from a file.

    Attributes:
        api_key: The key.
        warnings: What a person should know about the file, one line each.
    """

    api_key: str
    warnings: tuple[str, ...]

    def __repr__(self) -> str:
        """Return a text without the key."""
        return "GivenKey([redacted])"


def read_key(file: Path) -> GivenKey:
    """Return the key in a file, without the newline at its end. Symbolic links are followed.

    Args:
        file: The file; `-` stands for the standard input.

    Raises:
        RefusedError: The file cannot be read, others can write it, or the key is refused. The
            message repeats neither the file's name, which may be a key, nor its content.
    """
    mode = 0
    try:
        if str(file) == STANDARD_INPUT:
            content = _read_standard_input()
        else:
            mode, content = _read_file(file)
    except OSError as error:
        message = f"Nothing was done: the key file cannot be read ({error.strerror})"
        raise RefusedError(message) from None
    except ValueError:
        message = "Nothing was done: no file can have the name of the key file"
        raise RefusedError(message) from None
    api_key = _without_newline(content).decode("ascii", "replace")
    check_key(api_key)
    return GivenKey(api_key, tuple(_warnings(mode)))


def _read_standard_input() -> bytes:
    if os.isatty(0):
        message = "Nothing was done: the standard input is a terminal, which would show the key"
        raise RefusedError(message)
    return _read(0)


def _read_file(file: Path) -> tuple[int, bytes]:
    # Opening a pipe would wait for whoever writes to it.
    descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        mode = os.fstat(descriptor).st_mode
        _check_mode(mode)
        return mode, _read(descriptor)
    finally:
        os.close(descriptor)


def _check_mode(mode: int) -> None:
    if not stat.S_ISREG(mode):
        message = "Nothing was done: the key file is not a regular file"
        raise RefusedError(message)
    if mode & (stat.S_IWGRP | stat.S_IWOTH):
        message = (
            "Nothing was done: others than its owner can write to the key file "
            f"(mode {stat.S_IMODE(mode):04o}): run `chmod go-w` on it, and check its content"
        )
        raise RefusedError(message)


def _read(descriptor: int) -> bytes:
    content = b""
    while len(content) <= _MOST_BYTES:
        # Some file systems return less than there is.
        part = os.read(descriptor, _MOST_BYTES + 1 - len(content))
        if not part:
            return content
        content += part
    message = f"Nothing was done: the key file is larger than {_MOST_BYTES} bytes"
    raise RefusedError(message)


def _without_newline(content: bytes) -> bytes:
    for newline in (b"\r\n", b"\n"):
        if content.endswith(newline):
            return content.removesuffix(newline)
    return content


def _warnings(mode: int) -> list[str]:
    if not mode & (stat.S_IRGRP | stat.S_IROTH):
        return []
    return [
        "Warning: others than its owner can read the key file "
        f"(mode {stat.S_IMODE(mode):04o}): run `chmod 600` on it, or set `defaultMode: 0400` where "
        "Kubernetes mounts it"
    ]
