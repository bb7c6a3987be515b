"""The list of keys, in a file until the database is let go.

A pager stops reading while a person looks. Without WAL, nobody could write to SQLite meanwhile.
"""

from __future__ import annotations

import tempfile
from contextlib import aclosing, contextmanager
from typing import TYPE_CHECKING, Self

from owui_keygate.commands.keys.ended import EndedKeys
from owui_keygate.commands.keys.errors import OutputError
from owui_keygate.commands.keys.transaction import BATCH

if TYPE_CHECKING:
    import io
    from collections.abc import AsyncGenerator, Iterator, Sequence

    from owui_keygate.commands.keys.output import Output
    from owui_keygate.commands.keys.rendering import Form
    from owui_keygate.readers.holder import Holder


class Listing:
    """A list that is written as it is read; a context manager.

    It opens its file late: a standard stream that is closed would be found open.

    Args:
        form: How keys are written.
        limit: How many keys are listed at most.

    Attributes:
        count: How many keys are listed.
        has_more: Whether the limit has left out any.
        ended: The keys in the list that have ended.
    """

    def __init__(self, form: Form, limit: int | None = None) -> None:
        self._form = form
        self._limit = limit
        self.count = 0
        self.has_more = False
        self.ended = EndedKeys()
        self._file: io.FileIO | None = None

    def __enter__(self) -> Self:
        """Return it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the file."""
        if self._file is not None:
            self._file.close()

    async def fill(self, keys: AsyncGenerator[Holder, None]) -> None:
        """Write the keys to the file, as far as the limit allows.

        Raises:
            OutputError: The file cannot be written.
        """
        file = self._file = _unnamed_file()
        batch: list[Holder] = []
        async with aclosing(keys):
            async for holder in keys:
                if self.count == self._limit:
                    self.has_more = True
                    break
                self.count += 1
                batch.append(holder)
                if len(batch) == BATCH:
                    self._write(file, batch)
                    batch.clear()
        self._write(file, batch, end=True)

    def copy_to(self, output: Output) -> None:
        """Write the list to its destination.

        Raises:
            OutputError: It cannot be written.
        """
        if self._file is not None:
            self._file.seek(0)
            output.copy(self._file)

    def _write(self, file: io.FileIO, batch: Sequence[Holder], *, end: bool = False) -> None:
        for holder in batch:
            self.ended.look_at(holder)
        text = self._form.part(batch) + (self._form.end() if end else "")
        left = memoryview(text.encode())
        with _explained():
            while left:
                left = left[file.write(left) :]


def _unnamed_file() -> io.FileIO:
    """Return a new file without a name, so that nothing is left however the process ends.

    It has no buffer, from which what does not fit on the disk would be written again at the end.
    """
    with _explained():
        return tempfile.TemporaryFile(buffering=0)


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        message = (
            f"Nothing was listed: no temporary file can be written ({error.strerror}); TMPDIR can "
            "name a folder with more room"
        )
        raise OutputError(message) from None
