"""Clients of Open WebUI that others have published on PyPI."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.support.clients import Pair, refused, use, version

if TYPE_CHECKING:
    from tests.support.tried import Tried
    from tests.support.world import World


class Published(NamedTuple):
    """What is known of a client.

    Attributes:
        session_only: Its calls that the host takes a session for, and no key.
        broken: Its calls that fail with a session on stock as well.
    """

    session_only: frozenset[str] = frozenset()
    broken: frozenset[str] = frozenset()


CLIENTS = {
    "open-webui-admin": Published(),
    "openwebui-access": Published(),
    "openwebui-chat-client": Published(broken=frozenset({"chat", "create_prompt, delete"})),
    "openwebui-cli": Published(
        session_only=frozenset({"auth login", "auth whoami"}),
        broken=frozenset({"models delete"}),
    ),
    "openwebui-client": Published(),
    "openwebui-mcp": Published(),
    "openwebui-mcp-server": Published(
        session_only=frozenset({"get_current_user"}), broken=frozenset({"list_channels"})
    ),
    "owui-mcp-server": Published(broken=frozenset({"list_knowledge_bases"})),
    "pyopenwebui": Published(),
}


@pytest.mark.parametrize("name", CLIENTS)
def test_what_works_with_a_session_on_stock_works_with_a_key(
    pair: Pair, world: World, name: str, tried: Tried
) -> None:
    client = CLIENTS[name]
    by_session = use(name, pair.stock, world.admin.session)
    assert refused(by_session) == client.broken
    by_key = use(name, pair.on, world.admin.keys["valid"])
    assert refused(by_key) == client.broken | client.session_only
    works = set(by_key) - refused(by_key)
    assert {call: by_key[call] for call in works} == {call: by_session[call] for call in works}
    assert refused(use(name, pair.on, world.permitted.keys["valid"])) == set(by_session)
    told = [f"works: {', '.join(call for call in by_key if call in works)}"]
    told += [f"wants a session: {', '.join(sorted(client.session_only))}"] * bool(
        client.session_only
    )
    told += [f"fails with a session too: {', '.join(sorted(client.broken))}"] * bool(client.broken)
    tried(f"`{name}`", "; ".join(told), **version(name))
