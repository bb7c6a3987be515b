"""Uses `httpx` and `requests` with a key as it comes out of a file that was read badly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import requests

from tests.deployments.clients.using.calls import CREDENTIAL, URL, report

if TYPE_CHECKING:
    from collections.abc import Callable

PATH = f"{URL}/api/v1/auths/admin/config"
KEYS = {
    "as it is": CREDENTIAL,
    "with a newline": f"{CREDENTIAL}\n",
    "with CR and newline": f"{CREDENTIAL}\r\n",
    "with CR": f"{CREDENTIAL}\r",
    "with a space before": f" {CREDENTIAL}",
    "with a space after": f"{CREDENTIAL} ",
    "with a tab after": f"{CREDENTIAL}\t",
    "with a BOM": f"\ufeff{CREDENTIAL}",
    "with a BOM read as Latin-1": f"\ufeff{CREDENTIAL}".encode().decode("latin-1"),
    "in quotes": f'"{CREDENTIAL}"',
    "in single quotes": f"'{CREDENTIAL}'",
    "with its name": f"KEY={CREDENTIAL}",
    "twice": f"{CREDENTIAL},{CREDENTIAL}",
}
NOT_SENT = (httpx.LocalProtocolError, requests.exceptions.InvalidHeader, UnicodeEncodeError)


def by_httpx(value: bytes, *, http2: bool) -> str:
    """Ask with `httpx`."""
    with httpx.Client(http2=http2) as client:
        answer = client.get(PATH, headers={b"Authorization": value})
    return f"{answer.http_version} {answer.status_code}"


def by_requests(value: bytes) -> str:
    """Ask with `requests`."""
    return str(requests.get(PATH, headers={"Authorization": value}, timeout=60).status_code)


def call(use: Callable[[bytes], str], key: str) -> Callable[[], str]:
    """Return a call that tells whether the client sent it."""

    def made() -> str:
        try:
            return use(f"Bearer {key}".encode())
        except NOT_SENT:
            return "not sent"

    return made


USES: dict[str, Callable[[bytes], str]] = {
    "httpx": lambda value: by_httpx(value, http2=False),
    "httpx, HTTP/2": lambda value: by_httpx(value, http2=True),
    "requests": by_requests,
}
report({f"{how}, {key}": call(USES[how], KEYS[key]) for how in USES for key in KEYS})
