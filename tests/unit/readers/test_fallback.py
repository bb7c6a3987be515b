"""The host's own models answer whatever the fast reader cannot."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from owui_keygate.readers import NotReadyError, Reader
from owui_keygate.readers.fallback import FallbackReader


class Marked(Reader):
    """Answers with the key it is asked for, marked, or raises."""

    def __init__(self, mark: str, error: BaseException | None = None) -> None:
        self._mark = mark
        self._error = error

    def unchanged(self, api_key: str) -> Any:
        if self._error is not None:
            raise self._error
        return f"unchanged {api_key}"

    async def read(self, api_key: str, *, rules_bind_admins: bool) -> Any:
        assert rules_bind_admins, "handed on"
        await asyncio.sleep(0)
        if self._error is not None:
            raise self._error
        return f"{self._mark} {api_key}"


def ask(reader: FallbackReader, key: str = "sk-key") -> object:
    return asyncio.run(reader.read(key, rules_bind_admins=True))


def test_the_fast_reader_is_asked_first() -> None:
    assert ask(FallbackReader(Marked("fast"), Marked("host"))) == "fast sk-key"


@pytest.mark.parametrize("key", ["sk-\0", "sk-\x7f", "sk-é", "sk-" + "a" * 254])
def test_a_key_that_is_not_plain_is_for_the_host(key: str) -> None:
    assert ask(FallbackReader(Marked("fast"), Marked("host")), key) == f"host {key}"


def test_the_longest_plain_key_is_for_the_fast_reader() -> None:
    key = "sk-" + "a" * 253
    assert ask(FallbackReader(Marked("fast"), Marked("host")), key) == f"fast {key}"


def test_a_failure_is_logged_once_a_minute(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = FallbackReader(Marked("fast", RuntimeError("sk-secret")), Marked("host"))
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    for lines, later in ((1, 0), (1, 59.9), (2, 60)):
        now = 1000.0 + later
        assert ask(reader) == "host sk-key"
        assert caplog.text.count("(RuntimeError); using Open WebUI's models") == lines
    assert "sk-secret" not in caplog.text


def test_a_reader_that_is_not_ready_is_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    assert ask(FallbackReader(Marked("fast", NotReadyError()), Marked("host"))) == "host sk-key"
    assert caplog.text == ""


def test_where_both_fail_the_check_hears_of_it() -> None:
    with pytest.raises(KeyError):
        ask(FallbackReader(Marked("fast", RuntimeError()), Marked("host", KeyError())))


def test_a_request_that_is_given_up_is_not_read_again() -> None:
    with pytest.raises(asyncio.CancelledError):
        ask(FallbackReader(Marked("fast", asyncio.CancelledError()), Marked("host")))


def test_only_the_fast_reader_says_what_is_unchanged(caplog: pytest.LogCaptureFixture) -> None:
    found: Any = FallbackReader(Marked("fast"), Marked("host")).unchanged("sk-key")
    assert found == "unchanged sk-key"
    failing = FallbackReader(Marked("fast", RuntimeError("sk-secret")), Marked("host"))
    assert failing.unchanged("sk-secret") is None
    assert "(RuntimeError); using Open WebUI's models" in caplog.text
    assert "sk-secret" not in caplog.text


def test_most_readers_cannot_tell_what_is_unchanged() -> None:
    assert Reader.unchanged(Marked("plain"), "sk-key") is None
