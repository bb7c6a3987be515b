"""Prints, for servers that Uvicorn makes in every way, whether networks hold afterwards.

Each is made as far as Uvicorn makes it before it serves. The answers are a JSON object.
"""

from __future__ import annotations

import gc
import json
import sys
from types import SimpleNamespace
from typing import Any

import uvicorn
from owui_keygate._native import Decision, Policy, Settings, Transport
from owui_keygate.settings.trusted_proxies import ask_server, warnings
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

ADMIN = SimpleNamespace(id="id", email="admin@example.org", role="admin")
SCOPE = {"method": "GET", "path": "/", "client": ("10.1.1.1", 1)}
SETTINGS = {
    "ENABLE_ADMIN_API_KEY_BYPASS": "true",
    "ADMIN_API_KEY_ALLOWED_NETWORKS": "10.0.0.0/8",
    "FORWARDED_ALLOW_IPS": "127.0.0.1",
}


async def app(*_: object) -> None:
    """Serve nothing."""


class Subclass(ProxyHeadersMiddleware):  # type: ignore[misc]
    """Somebody's own."""


class SubclassOfSubclass(Subclass):
    """Somebody else's."""


def made(*middlewares: Any, loaded: bool = True, **options: Any) -> object:
    """Return a configuration as a server has it that runs."""
    config = uvicorn.Config(app, http="h11", ws="none", log_config=None, **options)
    if loaded:
        config.load()
    return config, middlewares


def with_another(cls: Any, trusted: Any) -> object:
    """Return a narrow server around an application that has a middleware of its own."""
    return made(cls(app, trusted), forwarded_allow_ips="127.0.0.1")


def frozen() -> object:
    """Return a narrow server that the garbage collector has lost sight of."""
    config = made(forwarded_allow_ips="127.0.0.1")
    gc.freeze()
    return config


def of_another_shape() -> object:
    """Return a server whose middleware does not say whom it believes."""
    config: Any = made(forwarded_allow_ips="127.0.0.1")
    del config[0].loaded_app.trusted_hosts
    return config


SERVERS = {
    "one": lambda: made(forwarded_allow_ips="127.0.0.1"),
    "a list": lambda: made(forwarded_allow_ips=["127.0.0.1", "::1", "192.168.0.0/16"]),
    "nobody": lambda: made(forwarded_allow_ips=""),
    "by default": made,
    "no such header": lambda: made(proxy_headers=False, forwarded_allow_ips="*"),
    "another that is narrow": lambda: with_another(Subclass, "127.0.0.1"),
    "one that is not loaded": lambda: (made(), made(loaded=False, forwarded_allow_ips="*")),
    "star": lambda: made(forwarded_allow_ips="*"),
    "a list with a star": lambda: made(forwarded_allow_ips=["*"]),
    "star among others": lambda: made(forwarded_allow_ips="127.0.0.1,*"),
    "halves": lambda: made(forwarded_allow_ips="0.0.0.0/1,128.0.0.0/1"),
    "a list of halves": lambda: made(forwarded_allow_ips=["::/1", "8000::/1"]),
    "another that is wide": lambda: with_another(ProxyHeadersMiddleware, "*"),
    "a subclass that is wide": lambda: with_another(SubclassOfSubclass, ["*"]),
    "a wide one beside no such header": lambda: made(
        ProxyHeadersMiddleware(app, "*"), proxy_headers=False
    ),
    "two servers": lambda: (made(), made(forwarded_allow_ips="*")),
    "none": lambda: None,
    "none that is loaded": lambda: made(loaded=False),
    "frozen": frozen,
    "another shape": of_another_shape,
}


def holds(name: str) -> bool:
    """Whether a client in the networks gets in on a server."""
    server = SERVERS[name]()
    policy = Policy(Settings(SETTINGS))

    def decision() -> Decision | None:
        request = (SCOPE, "sk-1", Transport.Bearer, 0.0)
        return policy.judge(request, (ADMIN, None, None, None)).decision

    if decision() != Decision.NetworkLimit:
        raise AssertionError(name)
    ask_server(policy)
    first = decision()
    if policy.must_ask_server or bool(warnings(policy)) != (first != Decision.AllowBypass):
        raise AssertionError(name)
    del server
    gc.unfreeze()
    gc.collect()
    ask_server(policy)
    if decision() != first:
        raise AssertionError(name)
    return first == Decision.AllowBypass


if __name__ == "__main__":
    found = {name: holds(name) for name in SERVERS}
    json.dump({"version": uvicorn.__version__, "holds": found}, sys.stdout)
