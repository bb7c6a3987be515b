"""Networks see the right client behind nginx, whatever the client claims."""

from __future__ import annotations

import socket
from contextlib import closing
from typing import NamedTuple

import pytest

from harness.client import bearer
from harness.proxies import Caddy, Nginx
from tests.support.behind import (
    APPENDED,
    INSIDE,
    OUTSIDE,
    PROXY,
    REPLACED,
    SECOND,
    SETTINGS,
    STRANGER,
    Behind,
    Outcome,
    proxy,
)
from tests.support.pages import blocks

RIGHT = "the client's own address decides"
FORGED = {
    "one": {"X-Forwarded-For": "10.20.30.40"},
    "several": {"X-Forwarded-For": "10.20.30.40, 10.20.30.41,10.20.30.42"},
    "in two headers": {"X-Forwarded-For": "10.20.30.40", "x-forwarded-for": "10.20.30.41"},
    "of a proxy": {"X-Forwarded-For": f"10.20.30.40, {PROXY}"},
    "of proxies alone": {"X-Forwarded-For": f"{PROXY}, {SECOND}"},
    "with a port": {"X-Forwarded-For": "10.20.30.40:1234"},
    "of IPv6": {"X-Forwarded-For": "2001:db8::7"},
    "of IPv6 with a port": {"X-Forwarded-For": "[2001:db8::7]:1234"},
    "of IPv4 in IPv6": {"X-Forwarded-For": "::ffff:10.20.30.40"},
    "empty": {"X-Forwarded-For": ""},
    "commas": {"X-Forwarded-For": ",,, ,"},
    "everyone": {"X-Forwarded-For": "*"},
    "garbage": {"X-Forwarded-For": "10.20.30.40 unknown \xff\t[::"},
    "long": {"X-Forwarded-For": ", ".join(["10.20.30.40"] * 300)},
}
"""What a client may send to look as if it were in an allowed network."""
OTHERS = {
    "Forwarded": {"Forwarded": "for=10.20.30.40"},
    "X-Real-IP": {"X-Real-IP": "10.20.30.40"},
}
"""Headers that nobody asks about addresses."""


@pytest.mark.parametrize(
    ("words", "line"), [("appended", APPENDED), ("replaced", REPLACED)], ids=["append", "replace"]
)
def test_a_forged_header_changes_nothing(behind: Behind, words: str, line: str) -> None:
    with behind.nginx(line) as nginx:
        for name, forged in {"nothing": {}, **FORGED, **OTHERS}.items():
            found = [behind.ask(nginx.port, forged, source) for source in (INSIDE, OUTSIDE)]
            assert found == [Outcome(200, INSIDE), Outcome(403, OUTSIDE)], name
    behind.tried(
        f"`X-Forwarded-For` {words}, and forged by the client in {len(FORGED)} ways; `Forwarded`, "
        "`X-Real-IP`",
        RIGHT,
    )


def test_who_comes_past_the_proxy_claims_nothing(behind: Behind) -> None:
    for name, forged in {**FORGED, **OTHERS}.items():
        found = [behind.ask(behind.server.port, forged, source) for source in (INSIDE, OUTSIDE)]
        assert found == [Outcome(200, INSIDE), Outcome(403, OUTSIDE)], name
    behind.write("no proxy, the header forged", RIGHT)


def test_an_nginx_without_the_line_lets_clients_claim_any_address(behind: Behind) -> None:
    """It passes on the header of the client, so a server must not trust it."""
    with behind.nginx() as nginx:
        assert behind.ask(nginx.port) == Outcome(403, PROXY)
        assert behind.ask(nginx.port, FORGED["one"], OUTSIDE) == Outcome(200, "10.20.30.40")
    behind.tried(
        "nginx without a line for `X-Forwarded-For`, but trusted",
        "**clients can claim any address**: the recipes set the header",
    )


def test_an_nginx_that_is_not_trusted_is_the_client(behind: Behind) -> None:
    with behind.nginx(APPENDED, address=STRANGER) as nginx:
        for forged in ({}, *FORGED.values(), *OTHERS.values()):
            assert behind.ask(nginx.port, forged) == Outcome(403, STRANGER)
    behind.tried("nginx that is not in `FORWARDED_ALLOW_IPS`", "every client is refused")


