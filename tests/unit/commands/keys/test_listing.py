"""The list of keys is written as it is read, and holds few of them."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import weakref
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from owui_keygate.commands.keys.errors import NoReaderError, OutputError
from owui_keygate.commands.keys.listing import Listing
from owui_keygate.commands.keys.output import Output
from owui_keygate.commands.keys.rendering import JsonArray, Table
from owui_keygate.commands.keys.transaction import BATCH
from owui_keygate.readers.holder import Holder

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from pathlib import Path


class Token:
    """Something that shows whether it is still held."""


async def keys(count: int, read: list[int] | None = None) -> AsyncGenerator[Holder, None]:
    for number in range(count):
        if read is not None:
            read.append(number)
        yield Holder(str(number), f"{number}@b", "user", f"{number:08x}", 1, None, None)


def printed(listing: Listing, monkeypatch: pytest.MonkeyPatch, capfd: Any) -> str:
    monkeypatch.setattr(sys, "stdout", sys.__stdout__)
    with Output() as output:
        listing.copy_to(output)
    return str(capfd.readouterr().out)


@pytest.mark.parametrize("count", [0, 1, BATCH - 1, BATCH, BATCH + 1, 2 * BATCH + 1])
def test_json_of_any_length_is_one_array(
    count: int, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with Listing(JsonArray()) as listing:
        asyncio.run(listing.fill(keys(count)))
        found = json.loads(printed(listing, monkeypatch, capfd))
    assert [each["email"] for each in found] == [f"{number}@b" for number in range(count)]
    assert (listing.count, listing.has_more) == (count, False)


@pytest.mark.parametrize("count", [0, 1, BATCH, BATCH + 1])
def test_a_table_has_one_head(
    count: int, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with Listing(Table()) as listing:
        asyncio.run(listing.fill(keys(count)))
        head, *rows = printed(listing, monkeypatch, capfd).splitlines()
    assert head.startswith("FINGERPRINT")
    assert [row.split()[0] for row in rows] == [f"{number:08x}" for number in range(count)]


@pytest.mark.parametrize(("limit", "more"), [(1, True), (4, True), (5, False), (6, False)])
def test_no_more_is_read_than_the_limit_needs(limit: int, more: bool) -> None:
    read: list[int] = []
    with Listing(Table(), limit) as listing:
        asyncio.run(listing.fill(keys(5, read)))
    assert (listing.count, listing.has_more) == (min(limit, 5), more)
    assert len(read) == min(limit + 1, 5)


def test_few_keys_are_held() -> None:
    held: weakref.WeakSet[Token] = weakref.WeakSet()
    most = 0

    async def many() -> AsyncGenerator[Holder, None]:
        nonlocal most
        for number in range(3 * BATCH):
            token: Any = Token()
            held.add(token)
            most = max(most, len(held))
            yield Holder(str(number), "a@b", "user", "0" * 8, None, None, None, token)

    with Listing(Table()) as listing:
        asyncio.run(listing.fill(many()))
    assert BATCH <= most <= BATCH + 2


def test_a_reader_that_has_gone_is_told_from_a_full_disk(stdout: Callable[[int], int]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    stdout(writer)
    os.close(writer)
    with Listing(Table()) as listing:
        asyncio.run(listing.fill(keys(1)))
        with Output() as output, pytest.raises(NoReaderError):
            listing.copy_to(output)


def test_a_file_that_cannot_be_made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    expected = pytest.raises(OutputError, match=r"no temporary file .*\(No such file .*TMPDIR")
    with Listing(Table()) as listing, expected:
        asyncio.run(listing.fill(keys(1)))


def test_a_file_that_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "TemporaryFile", partial(open, "/dev/full", "w+b"))
    with Listing(Table()) as listing, pytest.raises(OutputError, match="No space left on device"):
        asyncio.run(listing.fill(keys(1)))
