"""Files, web sockets, and keys out of files that were read badly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.clients import Pair, keys_on_stock, refused, use, version

if TYPE_CHECKING:
    from tests.support.tried import Tried
    from tests.support.world import World


def test_a_file_goes_into_a_knowledge_base_and_comes_back(
    pair: Pair, world: World, tried: Tried
) -> None:
    by_session = use("requests", pair.stock, world.admin.session)
    assert refused(by_session) == set()
    assert use("requests", pair.on, world.admin.keys["valid"]) == by_session
    assert by_session["download"] == "True"
    user = use("requests", pair.on, world.permitted.keys["valid"], "upload")
    assert user == {"upload": "refused 403"}
    what = f"`requests`, a file as multipart: {', '.join(by_session)}"
    tried(what, "as with a session", **version("requests"))


def test_a_web_socket_takes_no_key(pair: Pair, world: World, tried: Tried) -> None:
    key = world.admin.keys["valid"]
    for server in pair:
        assert use("socketio", server, world.admin.session) == {"user-join": "admin"}
    with keys_on_stock(pair, world):
        on_stock = use("socketio", pair.stock, key)
    assert on_stock == {"user-join": "refused without a status"}
    assert use("socketio", pair.on, key) == on_stock
    result = "takes a session and no key, as on stock"
    tried("`python-socketio`, a web socket", result, **version("socketio", "python-socketio"))


def test_keys_that_were_read_badly_get_what_stock_gives_them(
    pair: Pair, world: World, tried: Tried
) -> None:
    key = world.admin.keys["valid"]
    with keys_on_stock(pair, world):
        on_stock = use("httpx", pair.stock, key)
    outcomes = use("httpx", pair.on, key)
    assert outcomes == on_stock
    assert not [call for call, outcome in outcomes.items() if " 5" in f" {outcome}"]
    for how, works in {
        "httpx": "HTTP/1.1 200",
        "httpx, HTTP/2": "HTTP/1.1 200",
        "requests": "200",
    }.items():
        assert outcomes[f"{how}, as it is"] == works
        assert outcomes[f"{how}, with a newline"] == "not sent"
        assert outcomes[f"{how}, with a BOM"] == works.replace("200", "401")
    versions = version("httpx") | version("httpx", "requests")
    tried(
        "`httpx`, with and without HTTP/2", "HTTP/1.1 either way; a key works", **version("httpx")
    )
    tried("keys with a newline, CR, spaces, a BOM, quotes", "as on stock", **versions)