def test_the_recipe_for_caddy(behind: Behind) -> None:
    [recipe] = blocks("docs/proxies.md", "caddyfile")
    site = recipe.replace("chat.example.org {", "http://:{port} {\nbind 127.0.0.1")
    site = site.replace("127.0.0.1:8080", f"127.0.0.1:{behind.server.port}")
    assert "example" not in site
    with Caddy(behind.folder / "caddy", site) as caddy:
        for name, forged in {"nothing": {}, **FORGED, **OTHERS}.items():
            found = [behind.ask(caddy.port, forged, source) for source in (INSIDE, OUTSIDE)]
            assert found == [Outcome(200, INSIDE), Outcome(403, OUTSIDE)], name
    behind.write(
        "the recipe for Caddy, addresses forged by the client", RIGHT, Caddy=Caddy.version()
    )


class Row(NamedTuple):
    """Two proxies in a row: what the test says of them, and the client that the server sees.

    Attributes:
        words: What differs.
        outer: The address of the outer one.
        line: What the inner one does with the header.
        client: Whom the server takes for the client, if not the client itself.
    """

    words: str
    outer: str
    line: str
    client: str | None


@pytest.mark.parametrize(
    "row",
    [
        Row("both trusted", SECOND, APPENDED, None),
        Row("the outer one not trusted", STRANGER, APPENDED, STRANGER),
        Row("the inner one replaces the header", SECOND, REPLACED, SECOND),
    ],
    ids=lambda row: row.words.replace(" ", "-"),
)
def test_two_proxies(behind: Behind, row: Row) -> None:
    with (
        behind.nginx(row.line) as inner,
        Nginx(behind.folder / "outer", proxy(inner.port, APPENDED, address=row.outer)) as nginx,
    ):
        for source in (INSIDE, OUTSIDE):
            client = row.client or source
            expected = Outcome(200 if client == INSIDE else 403, client)
            for forged in ({}, *FORGED.values()):
                assert behind.ask(nginx.port, forged, source) == expected
    result = "every client is refused" if row.client else RIGHT
    behind.tried(f"two nginx in a row, {row.words}", result)


def behind_proxy_protocol(behind: Behind) -> Nginx:
    """Return an nginx that takes addresses by the PROXY protocol, from the second proxy alone."""
    believed = f"set_real_ip_from {SECOND}; real_ip_header proxy_protocol;"
    site = proxy(behind.server.port, believed, REPLACED, listen="proxy_protocol")
    return Nginx(behind.folder / "inner", site)


def test_the_proxy_protocol_between_two_proxies(behind: Behind) -> None:
    with behind_proxy_protocol(behind) as inner:
        passes = f"proxy_pass 127.0.0.1:{inner.port}; proxy_bind {SECOND}; proxy_protocol on;"
        stream = f"stream {{ server {{ listen 127.0.0.1:{{port}}; {passes} }} }}"
        with Nginx(behind.folder / "outer", "", stream) as nginx:
            for forged in ({}, *FORGED.values()):
                assert behind.ask(nginx.port, forged) == Outcome(200, INSIDE)
                assert behind.ask(nginx.port, forged, OUTSIDE) == Outcome(403, OUTSIDE)
    behind.tried("the PROXY protocol between two nginx", RIGHT)


@pytest.mark.parametrize(
    ("source", "line", "expected"),
    [
        (SECOND, "TCP6 2001:db8::7 ::1 1234 443", Outcome(200, "2001:db8::7")),
        (SECOND, "TCP6 2001:db9::7 ::1 1234 443", Outcome(403, "2001:db9::7")),
        (SECOND, "UNKNOWN", Outcome(403, SECOND)),
        (OUTSIDE, "TCP4 10.20.30.40 127.0.0.1 1234 443", Outcome(403, OUTSIDE)),
    ],
    ids=["ipv6-inside", "ipv6-outside", "unknown", "forged"],
)
def test_the_proxy_protocol_is_believed_of_the_proxy_alone(
    behind: Behind, source: str, line: str, expected: Outcome
) -> None:
    headers = bearer(behind.key) | {"Host": "127.0.0.1", "Connection": "close"}
    lines = [f"GET {SETTINGS} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    before = len(behind.clients())
    with (
        behind_proxy_protocol(behind) as nginx,
        closing(socket.create_connection(("127.0.0.1", nginx.port), 60, (source, 0))) as client,
    ):
        client.sendall("\r\n".join([f"PROXY {line}", *lines, "", ""]).encode())
        status = int(client.makefile("rb").readline().split()[1])
    assert behind.outcome(status, before) == expected
