"""Asks the running server which proxies it trusts about the addresses of clients."""

from __future__ import annotations

import gc
import importlib
import logging
from typing import TYPE_CHECKING, Any

from owui_keygate._native import PanicException, hold_everyone

if TYPE_CHECKING:
    from owui_keygate._native import Policy

log = logging.getLogger("owui_keygate")

FORGEABLE = (
    "the server trusts X-Forwarded-For from every client, so a client can claim any address; tell "
    "Uvicorn the addresses of your proxies as forwarded_allow_ips, or 127.0.0.1 if you have none, "
    "in the place where you set it: FORWARDED_ALLOW_IPS, --forwarded-allow-ips, the configuration "
    "of gunicorn or the call of uvicorn.run"
)
UNSEEN = (
    "it is unknown whose X-Forwarded-For the server trusts: expected a running Uvicorn and found "
    "none; serve Open WebUI with Uvicorn, and without gc.freeze(), which hides it"
)


def ask_server(policy: Policy) -> None:
    """Ask the server once whom it trusts; where that may be everyone, networks refuse from now on.

    The first request of a worker calls this, if `ADMIN_API_KEY_ALLOWED_NETWORKS` is set.
    """
    if not policy.must_ask_server:
        return
    try:
        doubt = _doubt()
    except (Exception, PanicException) as error:  # noqa: BLE001 (networks refuse, whatever it was)
        doubt = f"it is unknown whose X-Forwarded-For the server trusts: {type(error).__name__}"
    is_first = policy.note_server(addresses_are_true=doubt is None)
    if is_first and doubt is not None:
        log.error("ADMIN_API_KEY_ALLOWED_NETWORKS refuses every key in this worker: %s", doubt)


def warnings(policy: Policy) -> list[str]:
    """Return a warning if networks refuse every key, for the status route."""
    if not policy.distrusts_addresses:
        return []
    return ["ADMIN_API_KEY_ALLOWED_NETWORKS refuses every key in this worker: the log says why"]


def _doubt() -> str | None:
    """Return why a client could claim another address, or None if no client can.

    Uvicorn's configuration says whether a middleware reads the header, and each such middleware of
    the process whom it trusts: Uvicorn's own, and any other that wraps the host.
    """
    config_class = importlib.import_module("uvicorn.config").Config
    proxy_headers = importlib.import_module("uvicorn.middleware.proxy_headers")
    found = _instances(config_class, proxy_headers.ProxyHeadersMiddleware)
    configs = [each for each in found if isinstance(each, config_class) and each.loaded]
    middlewares = [each for each in found if not isinstance(each, config_class)]
    if not configs:
        return UNSEEN
    for config in configs:
        if config.proxy_headers and all(config.loaded_app is not each for each in middlewares):
            return UNSEEN
    everyone = any(hold_everyone(_believed_by(each)) for each in middlewares)
    return FORGEABLE if everyone else None


def _instances(*classes: type) -> list[Any]:
    """Return all objects of some classes and of those that inherit from them.

    Each object refers to its class, so the garbage collector finds them among a million in a
    fraction of a second.
    """
    kinds = [*classes]
    for each in kinds:
        kinds.extend(each.__subclasses__())
    return [each for each in gc.get_referrers(*kinds) if type(each) in kinds]


def _believed_by(middleware: Any) -> str:  # noqa: ANN401
    """Return the proxies that a middleware believes, parted by commas."""
    hosts = middleware.trusted_hosts
    if isinstance(hosts, set):  # Before Uvicorn 0.31, where `*` in it is everyone.
        return ",".join(hosts)
    if hosts.always_trust:
        return "*"
    believed = (*hosts.trusted_hosts, *hosts.trusted_networks, *hosts.trusted_literals)
    return ",".join(map(str, believed))
