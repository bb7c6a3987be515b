"""The clients of OpenAI and Anthropic, with Open WebUI in the place of their servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.server import BYPASS_ON
from tests.support.clients import Pair, Watch, connected, inspected, refused, use, version

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.environments import Environment
    from harness.model_server import ModelServer
    from harness.server import Server
    from tests.support.tried import Tried
    from tests.support.world import World

CHAT_ONLY = BYPASS_ON | {"ADMIN_API_KEY_ALLOWED_ENDPOINTS": "@chat"}
BROKEN_OFF = "20 streams broken off"
QUICK = ("models", "chat", "stream")
SDKS = pytest.mark.parametrize("sdk", ["openai", "anthropic"])


@pytest.fixture(scope="module")
def chat_only(
    world: World,
    keygate: Environment,
    models: ModelServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Server]:
    """A server whose administrators' keys may chat and nothing else."""
    folder = tmp_path_factory.mktemp("chat") / "chat-only"
    server = inspected(world, keygate, folder, CHAT_ONLY)
    with connected(world, models, server):
        yield server


@SDKS
def test_what_works_with_a_session_on_stock_works_with_a_key(
    pair: Pair, world: World, sdk: str, tried: Tried
) -> None:
    by_session = use(sdk, pair.stock, world.admin.session)
    assert refused(by_session) == set()
    assert use(sdk, pair.on, world.admin.keys["valid"]) == by_session
    tried(f"`{sdk}`: {', '.join(by_session)}", "as with a session", **version(sdk))


@SDKS
def test_keys_of_others_are_refused_as_on_stock(
    pair: Pair, world: World, sdk: str, tried: Tried
) -> None:
    for key in (world.permitted.keys["valid"], world.plain.keys["valid"]):
        on_stock = use(sdk, pair.stock, key, *QUICK)
        assert set(on_stock.values()) == {"refused 403"}
        assert use(sdk, pair.on, key, *QUICK) == on_stock
    tried(f"`{sdk}` with a user's key", "403, as on stock", **version(sdk))


@SDKS
def test_nothing_is_left_behind_by_streams_that_are_broken_off(
    pair: Pair, models: ModelServer, world: World, sdk: str, tried: Tried
) -> None:
    credentials = (world.admin.session, world.admin.keys["valid"])
    for server, credential in zip(pair, credentials, strict=True):
        # The first answer starts what stays.
        use(sdk, server, credential, "chat")
        watch = Watch(server)
        assert use(sdk, server, credential, BROKEN_OFF) == {BROKEN_OFF: "20 begun"}
        watch.wait_until_quiet()
        assert models.streams == 0
    left = "no task, no connection and no stream is left, as on stock"
    tried(f"`{sdk}`: {BROKEN_OFF}", left, **version(sdk))


@SDKS
def test_a_list_of_endpoints_binds_the_client(
    chat_only: Server, world: World, sdk: str, tried: Tried
) -> None:
    outcomes = use(sdk, chat_only, world.admin.keys["valid"])
    beyond = {"openai": {"embeddings"}, "anthropic": set()}[sdk]
    assert refused(outcomes) == beyond
    result = f"works; 403 for {', '.join(beyond)}" if beyond else "works"
    what = f"`{sdk}` with `ADMIN_API_KEY_ALLOWED_ENDPOINTS=@chat`"
    tried(what, result, **version(sdk))
