"""Which credential counts, on Starlette's own requests."""

from __future__ import annotations

import pytest
from fastapi.security import HTTPAuthorizationCredentials
from owui_keygate._native import Transport
from owui_keygate.replacements.credentials import credential_of, is_human_session, transport_of
from starlette.requests import Request

KEY = "sk-key"
HEADER = "X-API-Key"


def request(headers: dict[str, str], token: str | None = None) -> Request:
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    made = Request({"type": "http", "headers": raw})
    if token is not None:
        made.state.token = HTTPAuthorizationCredentials(scheme="Bearer", credentials=token)
    return made


@pytest.mark.parametrize(
    ("headers", "token", "transport"),
    [
        ({"Authorization": f"Bearer {KEY}"}, None, Transport.Bearer),
        ({"Authorization": f"bEARER {KEY}"}, None, Transport.Bearer),
        ({"Authorization": f"Bearer {KEY}", "Cookie": f"token={KEY}"}, None, Transport.Bearer),
        ({"Authorization": "Bearer sk-other", "Cookie": f"token={KEY}"}, None, Transport.Other),
        ({"Authorization": "Bearer", "Cookie": f"token={KEY}"}, None, Transport.Cookie),
        ({"Authorization": f"Token {KEY}"}, KEY, Transport.Other),
        ({"Authorization": f"Token {KEY}", "Cookie": f"token={KEY}"}, KEY, Transport.Cookie),
        ({"Cookie": f"token={KEY}"}, KEY, Transport.Cookie),
        ({"Cookie": f"token={KEY}", HEADER: KEY}, KEY, Transport.Cookie),
        ({"Cookie": "token=", HEADER: KEY}, KEY, Transport.Other),
        ({"Cookie": "other=1", HEADER: KEY}, KEY, Transport.ApiKeyHeader),
        ({HEADER: KEY}, KEY, Transport.ApiKeyHeader),
        ({HEADER: KEY}, None, Transport.Other),
        ({HEADER: "sk-other"}, KEY, Transport.Other),
        ({"X-Other": KEY}, KEY, Transport.Other),
        ({}, None, Transport.Other),
    ],
)
def test_the_transport_of_a_key(
    headers: dict[str, str], token: str | None, transport: Transport
) -> None:
    assert transport_of(request(headers, token), KEY, HEADER) == transport


def test_without_any_credential_there_is_none() -> None:
    assert credential_of(request({}), HEADER) is None


@pytest.mark.parametrize(
    ("headers", "token", "claims", "human"),
    [
        ({"Authorization": "Bearer eyJ"}, None, {"typ": "session"}, True),
        ({"Authorization": "Bearer eyJ"}, None, {}, True),
        ({"Authorization": "Bearer eyJ"}, None, None, False),
        ({"Authorization": "Bearer eyJ"}, None, {"typ": "automation"}, False),
        ({"Authorization": "Bearer eyJ"}, None, {"typ": "subagent"}, False),
        ({"Cookie": "token=eyJ"}, None, {"typ": "session"}, True),
        ({HEADER: "eyJ"}, "eyJ", {"typ": "session"}, True),
        ({"Authorization": f"Bearer {KEY}"}, None, {}, False),
        ({"Cookie": f"token={KEY}"}, None, {}, False),
        ({HEADER: KEY}, KEY, {}, False),
        ({}, None, {}, False),
    ],
)
def test_a_human_session(
    headers: dict[str, str], token: str | None, claims: dict[str, str] | None, *, human: bool
) -> None:
    """The claims are those that the host finds in the token, as old hosts keep none."""
    found = is_human_session(request(headers, token), HEADER, {"eyJ": claims}.get)
    assert found is human
