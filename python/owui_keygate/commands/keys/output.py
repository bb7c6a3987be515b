"""Writes a command's output to its destination before the change is made.

A key is shown once. If it were written after the commit, it could be lost when the old key is
already gone.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
import tempfile
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Self

from owui_keygate.commands.keys.errors import MisplacedError, NoReaderError, OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator


_PIECE = 65536
"""How many bytes of a file are copied at once: as many as a pipe takes."""


class Output:
    """Standard output, and the file for the key if one is named; a context manager.

    It has a descriptor of its own, because the host is kept from writing to standard output.

    Args:
        file: The file for the key, which must be a regular file or not exist.

    Raises:
        OutputError: The file is something else, such as a device or a symbolic link.
    """

    def __init__(self, file: Path | None = None) -> None:
        self.file = file
        self.printed = False
        self._temporary: Path | None = None
        if file is not None and os.path.lexists(file) and not stat.S_ISREG(file.lstat().st_mode):
            message = "Nothing has changed: --out names something that is not a regular file"
            raise OutputError(message)
        # A descriptor that was closed at the start may belong to something else by now.
        self._stdout = None if sys.stdout is None else os.dup(1)
        _fill_closed()

    def __enter__(self) -> Self:
        """Return it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close standard output."""
        if self._stdout is not None:
            os.close(self._stdout)

    def write(self, text: str, *, key: str | None = None) -> None:
        """Write everything to its destination.

        Args:
            text: The text for standard output.
            key: The key for the file, if there is one.

        Raises:
            OutputError: Something cannot be written; the file is unchanged.
        """
        if self.file is not None and key is not None:
            with _explained("the file of --out"):
                self._write_temporary(self.file, f"{key}\n")
        try:
            with _explained("standard output"):
                self._print(text)
        except OutputError:
            self.discard()
            raise

    def copy(self, file: IO[bytes]) -> None:
        """Write the rest of a file to standard output.

        Raises:
            OutputError: It cannot be written.
        """
        with _explained("standard output"):
            for piece in iter(partial(file.read, _PIECE), b""):
                self._put(piece)
            self._settle()

    def keep(self) -> None:
        """Give the file its name, now that the change is made.

        Raises:
            MisplacedError: That fails; the message names the file that contains the key.
        """
        temporary, self._temporary = self._temporary, None
        if self.file is None or temporary is None:
            return
        try:
            temporary.replace(self.file)
        except OSError as error:
            message = (
                "The change is made, but the file of --out could not be replaced "
                f"({error.strerror}): the new key is in {temporary}"
            )
            raise MisplacedError(message) from None

    def discard(self) -> None:
        """Remove what was written to the file, because the change is not made."""
        temporary, self._temporary = self._temporary, None
        if temporary is not None:
            temporary.unlink()

    @property
    def waiting(self) -> Path | None:
        """The temporary file, while it is unknown whether the change is made."""
        return self._temporary

    def _write_temporary(self, file: Path, text: str) -> None:
        """Write a new file beside the file (`O_EXCL`, `O_NOFOLLOW`), for its owner alone (0600)."""
        descriptor, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
        self._temporary = Path(name)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
                opened.write(text)
                opened.flush()
                os.fsync(descriptor)
        except OSError:
            self.discard()
            raise

    def _print(self, text: str) -> None:
        if text:
            self._put(text.encode())
            self._settle()

    def _put(self, text: bytes) -> None:
        if self._stdout is None:
            raise OSError(errno.EBADF, "it is closed")
        left = memoryview(text)
        while left:
            left = left[os.write(self._stdout, left) :]
            self.printed = True

    def _settle(self) -> None:
        """Have a regular file on the disk: some file systems notice only now that they are full."""
        if self._stdout is not None and stat.S_ISREG(os.fstat(self._stdout).st_mode):
            os.fsync(self._stdout)


@contextmanager
def _explained(place: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        message = f"Nothing has changed: {place} cannot be written ({error.strerror})"
        raise (NoReaderError if error.errno == errno.EPIPE else OutputError)(message) from None


def _fill_closed() -> None:
    """Open the standard streams that are closed, so that no database gets their numbers."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # This is the lowest free number, because those below are open.
            os.open(os.devnull, os.O_RDWR)
